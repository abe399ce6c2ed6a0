"""A citizen brings papers of its own over HTTP, and whoever stands for somebody hers: kept as what they are."""

from datetime import date
from pathlib import Path
from threading import Event, Thread
from uuid import UUID, uuid4

import httpx
import pytest

from api.client import Client
from api.house import House
from api.http.doors import OWN_UPLOAD
from api.steps.intake import open_file
from datastore import Actor, ActorRole, Priority, uploads
from ingest import Scan
from tests.api.http.papers import AN, BINH, check, page, submit, upload
from tests.api.http.servers import AGENCY, Service, service
from tests.api.http.test_documents import read_all
from tests.api.http.test_problems import problem_of

API = "/api/v1"


@pytest.fixture(scope="module")
def owners(served: Service) -> dict[str, str]:
    """An and Bình, known to the agency, by number; An stands for Bình."""
    house = served.house
    with house.datastore.begin(house.system("tests"), "name") as work:
        found = {number: work.owners.ensure(number).id for number in (AN, BINH)}
        made = work.delegations.make(
            ActorRole.GUARDIAN, found[AN], found[BINH], ground="x", valid_to=date(2099, 1, 1)
        )
    with house.datastore.begin(Actor("hoa.le", "handler", AGENCY, "tests"), "confirm") as work:
        work.delegations.confirm(made.id)
    return {number: str(id) for number, id in found.items()}


def citizen(served: Service, owner: str, **more: str) -> httpx.Client:
    """A citizen at home, who gives no reason for looking at what is its own."""
    client = served.signed_in(more.pop("role", "owner"), owner_id=owner, **more)
    if not more:
        client.headers.pop("Khoso-Purpose")
    return client


def newcomer(served: Service, number: str) -> str:
    """An owner whom nobody knew here."""
    with served.house.datastore.begin(served.house.system("tests"), "name") as work:
        return str(work.owners.ensure(number).id)


def bring(client: httpx.Client, owner: str, content: bytes, **more: object) -> httpx.Response:
    body = {"uploads": [upload(client, content)["upload_id"]], **more}
    return client.post(f"{API}/stores/{owner}/documents", json=body)


def test_what_a_citizen_brings_is_its_own_paper_that_an_officer_has_to_check(
    served: Service, owners: dict[str, str]
) -> None:
    with citizen(served, owners[AN]) as an:
        made = bring(an, owners[AN], page(41), type="KHAI_SINH")
        assert made.status_code == 202, made.text
        place = made.headers["location"]
        read_all(served)
        paper = an.get(place).json()
        assert (paper["status"], paper["weight"], paper["ground"]) == ("read", "uploaded", None)
        assert (paper["source_form"], paper["compared_by"], paper["codes"]) == (
            "e_copy",
            None,
            [f"{AN}.KQ.G15.000031"],
        )
        until = {"purpose": "vay vốn", "recipient": "Ngân hàng A", "until": "2099-01-01T00:00:00Z"}
        refused = an.post(f"{API}/shares", json={"document_id": paper["document_id"], **until})
        problem_of(refused, 422, "share_refused")
    with served.signed_in("handler") as handler:
        assert check(handler, place).status_code == 200
        read_all(served)
        assert handler.get(place).json()["weight"] == "uploaded"


def test_the_same_bytes_and_the_same_request_are_the_same_paper(
    served: Service, owners: dict[str, str]
) -> None:
    with citizen(served, owners[AN]) as an:
        first = bring(an, owners[AN], page(42)).json()
        again = bring(an, owners[AN], page(42)).json()
        assert (again["again"], again["document_id"], again["receipt"]) == (
            True, first["document_id"], first["receipt"],
        )  # fmt: skip
        body = {"uploads": [upload(an, page(43))["upload_id"]]}
        key = {"Idempotency-Key": str(uuid4())}
        answers = [an.post(f"{API}/stores/{owners[AN]}/documents", json=body, headers=key) for _ in range(2)]
        assert answers[0].text == answers[1].text
        assert answers[1].headers["idempotency-replayed"] == "true"


