"""A file over HTTP: opened before it is answered, kept or refused with a reason, cheap to refuse."""

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from api.http.threads import Threads
from common import Digest
from datastore import Actor
from tests.api.http.papers import page, upload
from tests.api.http.servers import AGENCY, OTHER_AGENCY, Service, service
from tests.api.http.test_problems import problem_of
from tests.conftest import CHECKOUT

_HOSTILE = CHECKOUT.parent / "shared" / "data" / "hostile"


def objects_of(served: Service) -> set[Path]:
    """Everything that lies in the object store."""
    return {path for path in (served.house.settings.data_dir / "objects").rglob("*") if path.is_file()}


def test_a_file_is_answered_with_what_it_is(clerk: httpx.Client) -> None:
    made = upload(clerk, page(), **{"Khoso-File-Name": "gi%E1%BA%A5y khai sinh.png"})
    assert (made["name"], made["media_type"], made["pages"]) == ("giấy khai sinh.png", "image/png", 1)
    assert made["size"] == len(page())


def test_an_upload_is_its_bringers_alone(served: Service, clerk: httpx.Client) -> None:
    body = {"uploads": [upload(clerk, page())["upload_id"]], "owners": []}
    for other in (served.signed_in(person="an.le"), served.signed_in(agency=OTHER_AGENCY)):
        with other:
            problem_of(other.post("/api/v1/documents", json=body), 404, "not_found")


def test_an_upload_survives_the_process_and_is_gone_after_a_day(tmp_path: Path) -> None:
    with service(tmp_path) as first, first.signed_in() as client:
        made = upload(client, page(7))
    with service(tmp_path) as second, second.signed_in() as client:
        second.house.datastore.sweep_orphans()
        assert second.house.datastore.forget_uploads() == 0
        body = {"uploads": [made["upload_id"]], "owners": []}
        assert client.post("/api/v1/documents", json=body).status_code == 202


def test_a_paper_has_its_upload_where_it_lies_and_a_second_paper_a_copy(
    served: Service, clerk: httpx.Client
) -> None:
    content, before = page(61), objects_of(served)
    made = upload(clerk, content)["upload_id"]
    (lying,) = objects_of(served) - before
    papers = []
    for owner in ("040090005501", "040090005502"):
        body = {"uploads": [made], "owners": [{"identifier": owner}]}
        answer = clerk.post("/api/v1/documents", json=body)
        assert answer.status_code == 202, answer.text
        papers.append(answer.json()["document_id"])
    assert papers[0] == made != papers[1]
    assert len(objects_of(served) - before - {lying}) == 1
    for paper in papers:
        original = clerk.get(f"/api/v1/documents/{paper}/content", params={"form": "original"})
        assert original.content == content


def test_the_pages_of_one_paper_lie_together(served: Service, clerk: httpx.Client) -> None:
    contents = [page(62), page(63)]
    made = [upload(clerk, content)["upload_id"] for content in contents]
    answer = clerk.post("/api/v1/documents", json={"uploads": made[::-1], "owners": []})
    paper = answer.json()["document_id"]
    assert paper == made[1]
    names = {path.name.partition("@")[0] for path in objects_of(served) if f"documents/{paper}/" in str(path)}
    assert names == {"original", "original-2"}
    with served.house.datastore.begin(Actor("hoa.le", "handler", AGENCY, "tests"), "look") as work:
        kept = work.documents.get(UUID(paper)).version.originals
    assert [one.object.sha256_plain for one in kept] == [Digest.of(content) for content in contents[::-1]]


@pytest.mark.parametrize("name", sorted(path.name for path in _HOSTILE.glob("*")))
def test_a_hostile_file_is_taken_or_refused_with_a_reason(
    served: Service, clerk: httpx.Client, name: str
) -> None:
    before = objects_of(served)
    with (_HOSTILE / name).open("rb") as file:
        answer = clerk.post("/api/v1/uploads", content=file, headers={"Khoso-File-Name": name})
    if answer.status_code != 201:
        assert 400 <= answer.status_code < 500
        problem_of(answer, answer.status_code, answer.json()["code"])
        assert objects_of(served) == before
    assert list(served.house.room.folder.iterdir()) == []


