import os
import select
import signal
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ingest import ModelMissing, PagePool, find_tessdata, page_pool
from ingest.page_pool import PageFailed, PagePixels
from tests.ingest.pdfs import printed_page

LINES = ["Sở Tư pháp tỉnh Nghệ An", "Giấy xác nhận tình trạng hôn nhân", "Trân trọng cảm ơn quý cơ quan"]


def pixels() -> PagePixels:
    page = np.asarray(printed_page(LINES).convert("L"))
    header = {"width": page.shape[1], "height": page.shape[0], "channels": 1, "dpi": 200, "words": []}
    return PagePixels(header, page.tobytes())


def test_a_page_that_does_not_end_costs_its_process_and_not_the_next_page(pool: PagePool) -> None:
    hanging = pool.submit(pixels(), number=1, seconds=0.01)
    with pytest.raises(PageFailed):
        hanging.result(60)
    following = [pool.submit(pixels(), number=number, seconds=60) for number in range(1, 5)]
    assert [page.result(60).reading.text.split() for page in following] == [" ".join(LINES).split()] * 4


def test_a_page_whose_pixels_do_not_fit_its_header_fails_alone(pool: PagePool) -> None:
    wrong = PagePixels({**pixels().header, "height": 7}, b"too few")
    with pytest.raises(PageFailed):
        pool.submit(wrong, number=1, seconds=60).result(60)
    assert pool.submit(pixels(), number=2, seconds=60).result(60).reading.page.number == 2


def test_both_engines_read_the_same_words() -> None:
    with PagePool(1, "pytesseract") as other:
        assert other.name.startswith("pytesseract ")
        result = other.submit(pixels(), number=1, seconds=60).result(60)
    assert result.reading.text.split() == " ".join(LINES).split()


def test_an_unknown_engine_and_a_missing_model_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no recogniser is called eye"):
        PagePool(1, "eye")
    with pytest.raises(ModelMissing):
        PagePool(1, tessdata=tmp_path)
    assert (find_tessdata() / "vie.traineddata").is_file()


def test_no_process_outlives_a_parent_that_was_killed() -> None:
    program = (
        "import sys, time; from ingest import PagePool; pool = PagePool(2); pool.__enter__(); pool.name;"
        "print(*(keeper._process.pid for keeper in pool._keepers if keeper.recogniser.result(60)), flush=True);"
        "time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    children = [int(number) for number in parent.stdout.readline().split()]
    parent.stdout.close()
    assert len(children) == 2
    ends = [os.pidfd_open(child) for child in children]
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for end in ends:
        # A pidfd becomes readable when its process has ended.
        assert select.select([end], [], [], 10)[0] == [end]
        os.close(end)


@pytest.mark.parametrize(
    "last_words",
    [
        struct.pack(">II", 100_000, 0) + b'{"page": {"num',
        struct.pack(">II", 4, 0) + b"[{]}",
        struct.pack(">II", 12, 0) + b'{"page": {}}',
        struct.pack(">II", 2, 0) + b"17",
    ],
)
def test_a_process_that_breaks_off_in_the_middle_of_its_answer_fails_the_page(
    last_words: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "dying_worker.py"
    program.write_text(
        "import os, struct, sys\n"
        'hello = b\'{"recogniser": "dying"}\'\n'
        "os.write(1, struct.pack('>II', len(hello), 0) + hello)\n"
        f"sys.stdin.buffer.read(8); os.write(1, {last_words!r})\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(page_pool, "_WORKER", program)
    with PagePool(1) as dying:
        for number in (1, 2):
            with pytest.raises(PageFailed):
                dying.submit(pixels(), number=number, seconds=60).result(60)