def test_an_upload_becomes_one_paper(served: Service, owners: dict[str, str]) -> None:
    place = f"{API}/stores/{owners[AN]}/documents"
    with citizen(served, owners[AN]) as an:
        a, b = (upload(an, page(shade))["upload_id"] for shade in (51, 52))
        problem_of(an.post(place, json={"uploads": [a, a]}), 422, "request_invalid")
        body, key = {"uploads": [a, b]}, {"Idempotency-Key": str(uuid4())}
        first = an.post(place, json=body, headers=key)
        assert first.status_code == 202, first.text
        for more in ([a, b], [b, a], [a], [b]):
            problem_of(an.post(place, json={"uploads": more}), 404, "not_found")
        again = an.post(place, json=body, headers=key)
        assert (again.status_code, again.text) == (202, first.text)
        # The same bytes, sent again, are the same paper and used up as well.
        sent_again = [upload(an, page(shade))["upload_id"] for shade in (51, 52)]
        same = an.post(place, json={"uploads": sent_again}).json()
        assert (same["again"], same["document_id"]) == (True, first.json()["document_id"])
        problem_of(an.post(place, json={"uploads": sent_again[:1]}), 404, "not_found")
    with served.signed_in("clerk") as clerk:
        c = upload(clerk, page(51))["upload_id"]
        problem_of(clerk.post(f"{API}/documents", json={"uploads": [c, c]}), 422, "request_invalid")


