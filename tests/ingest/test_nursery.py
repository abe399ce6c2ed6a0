"""Confined children come from a nursery: quick, alone, and gone when they should be."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest import (
    ChildFailed,
    Confinement,
    DamagedFile,
    TookTooLong,
    TooMuchMemory,
    confined,
    confinement_report,
    sandbox,
)
from ingest.sandbox import Walls, confined_stream

TARGETS = [
    "ingest.opening",
    "ingest.rendering",
    "ingest.pdfa",
    "ingest.barcode_reading",
    "signing.judge",
    "signing.ink",
    "archive.printing",
]


def run(prisoner: str, request: object = None, /, **options: object) -> object:
    return confined(f"tests.ingest.prisoners:{prisoner}", request, **options)  # type: ignore[arg-type]


def kin() -> list[int]:
    answer = run("kin", readable=[Path("/proc")])
    assert isinstance(answer, list)
    return answer


def output_of(program: str) -> list[str]:
    """The words that a process of its own prints, which does this and ends well."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split()


def gone(process: int) -> bool:
    """Whether a process has ended within some seconds (or is only waiting to be buried)."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 10)[0])
    finally:
        os.close(handle)


def test_every_call_has_its_own_process_and_session_of_one_nursery() -> None:
    first, second = kin(), kin()
    assert first[0] != second[0]
    assert first[1] == second[1] != os.getpid()
    assert first[2] == first[0]


def test_a_later_child_finds_nothing_of_an_earlier_ones_input() -> None:
    everything = [Path("/proc"), Path("/tmp"), Path("/dev/shm")]
    halves = ["personal-number-", f"of-{os.getpid()}-nobody-else"]
    # The search is worth something: a child finds what it remembers itself.
    assert run("remember_and_find", halves, readable=everything) is True
    run("remember", "".join(halves))
    assert run("find_in_memory", halves, readable=everything) is False
    seen = run("variables_and_files", readable=everything)
    assert isinstance(seen, list)
    assert not {"KHOSO_SECRET", "khoso-secret"} & set(seen)


def test_a_child_holds_no_descriptor_but_its_own_pipe() -> None:
    sibling = confined_stream("tests.ingest.prisoners:own_process", None)
    next(sibling)
    held = run("descriptors", readable=[Path("/proc")])
    assert isinstance(held, list)
    sibling.close()  # type: ignore[attr-defined]
    assert [name.partition(":")[0] for name in held] == ["pipe"]


def test_siblings_draw_different_random_numbers() -> None:
    drawn = [run("chance") for _ in range(3)]
    for kind in range(2):
        assert len({numbers[kind] for numbers in drawn}) == 3  # type: ignore[index]


def test_the_nursery_has_one_thread_when_it_has_learned_every_target() -> None:
    for module in TARGETS:
        with pytest.raises(DamagedFile) as raised:
            confined(f"{module}:nothing", None)
        assert "has no attribute 'nothing'" in str(raised.value.__cause__)
    _, nursery, _, threads = kin()
    assert threads == 1
    assert len(list(Path(f"/proc/{nursery}/task").iterdir())) == 1


def test_a_killed_nursery_takes_its_children_along_and_the_next_call_has_a_new_one() -> None:
    stream = confined_stream("tests.ingest.prisoners:kin_and_wait", None, readable=[Path("/proc")])
    (child, nursery, *_), _ = next(stream)
    os.kill(nursery, signal.SIGKILL)
    with pytest.raises(TooMuchMemory) as raised:
        next(stream)
    assert isinstance(raised.value.__cause__, ChildFailed)
    assert gone(child)
    assert kin()[1] != nursery


def test_neither_nursery_nor_child_outlives_a_parent_that_was_killed() -> None:
    program = (
        "from pathlib import Path; from ingest.sandbox import confined_stream;"
        "stream = confined_stream('tests.ingest.prisoners:kin_and_wait', None, readable=[Path('/proc')]);"
        "print(*next(stream)[0][:2], flush=True); next(stream)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        child, nursery = (int(process) for process in parent.stdout.readline().split())
    assert Path(f"/proc/{child}").exists()
    assert Path(f"/proc/{nursery}").exists()
    parent.kill()
    parent.wait()
    assert gone(child)
    assert gone(nursery)


def test_a_nursery_outlives_the_thread_that_called_first() -> None:
    program = (
        "import threading; from pathlib import Path; from ingest import confined\n"
        "def kin(): seen.append(confined('tests.ingest.prisoners:kin', None, readable=[Path('/proc')])[1])\n"
        "seen = []; first = threading.Thread(target=kin); first.start(); first.join(); kin(); print(*seen)"
    )
    first, second = output_of(program)
    assert first == second


def test_a_fork_of_the_parent_has_its_own_nursery() -> None:
    program = (
        "import os; from pathlib import Path; from ingest import confined\n"
        "def kin(): return confined('tests.ingest.prisoners:kin', None, readable=[Path('/proc')])[1]\n"
        "mine = kin(); child = os.fork()\n"
        "if child == 0: os._exit(0 if kin() != mine else 1)\n"
        "print(os.waitpid(child, 0)[1], kin() == mine)"
    )
    assert output_of(program) == ["0", "True"]


def test_a_process_that_ends_leaves_no_line_to_its_nursery_open() -> None:
    """It was left to the interpreter, which sometimes warned of an unclosed socket when it was taken down."""
    program = (
        "import atexit; from pathlib import Path\n"
        "def lines(): return sum(one.is_socket() for one in Path('/proc/self/fd').iterdir())\n"
        "before = lines(); atexit.register(lambda: print(lines() - before))\n"
        "from ingest.nursery import child_of_nursery\n"
        "child_of_nursery('ingest.nursery').end(); print(lines() - before)"
    )
    assert output_of(program) == ["1", "0"]


def test_many_threads_may_call_at_once() -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda number: run("echo", number), range(80)))
    assert answers == list(range(80))


def test_calls_leave_no_descriptor_and_no_thread_behind() -> None:
    nursery = kin()[1]
    before = held_by(os.getpid()), threading.active_count()
    for _ in range(40):
        run("echo", 1)
    for prisoner in ("fail", "crash", "nobody") * 3:
        with pytest.raises(DamagedFile):
            run(prisoner)
    confined_stream("tests.ingest.prisoners:kin_and_wait", None).close()  # type: ignore[attr-defined]
    assert (held_by(os.getpid()), threading.active_count()) == before
    # Standard input, output, errors and the control socket. It closes a child's line after it has told its end.
    assert any(held_by(nursery) == 4 for _ in seconds(10))


def held_by(process: int) -> int:
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


def seconds(most: float) -> Iterator[None]:
    """Look again and again, for some seconds."""
    end = time.monotonic() + most
    while time.monotonic() < end:
        yield
        time.sleep(0.01)


def test_the_libraries_of_other_calls_cost_a_sender_nothing() -> None:
    assert run("work_with_much_memory", 250, limits=Confinement(memory_bytes=300_000_000)) == 250_000_000
    with pytest.raises(TooMuchMemory):
        run("work_with_much_memory", 350, limits=Confinement(memory_bytes=300_000_000))


def test_a_parser_that_aborts_with_much_memory_is_told_from_one_that_is_lost() -> None:
    limits = Confinement(memory_bytes=200_000_000)
    with pytest.raises(TooMuchMemory):
        run("abort_without_memory", 150, limits=limits)
    with pytest.raises(DamagedFile):
        run("abort_without_memory", 1, limits=limits)


def test_a_child_that_only_closes_its_pipe_is_ended_in_time() -> None:
    begun = time.monotonic()
    with pytest.raises(TookTooLong):
        run("close_and_sleep", limits=Confinement(seconds=1))
    assert time.monotonic() - begun < 30


def test_where_bubblewrap_is_the_wall_children_are_programs_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if sandbox._bubblewrap_program() is None:
        pytest.skip("bubblewrap cannot be used here")
    monkeypatch.setattr(sandbox, "_walls", lambda: Walls.BUBBLEWRAP)
    prisoners = [Path(__file__).parents[1]]  # the rooms are there, tests have to be shown
    assert run("echo", "tiếng Việt", readable=prisoners) == "tiếng Việt"
    assert confinement_report().sufficient
    with pytest.raises(DamagedFile) as raised:
        run("crash", readable=prisoners)
    assert isinstance(raised.value.__cause__, ChildFailed)
    with pytest.raises(TookTooLong):
        run("sleep", limits=Confinement(seconds=3), readable=prisoners)