def test_what_is_no_file_is_refused(clerk: httpx.Client) -> None:
    problem_of(clerk.post("/api/v1/uploads", content=b""), 422, "file_empty")
    problem_of(clerk.post("/api/v1/uploads", content=b"GIF89a" + bytes(100)), 415, "file_kind_unknown")
    problem_of(clerk.post("/api/v1/uploads", content=page()[:-200]), 422, "file_damaged")
    odd = {"Khoso-File-Name": "%ff%fe"}
    said = problem_of(clerk.post("/api/v1/uploads", content=page(), headers=odd), 422, "bad_header")
    assert "1 to 255 characters" in str(said["en"])


def test_a_form_that_holds_a_file_is_not_kept_as_the_file(clerk: httpx.Client) -> None:
    """A PDF was found in it, behind the form's own lines: the paper had another digest than what was sent."""
    pdf = (CHECKOUT / "samples" / "real_qd_707_ttg.pdf").read_bytes()
    for address in ("uploads", "verify/file"):
        sent = clerk.post(f"/api/v1/{address}", files={"file": ("a.pdf", pdf, "application/pdf")})
        assert "--data-binary" in str(problem_of(sent, 415, "form_sent")["vi"])


def test_an_upload_that_is_not_there_any_more_is_told_what_may_have_become_of_it(clerk: httpx.Client) -> None:
    """Old, used or somebody else's: it was told like a paper, to be sought with another code and agency."""
    said = problem_of(clerk.post("/api/v1/documents", json={"uploads": [str(uuid4())]}), 404, "not_found")
    assert "quá 24 giờ" in str(said["vi"])
    assert "upload it again" in str(said["en"])


def test_a_file_too_large_is_refused_before_and_while_it_comes(tmp_path: Path) -> None:
    with service(tmp_path, max_bytes=100_000) as small, small.signed_in() as client:
        problem_of(client.post("/api/v1/uploads", content=bytes(100_001)), 413, "body_too_large")
        endless = (bytes(10_000) for _ in range(10_000))
        problem_of(client.post("/api/v1/uploads", content=endless), 413, "body_too_large")
        assert objects_of(small) == set()


def test_a_slow_file_is_cut_off(tmp_path: Path) -> None:
    # By somebody without sign-in, whose file is bounded in the same way: signing in would have to be as fast.
    with service(tmp_path, body_grace_seconds=0.3, body_bytes_per_second=1_000_000) as strict:
        head = "POST /api/v1/verify/file HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n"
        with socket.create_connection(strict.address, timeout=20) as line:
            # What came whole before it says nothing of it.
            line.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert line.recv(65536).startswith(b"HTTP/1.1 200 ")
            line.sendall(head.encode() + page()[:100])
            answer = line.recv(65536)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert objects_of(strict) == set()


def test_a_body_that_breaks_off_leaves_nothing(served: Service, clerk: httpx.Client) -> None:
    before = objects_of(served)
    token = clerk.headers["Authorization"]
    head = (
        f"POST /api/v1/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Length: 90000\r\n\r\n"
    )
    with socket.create_connection(served.address, timeout=20) as line:
        line.sendall(head.encode() + page()[:100])
    while list(served.house.room.folder.iterdir()):
        time.sleep(0.05)
    assert objects_of(served) == before


def test_files_that_are_slow_to_open_leave_threads_for_others(served: Service, clerk: httpx.Client) -> None:
    openings: Threads = served.app.state.openings
    begun, may_end = threading.Semaphore(0), threading.Event()

    def open_slowly() -> None:
        begun.release()
        may_end.wait(20)

    async def open_all() -> None:
        await asyncio.gather(*(openings.do(open_slowly) for _ in range(2 * openings.most)))

    with ThreadPoolExecutor(1) as beside:
        opened = beside.submit(asyncio.run, open_all())
        try:
            assert all(begun.acquire(timeout=10) for _ in range(openings.most))
            assert clerk.get("/api/v1/me").status_code == 200
            assert clerk.get("/api/v1/document-types").status_code == 200
            assert not opened.done()
        finally:
            may_end.set()
        opened.result(20)