def test_what_was_used_up_counts_as_sent(served: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    other = newcomer(served, "040090001236")
    monkeypatch.setattr(uploads, "MOST_OF_A_CITIZEN", 1)
    with citizen(served, other) as client:
        assert bring(client, other, page(53)).status_code == 202
        problem_of(client.post(f"{API}/uploads", content=page(54)), 429, "too_many_uploads")


def test_a_citizens_paper_waits_behind_the_counter(served: Service, owners: dict[str, str]) -> None:
    with citizen(served, owners[AN]) as an:
        made = bring(an, owners[AN], page(55)).json()
    with served.house.datastore.begin(served.house.system("tests"), "look") as work:
        (job,) = work.jobs.of_document(UUID(made["document_id"]))
    assert job.priority is Priority.BACK_FILE


def test_a_citizens_paper_has_no_more_pages_than_a_file_may_have(tmp_path: Path) -> None:
    with service(tmp_path, max_pages=1) as small:
        owner = newcomer(small, AN)
        with citizen(small, owner) as an:
            two = [upload(an, page(shade))["upload_id"] for shade in (56, 57)]
            place = f"{API}/stores/{owner}/documents"
            problem_of(an.post(place, json={"uploads": two}), 413, "paper_too_many_pages")
            assert an.post(place, json={"uploads": two[:1]}).status_code == 202  # nothing was used up


def test_files_of_citizens_keep_no_clerk_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though there is one thread for each, and the citizen's file is slow to open."""
    opening, opened = Event(), Event()

    def slow(house: House, actor: Actor, path: Path, *, name: str | None = None) -> Scan:
        if actor.role == ActorRole.OWNER:
            opening.set()
            assert opened.wait(60)
        return open_file(house, actor, path, name=name)

    monkeypatch.setattr("api.steps.uploads.open_file", slow)
    with (
        service(tmp_path, openings=1) as narrow,
        citizen(narrow, newcomer(narrow, AN)) as an,
        narrow.signed_in("clerk") as clerk,
    ):
        sending = Thread(target=upload, args=(an, page(58)))
        sending.start()
        try:
            assert opening.wait(60)
            upload(clerk, page(59))
        finally:
            opened.set()
            sending.join()


def test_what_is_refused_is_counted_too(served: Service, owners: dict[str, str]) -> None:
    with citizen(served, newcomer(served, "040090001237")) as client, citizen(served, owners[AN]) as an:
        for _ in range(OWN_UPLOAD.most):
            problem_of(client.post(f"{API}/uploads", content=b"no file"), 415, "file_kind_unknown")
        waits = client.post(f"{API}/uploads", content=page(60))
        problem_of(waits, 429, "too_many_requests")
        assert int(waits.headers["retry-after"]) > 0
        upload(an, page(60))  # another person is not held up


def test_a_citizen_says_before_how_long_a_file_is(served: Service, owners: dict[str, str]) -> None:
    with citizen(served, owners[AN]) as an, served.signed_in("clerk") as clerk:
        problem_of(an.post(f"{API}/uploads", content=iter([page(61)])), 411, "length_required")
        assert clerk.post(f"{API}/uploads", content=iter([page(61)])).status_code == 201


def test_nobody_brings_a_paper_into_a_store_that_is_not_his(served: Service, owners: dict[str, str]) -> None:
    with citizen(served, owners[AN]) as an, citizen(served, owners[BINH]) as binh:
        problem_of(bring(an, owners[BINH], page(44)), 404, "not_found")
        mine = upload(an, page(44))["upload_id"]
        theirs = binh.post(f"{API}/stores/{owners[BINH]}/documents", json={"uploads": [mine]})
        problem_of(theirs, 404, "not_found")  # a file of somebody else
        problem_of(submitted(an, mine), 403, "not_allowed")
    with served.signed_in("clerk") as clerk:
        problem_of(bring(clerk, owners[AN], page(44)), 403, "not_allowed")


def submitted(client: httpx.Client, upload_id: str) -> httpx.Response:
    """As staff hands papers in, naming whose they are."""
    body = {"uploads": [upload_id], "owners": [{"identifier": BINH}]}
    return client.post(f"{API}/documents", json=body, headers={"Khoso-Purpose": "x"})


def test_a_guardian_brings_papers_for_the_ward_and_says_why(served: Service, owners: dict[str, str]) -> None:
    in_place_of = {"role": "guardian", "principal_id": owners[BINH]}
    with citizen(served, owners[AN], **in_place_of) as guardian, citizen(served, owners[BINH]) as binh:
        made = bring(guardian, owners[BINH], page(45), type="KHAI_SINH")
        assert made.status_code == 202, made.text
        assert binh.get(made.headers["location"]).json()["owner_ids"] == [owners[BINH]]
        problem_of(bring(guardian, owners[AN], page(46)), 404, "not_found")
        guardian.headers.pop("Khoso-Purpose")
        problem_of(guardian.get(made.headers["location"]), 422, "purpose_missing")
        lines = binh.get(f"{API}/owners/{owners[BINH]}/diary").json()["lines"]
        assert ("bring_own", owners[AN], "guardian") in {
            (one["act"], one["person"], one["role"]) for one in lines
        }


def test_a_citizen_sends_so_much_a_day_and_no_more(
    served: Service, owners: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_OF_A_CITIZEN", 2)
    with citizen(served, owners[BINH]) as binh:
        for shade in (47, 48):
            upload(binh, page(shade))
        refused = binh.post(f"{API}/uploads", content=page(49))
        problem_of(refused, 429, "too_many_uploads")
        # Until the first of them counts no more.
        assert 23 * 3600 < int(refused.headers["retry-after"]) <= 24 * 3600
    monkeypatch.setattr(uploads, "MOST_OF_A_CITIZEN", 50)
    monkeypatch.setattr(uploads, "MOST_BYTES_OF_A_CITIZEN", 10_000)
    with citizen(served, owners[BINH]) as binh, served.signed_in("clerk") as clerk:
        problem_of(binh.post(f"{API}/uploads", content=page(49)), 429, "too_many_uploads")
        submit(clerk, page(49), AN)  # what lies on the counter is not counted


def test_the_typed_client_brings_a_paper(served: Service, owners: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "giấy khai sinh.png"
    file.write_bytes(page(50))
    with citizen(served, owners[AN]) as an:
        token = an.headers["Authorization"].removeprefix("Bearer ")
    with Client(served.url, token=token, purpose="của tôi") as kho:
        made = kho.bring_own(UUID(owners[AN]), [kho.upload(file).id], type="KHAI_SINH")
        assert kho.document(made.document_id).weight == "uploaded"
