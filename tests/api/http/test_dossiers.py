"""Dossiers over HTTP: their events, what is held before anything is scanned, papers cited as they were seen."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api.house import House
from api.steps import dossiers
from api.steps.dossiers import record_event
from api.steps.holdings import standing_in
from datastore import Actor, Dossier, OverrideKind
from tests.api.http.papers import check, page, submit, upload
from tests.api.http.servers import OTHER_AGENCY, Service
from tests.api.http.test_documents import read_all
from tests.api.http.test_problems import problem_of

_SAMPLES = Path(__file__).parents[3] / "samples"
_OWNER, _STRANGER = "040144985806", "040090001299"
_PLACE = "/api/v1/dossiers"


def opened(client: httpx.Client, number: str) -> str:
    answer = client.post(_PLACE, json={"number": number, "procedure": "1.001193"})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{_PLACE}/{number}"
    return f"{_PLACE}/{number}"


@pytest.fixture(scope="module")
def valid(served: Service) -> dict[str, Any]:
    """A valid death certificate of `_OWNER`, read and signed for real."""
    with served.signed_in() as client:
        made = submit(client, (_SAMPLES / "trich_luc_khai_tu.png").read_bytes(), _OWNER, ground="back_file")
        read_all(served)
        document: dict[str, Any] = client.get(f"/api/v1/documents/{made['document_id']}").json()
    assert document["status"] == "valid"
    return document


def test_a_dossier_is_opened_once_and_goes_on_by_events(
    served: Service, clerk: httpx.Client, handler: httpx.Client
) -> None:
    place = opened(clerk, "H41.08-261122-0001")
    assert opened(clerk, "H41.08-261122-0001") == place
    supplement = handler.post(f"{place}/events", json={"kind": "supplement", "note": "Thiếu ảnh"}).json()
    assert [event["kind"] for event in supplement["events"]] == ["received", "supplement"]
    refused = handler.post(f"{place}/events", json={"kind": "refused"}).json()
    assert (refused["state"], clerk.get(place).json()["state"]) == ("refused", "refused")
    repeated = handler.post(f"{place}/events", json={"kind": "refused", "note": "Gửi lại"})
    assert (repeated.status_code, repeated.json()) == (200, refused), (
        "told again, and not written down as if new"
    )
    problem_of(handler.post(f"{place}/events", json={"kind": "succeeded"}), 409, "illegal_transition")
    problem_of(handler.post(f"{place}/events", json={"kind": "lost"}), 422, "request_invalid")
    other = clerk.post(_PLACE, json={"number": "H41.08-261122-0001", "procedure": "1.000894"})
    problem_of(other, 409, "already_there")
    with served.signed_in(agency=OTHER_AGENCY) as stranger:
        problem_of(stranger.get(place), 404, "not_found")


def test_an_event_is_answered_as_it_was_written_down_whatever_follows_at_once(
    clerk: httpx.Client, handler: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer that was kept, for whoever asks again, was another than the first."""
    place, key = opened(clerk, "H41.08-261122-0071"), {"Idempotency-Key": "followed-at-once"}

    def followed(house: House, actor: Actor, number: str, *said: Any) -> Dossier:
        record_event(house, actor, number, *said)
        return record_event(house, actor, number, "transferred", None)

    monkeypatch.setattr(dossiers, "record_event", followed)
    first = handler.post(f"{place}/events", json={"kind": "supplement"}, headers=key)
    assert [event["kind"] for event in first.json()["events"]] == ["received", "supplement"]
    again = handler.post(f"{place}/events", json={"kind": "supplement"}, headers=key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert len(clerk.get(place).json()["events"]) == 3


def test_a_dossier_that_another_agency_decides_is_seen_by_both(served: Service, clerk: httpx.Client) -> None:
    number = "H41.08-261122-0009"
    body = {"number": number, "procedure": "1.001193", "agency": OTHER_AGENCY}
    assert clerk.post(_PLACE, json=body).status_code == 201
    with served.signed_in(agency=OTHER_AGENCY) as competent:
        assert competent.get(f"{_PLACE}/{number}").json()["intake_agency"] == "H41.08"


def test_wrong_numbers_are_refused(clerk: httpx.Client) -> None:
    problem_of(clerk.get(f"{_PLACE}/040090001234"), 422, "bad_dossier_number")
    problem_of(clerk.get(f"{_PLACE}/H41.08-261122-9999"), 404, "not_found")
    body = {"number": "H41.08-261122-0003", "procedure": "x"}
    problem_of(clerk.post(_PLACE, json=body), 422, "bad_procedure")


def test_a_paper_is_taken_in_for_a_dossier_and_its_success_is_the_ground(
    clerk: httpx.Client, handler: httpx.Client
) -> None:
    place = opened(clerk, "H41.08-261122-0004")
    body = {"uploads": [upload(clerk, page(50))["upload_id"]], "dossier": "H41.08-261122-0004"}
    made = clerk.post("/api/v1/documents", json=body).json()
    assert [one["document_id"] for one in clerk.get(place).json()["documents"]] == [made["document_id"]]
    handler.post(f"{place}/events", json={"kind": "succeeded"})
    assert clerk.get(f"/api/v1/documents/{made['document_id']}").json()["ground"] == "dossier_succeeded"


def held(client: httpx.Client, place: str, owner: str, **facts: bool) -> dict[str, Any]:
    component = {"component": "KQ002269", "type": "KHAI_TU", "facts": facts}
    answer = client.post(f"{place}/holdings-check", json={"owners": [owner], "components": [component]})
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["components"]
    assert isinstance(found, dict)
    return found


def test_before_scanning_the_counter_learns_what_is_held(
    served: Service, clerk: httpx.Client, valid: dict[str, Any]
) -> None:
    place = opened(clerk, "H41.08-261122-0005")
    found = held(clerk, place, _OWNER)
    assert (found["state"], found["action"]) == ("held", "reuse")
    assert [one["document_id"] for one in found["reusable"]] == [valid["document_id"]]
    assert held(clerk, place, _OWNER, secret=True)["action"] == "forbidden_secret"
    nobody = held(clerk, place, _STRANGER, procedure_result=True)
    assert (nobody["state"], nobody["action"], nobody["reusable"]) == ("not_held", "scan", [])
    with served.signed_in(agency=OTHER_AGENCY) as stranger:
        theirs = opened(stranger, "H41.09-261122-0005")
        elsewhere = held(stranger, theirs, _OWNER)
        assert (elsewhere["state"], elsewhere["reusable"]) == ("unknown", [])  # never: not held


def test_what_is_held_is_found_under_a_code_that_the_agency_has_imported_meanwhile(
    served: Service, clerk: httpx.Client, valid: dict[str, Any]
) -> None:
    code = "KQ.G15.999999"
    with served.house.datastore.begin(served.house.system("import"), "import_catalogue") as work:
        value = {"local": "KHAI_TU", "national": code}
        work.overrides.put(
            OverrideKind.CATALOGUE, "KHAI_TU", value, valid_from=date(2026, 1, 1), decision="QĐ 1/2026"
        )
    asked = {"owners": [_OWNER], "components": [{"component": "KQ002269", "type": code, "facts": {}}]}
    place = opened(clerk, "H41.08-261122-0015")
    (found,) = clerk.post(f"{place}/holdings-check", json=asked).json()["components"]
    assert [one["document_id"] for one in found["reusable"]] == [valid["document_id"]]
    with served.signed_in(agency=OTHER_AGENCY) as stranger:  # has imported nothing
        theirs = opened(stranger, "H41.09-261122-0015")
        unknown = stranger.post(f"{theirs}/holdings-check", json=asked)
        problem_of(unknown, 422, "unknown_document_type")


def test_a_paper_is_cited_as_it_was_seen_and_stays_so(
    served: Service, clerk: httpx.Client, valid: dict[str, Any]
) -> None:
    place = opened(clerk, "H41.08-261122-0006")
    seen = {name: valid[name] for name in ("document_id", "version", "sha256")}
    changed = clerk.post(f"{place}/attachments", json={**seen, "component": "A", "sha256": "0" * 64})
    problem_of(changed, 409, "other_bytes")
    original = {**seen, "component": "A", "sha256": valid["original_sha256"]}
    problem_of(clerk.post(f"{place}/attachments", json=original), 409, "other_bytes")
    with served.house.datastore.begin(served.house.system("tests"), "look_at") as work:
        first = work.documents.get(UUID(valid["document_id"])).revisions[0].object.sha256_plain.hex
    stale = clerk.post(f"{place}/attachments", json={**seen, "component": "A", "sha256": first})
    problem_of(stale, 409, "stale_state")
    later = {**seen, "component": "A", "version": 2}
    problem_of(clerk.post(f"{place}/attachments", json=later), 409, "other_bytes")
    cited = clerk.post(f"{place}/attachments", json={**seen, "component": "A"})
    assert cited.status_code == 201
    again = clerk.post(f"{place}/attachments", json={**seen, "component": "A"})
    assert again.json() == cited.json()
    content = clerk.get(cited.json()["content"])
    assert content.content.startswith(b"%PDF-")
    assert clerk.get(f"{place}/attachments").json()["attachments"] == [cited.json()]
    assert [one["how"] for one in clerk.get(place).json()["documents"]] == ["reused"]
    nothing = clerk.get(f"/api/v1/documents/{valid['document_id']}/content", params={"sha256": "0" * 64})
    problem_of(nothing, 404, "not_found")


def test_only_valid_papers_are_cited(clerk: httpx.Client) -> None:
    place = opened(clerk, "H41.08-261122-0007")
    made = submit(clerk, page(60), _STRANGER)
    paper = clerk.get(f"/api/v1/documents/{made['document_id']}").json()
    body = {"document_id": paper["document_id"], "component": "A", "version": 1, "sha256": paper["sha256"]}
    problem_of(clerk.post(f"{place}/attachments", json=body), 409, "not_reusable")
    gone = {**body, "document_id": str(uuid4())}
    problem_of(clerk.post(f"{place}/attachments", json=gone), 404, "not_found")


def test_anybody_may_ask_how_far_a_dossier_is_and_learns_nothing_else(
    served: Service, clerk: httpx.Client
) -> None:
    opened(clerk, "H41.08-261122-0008")
    with served.client() as public:
        public.headers.pop("Khoso-Purpose")
        known = public.get("/api/v1/public/dossiers/H41.08-261122-0008")
        assert known.json() == {"number": "H41.08-261122-0008", "level": "in_progress"}
        assert public.get("/api/v1/public/dossiers/H41.08-261122-0001").json()["level"] == "completed"
        for nobody in ("H41.08-261122-8888", "no-number", "040090001234"):
            answer = public.get(f"/api/v1/public/dossiers/{nobody}")
            assert (answer.status_code, answer.json()) == (200, {"number": nobody, "level": "unknown"})
        for _n in range(80):
            answer = public.get("/api/v1/public/dossiers/H41.08-261122-0008")
        problem_of(answer, 429, "too_many_requests")
        assert int(answer.headers["retry-after"]) > 0


def test_a_paper_of_doubtful_owner_does_not_become_valid_with_its_dossier_and_says_why_it_waits(
    served: Service, clerk: httpx.Client, handler: httpx.Client
) -> None:
    number = "H41.08-261122-0031"
    place = opened(clerk, number)
    paper = (_SAMPLES / "trich_luc_khai_tu.png").read_bytes()
    made = submit(clerk, paper, _STRANGER, dossier=number, compared=True)
    document = f"/api/v1/documents/{made['document_id']}"
    read_all(served)
    assert [one["code"] for one in clerk.get(document).json()["waits"]] == ["waits_for_answer"]
    closed = handler.post(f"{place}/events", json={"kind": "succeeded"}).json()
    read_all(served)
    (waiting,) = closed["documents"]
    assert (closed["state"], waiting["status"]) == ("succeeded", "read")
    assert [one["code"] for one in waiting["waits"]] == ["waits_for_answer", "waits_with_ground"]
    assert all(one["vi"] and one["en"] for one in waiting["waits"])
    found = clerk.get(document).json()
    assert (found["status"], found["revision"], found["checked_by"]) == ("read", 0, None)
    # The named owner sees its paper, and not that somebody else's number was read on it.
    with served.signed_in("owner", owner_id=found["owner_ids"][0]) as himself:
        assert (
            himself.get(document).json()["waits"],
            himself.get(place).json()["documents"][0]["waits"],
        ) == ([], [])

    checked = check(handler, document).json()
    assert (checked["questions"], checked["waits"]) == ([], [])
    read_all(served)
    assert handler.get(document).json()["status"] == "valid"
    (went_on,) = clerk.get(place).json()["documents"]
    assert (went_on["status"], went_on["waits"]) == ("valid", [])


def test_a_misread_number_that_a_person_corrects_lets_the_paper_go_on(
    served: Service, clerk: httpx.Client
) -> None:
    paper = (_SAMPLES / "trich_luc_khai_tu.png").read_bytes()
    made = submit(clerk, paper, "040144985809", compared=True)
    document = f"/api/v1/documents/{made['document_id']}"
    read_all(served)
    fields = {"full_name": "LÊ NGỌC HẰNG", "personal_id": "040144985809"}
    corrected = clerk.put(f"{document}/record", json={"fields": fields}).json()
    assert (corrected["questions"], corrected["waits"], corrected["status"]) == ([], [], "checked")
    read_all(served)
    assert clerk.get(document).json()["status"] == "provisional"


@pytest.mark.parametrize(
    ("number", "known", "waiting"),
    [
        ("040144987011", "Nguyễn Văn An", ["owner_differs"]),
        ("040144987012", "Lê Ngọc Hằng", []),
        ("040144987013", None, []),
        # As the Prime Minister signs for the office of the Government: no other agency.
        ("G22", "Văn phòng Chính phủ", []),
    ],
)
def test_a_paper_without_a_number_that_names_another_than_its_owner_waits(
    served: Service, clerk: httpx.Client, number: str, known: str | None, waiting: list[str]
) -> None:
    """Only numbers once asked: a paper on which none was read went on for whoever was named at the counter."""
    paper = (_SAMPLES / "trich_luc_khai_tu.png").read_bytes()
    made = submit(clerk, paper, owners=[{"identifier": number, "name": known}])
    document = f"/api/v1/documents/{made['document_id']}"
    read_all(served)
    numberless = clerk.put(f"{document}/record", json={"fields": {"full_name": "LÊ NGỌC HẰNG"}}).json()
    assert [one["code"] for one in numberless["questions"]] == waiting
    assert [one["code"] for one in numberless["waits"]] == ["waits_for_answer"] * len(waiting)
    if waiting:  # the name was misread
        corrected = clerk.put(f"{document}/record", json={"fields": {"full_name": "NGUYEN VAN AN"}}).json()
        assert (corrected["questions"], corrected["waits"]) == ([], [])
    assert clerk.get(document).json()["status"] == "checked"


@pytest.mark.parametrize(
    ("shade", "runs_it", "waiting"),
    [
        (9_501, {}, []),
        (9_502, {"full_name": "LÊ NGỌC HẰNG"}, []),
        (9_503, {"full_name": "TRẦN VĂN HAI"}, ["owner_differs"]),
    ],
)
def test_the_name_of_a_facility_does_not_let_the_paper_of_who_runs_it_wait(
    served: Service, clerk: httpx.Client, shade: int, runs_it: dict[str, str], waiting: list[str]
) -> None:
    """Without a number such a certificate once waited whoever was named: a facility is not called as anybody is."""
    owners = [{"identifier": "040144987018", "name": "Lê Ngọc Hằng"}]
    made = submit(clerk, page(shade), owners=owners, type="GCN_ATTP", compared=False)
    document, read = f"/api/v1/documents/{made['document_id']}", {"facility": "BẾP CƠM", **runs_it}
    read_all(served)
    recorded = clerk.put(f"{document}/record", json={"fields": read}).json()
    assert [one["code"] for one in recorded["questions"]] == waiting


@pytest.mark.parametrize(
    ("number", "known", "read", "waiting"),
    [
        ("040144987014", "Ai Đó Khác", "NGUYỄN THỊ NGÂN", ["owner_differs"]),
        # Misread, as it often is: one word of it will do.
        ("040144987015", "Nguyễn Thị Ngân", "NGUVEN THI NGÀN", []),
        ("040144987016", "Ngân", "LÊ VĂN HAI", []),
        ("040144987017", None, "LÊ VĂN HAI", []),
    ],
)
def test_a_paper_with_the_number_of_its_owner_and_a_name_that_has_no_word_of_the_owners_waits(
    served: Service, clerk: httpx.Client, number: str, known: str | None, read: str, waiting: list[str]
) -> None:
    """It once went on without a question, whatever name stood beside the number."""
    paper = (_SAMPLES / "trich_luc_khai_tu.png").read_bytes()
    made = submit(clerk, paper, owners=[{"identifier": number, "name": known}])
    document = f"/api/v1/documents/{made['document_id']}"
    read_all(served)
    fields = {"full_name": read, "personal_id": number}
    recorded = clerk.put(f"{document}/record", json={"fields": fields}).json()
    assert [one["code"] for one in recorded["questions"]] == waiting
    assert [one["code"] for one in recorded["waits"]] == ["waits_for_answer"] * len(waiting)
    if waiting:
        checked = check(clerk, document).json()
        assert (checked["questions"], checked["waits"]) == ([], [])
    assert clerk.get(document).json()["status"] == "checked"


def test_a_system_that_may_only_see_dossiers_learns_nothing_of_how_their_papers_stand(
    served: Service, clerk: httpx.Client
) -> None:
    number = "H41.08-261122-0032"
    opened(clerk, number)
    submit(clerk, page(61), _STRANGER, dossier=number)
    for scopes, known in ((["dossiers.read"], None), (["dossiers.write"], "received")):
        who = Actor("mot-cua", "system", "H41.08", "kiem-thu", scopes=frozenset(scopes))
        with served.house.datastore.begin(who, "look_at_dossier") as work:
            standing = standing_in(served.house, who, work, number)
        assert [one.status for one in standing.values()] == ([] if known is None else [known])
