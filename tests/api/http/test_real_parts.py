"""The API over PostgreSQL and MinIO: many at once, one key, the same answers as on one machine."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest

from api.http.once import Keep, Once
from api.steps import changes
from datastore import Answer, DatabaseUnreachable, RequestInProgress
from tests.api.http.papers import AN, BINH, page, submit, upload
from tests.api.http.servers import Service, real_service
from tests.api.http.test_documents import add_an_owner_and_take_it_out, put_a_second_scan_away
from tests.api.http.test_problems import problem_of
from tests.services import Services


@pytest.fixture(scope="module")
def served(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """An installation on real parts, in place of the embedded one."""
    with real_service(services, tmp_path_factory.mktemp("real")) as up:
        yield up


def test_rows_and_objects_are_where_they_should_be(served: Service) -> None:
    assert served.house.datastore.objects.write_once
    assert served.house.settings.database_file is None


def test_fifty_at_once_with_one_key_make_one_thing(served: Service, clerk: httpx.Client) -> None:
    body = {"uploads": [upload(clerk, page(10))["upload_id"]], "owners": [{"identifier": AN}]}
    headers = {"Idempotency-Key": str(uuid4())}

    def send(_n: int) -> httpx.Response:
        return clerk.post("/api/v1/documents", json=body, headers=headers)

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(send, range(50)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.text for answer in answers if answer.status_code == 202}) == 1


def test_many_hand_in_at_once_for_the_same_owner(served: Service, clerk: httpx.Client) -> None:
    def hand_in(n: int) -> int:
        return int(submit(clerk, page(100 + n), BINH, type="KET_HON")["receipt"])

    with ThreadPoolExecutor(8) as threads:
        receipts = list(threads.map(hand_in, range(24)))
    assert len(set(receipts)) == 24
    (owner,) = clerk.post("/api/v1/owners/search", json={"identifier": BINH}).json()["owners"]
    seen, cursor = [], None
    while True:
        params = {"limit": 5} | ({"cursor": cursor} if cursor else {})
        found = clerk.get(f"/api/v1/stores/{owner['owner_id']}/documents", params=params).json()
        seen += [one["document_id"] for one in found["documents"]]
        cursor = found["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 24
    codes = {document["codes"][0] for document in found["documents"]}
    assert codes == {f"{BINH}.KQ.G15.000032"}


def test_an_owner_is_added_and_taken_out(clerk: httpx.Client, handler: httpx.Client) -> None:
    add_an_owner_and_take_it_out(clerk, handler, 813)


def test_a_second_scan_is_put_away(clerk: httpx.Client) -> None:
    put_a_second_scan_away(clerk, 820)


def test_two_papers_are_locked_in_one_order_whichever_stands_for_the_other(
    served: Service, clerk: httpx.Client
) -> None:
    """The one whose state was seen was locked first: two who named each other's waited in a circle."""
    made = (submit(clerk, page(shade), AN, type="KET_HON")["document_id"] for shade in (850, 851))
    first, second = sorted(UUID(id) for id in made)
    actor = served.house.system("tidy")
    with ThreadPoolExecutor(1) as thread:
        with served.house.datastore.begin(actor, "look") as work:
            work.documents.get(first)
            away = thread.submit(changes.put_away, served.house, actor, second, first, "x")
            time.sleep(0.3)  # it waits for the first one, and holds no other
            work.documents.get(second)
        assert away.result().superseded_by == first


def test_the_same_paper_handed_in_by_many_at_once_is_one_paper(served: Service, clerk: httpx.Client) -> None:
    uploads = [upload(clerk, page(300))["upload_id"] for _n in range(8)]

    def hand_in(upload_id: str) -> str:
        body = {"uploads": [upload_id], "owners": [{"identifier": AN}]}
        answer = clerk.post("/api/v1/documents", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["document_id"])

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(hand_in, uploads))) == 1


def test_what_a_database_cannot_keep_is_refused_kindly(clerk: httpx.Client) -> None:
    for odd in (r"\u0000", r"a\u0000b", r"\ud800"):
        answer = clerk.post(
            "/api/v1/search",
            content=f'{{"words": "{odd}"}}',
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 422, answer.text


def test_a_hostile_file_leaves_nothing_in_the_bucket_when_it_is_refused(
    served: Service, clerk: httpx.Client, shared_data: Path
) -> None:
    """What a file is answered does not depend on the parts (`test_uploads` asks about each on one machine); what is
    kept of it and handed in goes into rows and objects here, with names and texts that the file has chosen."""
    for file in sorted((shared_data / "hostile").iterdir()):
        before = staged(served)
        name = quote(f"{file.name}\u0110\u1ecb'; DROP TABLE--{file.suffix}")
        answer = clerk.post(
            "/api/v1/uploads", content=file.read_bytes(), headers={"Khoso-File-Name": name}, timeout=60
        )
        if answer.status_code == 201:
            body = {"uploads": [answer.json()["upload_id"]], "owners": [{"identifier": AN}]}
            taken = clerk.post("/api/v1/documents", json=body)
            assert taken.status_code == 202, (file.name, taken.text)
        else:
            assert 400 <= answer.status_code < 500, file.name
            problem_of(answer, answer.status_code, answer.json()["code"])
            assert staged(served) == before, file.name
    assert staged(served)
    assert list(served.house.room.folder.iterdir()) == []


def staged(served: Service) -> set[str]:
    """The keys of all objects that are in the store."""
    return {version.key for version in served.house.datastore.objects.versions("")}


def test_a_key_is_free_soon_after_the_database_was_lost_in_the_middle_of_its_request(
    served: Service, services: Services
) -> None:
    """It was held by the living process for five minutes: whoever sent the request again was told to wait."""
    once = Once(served.house, "somebody", str(uuid4()), "POST /papers")
    done = Answer(202, {}, "{}")
    with ExitStack() as outage:

        def do_and_lose_the_database(_keep: Keep) -> Answer:
            outage.enter_context(services.killed("postgresql"))
            return done

        with pytest.raises(DatabaseUnreachable):
            once.do({}, do_and_lose_the_database)
    until = time.monotonic() + 60
    while True:
        try:
            assert once.do({}, lambda _keep: done).status_code == 202
            return
        except RequestInProgress:
            assert time.monotonic() < until
            time.sleep(0.1)
