"""A paper over HTTP: handed in, looked at under its tag, changed only as it was seen, its bytes, its diary."""

import hashlib
import re
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from api.house import House, page_pool_when_needed
from api.steps.queue import work_off
from datastore import CITIZENS, ActorRole
from tests.api.http.papers import AN, check, page, put_away, submit, upload
from tests.api.http.servers import OTHER_AGENCY, Service
from tests.api.http.test_problems import problem_of

SAMPLES = Path(__file__).parents[3] / "samples"


def read_all(served: Service) -> None:
    """What the worker beside the server does."""
    with page_pool_when_needed(served.house.settings) as pool:
        work_off(served.house, pool)


@pytest.fixture(scope="module")
def paper(served: Service) -> str:
    """A paper that was read and waits for a person: its id."""
    with served.signed_in() as client:
        made = submit(client, page(1), AN, compared=False)
    read_all(served)
    return str(made["document_id"])


def test_a_paper_that_was_handed_in_has_a_receipt_a_place_and_a_job(
    served: Service, clerk: httpx.Client
) -> None:
    body = {
        "uploads": [upload(clerk, page(2))["upload_id"]],
        "owners": [{"identifier": AN, "name": "Nguyễn Văn An"}],
    }
    answer = clerk.post("/api/v1/documents", json=body)
    made = answer.json()
    assert (answer.status_code, made["again"], made["status"]) == (202, False, "received")
    assert clerk.get(answer.headers["location"]).json()["receipt"] == made["receipt"]
    assert clerk.get(f"/api/v1/jobs/{made['job_id']}").json()["kind"] == "read"
    assert [job["kind"] for job in clerk.get(made["jobs"]).json()["jobs"]] == ["read"]
    again = clerk.post("/api/v1/documents", json=body).json()
    assert (again["again"], again["document_id"]) == (True, made["document_id"])


def test_a_paper_is_not_there_for_another_agency_and_not_without_a_purpose(
    served: Service, paper: str
) -> None:
    with served.signed_in(agency=OTHER_AGENCY) as stranger:
        for place in ("", "/content", "/reading", "/diary", "/codes", "/jobs"):
            problem_of(stranger.get(f"/api/v1/documents/{paper}{place}"), 404, "not_found")
    with served.signed_in() as client:
        client.headers.pop("Khoso-Purpose")
        said = problem_of(client.get(f"/api/v1/documents/{paper}"), 422, "purpose_missing")
        assert "Khoso-Purpose" in str(said["vi"])
        assert "--purpose" not in str(said)
        blank = client.get(f"/api/v1/documents/{paper}", headers={"Khoso-Purpose": "%20%C2%A0"})
        assert problem_of(blank, 422, "purpose_missing")["vi"] == said["vi"]
        problem_of(
            client.get(f"/api/v1/documents/{uuid4()}", headers={"Khoso-Purpose": "x"}), 404, "not_found"
        )


def test_what_is_known_is_not_sent_again(clerk: httpx.Client, paper: str) -> None:
    first = clerk.get(f"/api/v1/documents/{paper}")
    tag = first.headers["etag"]
    again = clerk.get(f"/api/v1/documents/{paper}", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = clerk.get(f"/api/v1/documents/{paper}", headers={"If-None-Match": '"d999"'})
    assert other.status_code == 200


def test_a_change_on_stale_knowledge_is_refused(clerk: httpx.Client, paper: str) -> None:
    place = f"/api/v1/documents/{paper}"
    seen = clerk.get(place).headers["etag"]
    classified = clerk.post(f"{place}/classify", json={"type": "KET_HON"}, headers={"If-Match": seen})
    assert (classified.status_code, classified.json()["type"]) == (200, "KQ.G15.000032")
    stale = clerk.post(f"{place}/classify", json={"type": "KHAI_TU"}, headers={"If-Match": seen})
    problem_of(stale, 412, "changed_meanwhile")
    bare = {"If-Match": seen.strip('"')}
    for odd in ({"If-Match": "*?"}, bare):
        said = problem_of(clerk.post(f"{place}/check", json={}, headers=odd), 422, "bad_header")
        assert "with its quotation marks" in str(said["en"])
    record = clerk.put(f"{place}/record", json={"fields": {"number": "12/2026"}})
    assert record.headers["etag"] != classified.headers["etag"]
    read_back = clerk.get(f"{place}/record")
    assert {name: one["value"] for name, one in read_back.json()["fields"].items()} == {"number": "12/2026"}
    tag = read_back.headers["etag"]
    assert tag == record.headers["etag"]
    assert clerk.get(f"{place}/record", headers={"If-None-Match": tag}).status_code == 304
    mistyped = clerk.put(f"{place}/record", json={"fields": {"number": "12/2026", "fullname": "An"}})
    problem_of(mistyped, 422, "request_invalid")
    (fault,) = mistyped.json()["errors"]
    assert fault["pointer"] == "/body/fields/fullname"
    assert {"wife_name", "number", "signer"} <= set(fault["allowed"])
    assert clerk.get(f"{place}/record").json() == read_back.json(), "a field that nobody knows was kept once"
    wordy = clerk.put(f"{place}/record", json={"fields": {f"{n:03}{'x' * 90}": "An" for n in range(200)}})
    problem_of(wordy, 422, "request_invalid")
    faults = wordy.json()["errors"]
    assert len(faults) == 20
    assert wordy.json()["en"].count(" | ".join(faults[0]["allowed"])) == 1, "the fields were listed 200 times"
    assert len(wordy.content) < 64 * 1024
    assert clerk.get(place).json()["type"] == "KQ.G15.000032"
    problem_of(clerk.post(f"{place}/classify", json={"type": "NO_SUCH"}), 422, "unknown_document_type")


def test_whose_a_paper_is_is_answered_for_the_owner_who_was_seen(
    served: Service, clerk: httpx.Client
) -> None:
    """A check without a tag once confirmed whoever the paper had been moved to since it was looked at."""
    place = bring(clerk, 9_340, False, identifier="040090007790").headers["location"]
    read_all(served)
    seen = clerk.get(place).headers["etag"]
    for header in ({}, {"If-Match": "*"}):
        said = problem_of(clerk.post(f"{place}/check", json={}, headers=header), 428, "state_not_named")
        assert "If-Match" in str(said["vi"])
    with served.signed_in("handler") as handler:
        moved = handler.post(f"{place}/refile", json={"owner": "040090007791", "reason": "Ghi nhầm số"})
    stale = clerk.post(f"{place}/check", json={}, headers={"If-Match": seen})
    problem_of(stale, 412, "changed_meanwhile")
    assert clerk.get(place).json()["status"] == "read"
    now = {"If-Match": moved.headers["etag"]}
    assert clerk.post(f"{place}/check", json={}, headers=now).json()["checked_by"] == "mai.tran"
    with served.signed_in(agency=OTHER_AGENCY) as stranger:
        problem_of(stranger.post(f"{place}/check", json={}), 404, "not_found")


def test_the_bytes_come_as_they_were_kept(clerk: httpx.Client, paper: str) -> None:
    original = clerk.get(f"/api/v1/documents/{paper}/content", params={"form": "original"})
    assert (original.content, original.headers["content-type"]) == (page(1), "image/png")
    signed = clerk.get(f"/api/v1/documents/{paper}/content")
    assert signed.content.startswith(b"%PDF-")
    assert (
        hashlib.sha256(signed.content).hexdigest() == clerk.get(f"/api/v1/documents/{paper}").json()["sha256"]
    )
    assert AN not in str(signed.headers)
    beyond = clerk.get(f"/api/v1/documents/{paper}/content", params={"form": "original", "n": 2})
    problem_of(beyond, 404, "not_found")


def test_a_reading_and_the_codes_are_there(clerk: httpx.Client, paper: str) -> None:
    assert len(clerk.get(f"/api/v1/documents/{paper}/reading").json()["pages"]) == 1
    assert isinstance(clerk.get(f"/api/v1/documents/{paper}/codes").json()["codes"], list)


def test_the_diary_is_read_in_pages_and_each_look_is_a_line(clerk: httpx.Client, paper: str) -> None:
    place, lines, cursor = f"/api/v1/documents/{paper}/diary", [], None
    for _look in range(3):
        assert clerk.get(f"/api/v1/documents/{paper}").status_code == 200
    while True:
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page_of_lines = clerk.get(place, params=params).json()
        lines += page_of_lines["lines"]
        cursor = page_of_lines["next"]
        if cursor is None or len(lines) > 200:
            break
        assert len(page_of_lines["lines"]) == 3
    instants = [line["at"] for line in lines]
    assert instants == sorted(instants)
    assert {"receive", "read", "look_at"} <= {line["act"] for line in lines}
    titles = {line["act"]: (line["title"]["vi"], line["title"]["en"]) for line in lines}
    assert titles["receive"] == ("Tiếp nhận giấy tờ", "Take a paper in")
    assert {line["purpose"] for line in lines if line["person"] == "mai.tran"} == {"kiem-thu"}
    assert {line["document_id"] for line in lines} == {paper}
    for wrong in ("x", "MTI", "ÿÿ", "LS0tLS0="):
        problem_of(clerk.get(place, params={"cursor": wrong}), 422, "bad_cursor")


def test_an_owner_sees_its_paper_and_changes_nothing(
    served: Service, clerk: httpx.Client, paper: str
) -> None:
    owner = clerk.get(f"/api/v1/documents/{paper}").json()["owner_ids"][0]
    with served.signed_in("owner", owner_id=owner) as himself:
        assert himself.get(f"/api/v1/documents/{paper}").status_code == 200
        refused = himself.post(f"/api/v1/documents/{paper}/revoke", json={"reason": "x"})
        said = problem_of(refused, 403, "not_allowed")
        assert "cán bộ tiếp nhận, nhân viên bưu chính, cán bộ xử lý, người ký" in str(said["vi"])
        assert said["roles"] == [role for role in ActorRole if role not in {*CITIZENS, ActorRole.VERIFIER}]
    refused = clerk.post(f"/api/v1/documents/{paper}/revoke", json={"reason": "x"})
    said = problem_of(refused, 403, "not_allowed")
    assert (str(said["en"]).rpartition(": ")[2], said["roles"]) == ("handling officer.", ["handler"])
    with served.signed_in("owner", owner_id=str(uuid4())) as other:
        problem_of(other.get(f"/api/v1/documents/{paper}"), 404, "not_found")


def test_events_tell_a_job_until_it_has_ended(served: Service, clerk: httpx.Client) -> None:
    made = submit(clerk, page(3), AN, compared=False)
    with clerk.stream("GET", f"/api/v1/jobs/{made['job_id']}/events") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        lines = events.iter_lines()
        first = [next(lines), next(lines), next(lines)]
        assert first[0] == "id: 0-queued"
        read_all(served)
        rest = list(lines)
    assert '"state":"done"' in rest[-2]
    ids = [line.removeprefix("id: ") for line in rest if line.startswith("id: ")]
    assert all(re.fullmatch(r"\d+-[a-z]+(-\d+-\d+)?", id) for id in ids), ids
    place = f"/api/v1/jobs/{made['job_id']}/events"
    # Who saw an earlier state is told the last one, who saw the last one need not come back.
    late = clerk.get(place, headers={"Last-Event-ID": "0-queued"})
    assert late.text.startswith(f"id: {ids[-1]}\n")
    resumed = clerk.get(place, headers={"Last-Event-ID": ids[-1]})
    assert (resumed.status_code, resumed.content) == (204, b"")
    problem_of(clerk.get(f"/api/v1/jobs/{uuid4()}/events"), 404, "not_found")


def test_nobody_is_said_to_have_compared_what_nobody_said_to_have_compared(
    served: Service, clerk: httpx.Client
) -> None:
    """It once counted as compared by whoever sent it; the ground that it came with is kept for the check."""
    content = (SAMPLES / "trich_luc_khai_tu.png").read_bytes()
    body = {
        "uploads": [upload(clerk, content)["upload_id"]],
        "owners": [{"identifier": "040144985806"}],
        "ground": "back_file",
    }
    place = clerk.post("/api/v1/documents", json=body).headers["location"]
    read_all(served)
    waiting = clerk.get(place).json()
    said = (waiting["status"], waiting["compared_by"], waiting["checked_by"], waiting["ground"])
    assert said == ("read", None, None, "back_file")
    assert [one["code"] for one in waiting["waits"]] == ["waits_for_check", "waits_with_ground"]
    checked = check(clerk, place, source_form="original").json()
    assert (checked["compared_by"], checked["checked_by"]) == ("mai.tran", "mai.tran")
    read_all(served)
    valid = clerk.get(place).json()
    assert (valid["status"], valid["weight"]) == ("valid", "digitised")


def test_a_paper_brought_again_is_compared_by_whoever_says_so_now(
    served: Service, clerk: httpx.Client
) -> None:
    """It once waited on, though it was said; whoever has compared it is not another when it comes a third time."""
    content = (SAMPLES / "trich_luc_khai_tu.png").read_bytes() + b"another scan"
    body = {"owners": [{"identifier": "040144985806"}], "ground": "back_file"}
    place = ""
    for compared in (False, True, True):
        uploads = [upload(clerk, content)["upload_id"]]
        answer = clerk.post("/api/v1/documents", json={**body, "uploads": uploads, "compared": compared})
        place = answer.headers["location"]
        read_all(served)
    valid = clerk.get(place).json()
    assert (valid["status"], valid["compared_by"], valid["waits"]) == ("valid", "mai.tran", [])


def test_who_may_not_check_brings_it_again_and_it_waits(served: Service) -> None:
    with served.signed_in(person="buu.ta", role="postal") as postal:
        body = {"owners": [{"identifier": "040090001236"}], "type": "KET_HON"}
        place = ""
        for compared in (False, True):
            uploads = [upload(postal, page(8_642))["upload_id"]]
            answer = postal.post("/api/v1/documents", json={**body, "uploads": uploads, "compared": compared})
            assert answer.status_code == 202, answer.text
            place = answer.headers["location"]
            read_all(served)
        waiting = postal.get(place).json()
    assert (waiting["status"], [one["code"] for one in waiting["waits"]]) == ("read", ["waits_for_check"])


def test_a_paper_whose_doubt_has_ended_by_itself_still_says_what_it_waits_for(
    served: Service, clerk: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {
        "uploads": [upload(clerk, page(8_641))["upload_id"]],
        "owners": [{"identifier": "040990001235"}],
        "type": "KET_HON",
        "compared": True,
    }
    place = clerk.post("/api/v1/documents", json=body).headers["location"]
    read_all(served)
    assert [one["code"] for one in clerk.get(place).json()["waits"]] == ["waits_for_answer"]
    monkeypatch.setattr(House, "today", property(lambda _house: date(2399, 1, 1)))  # born meanwhile
    waiting = clerk.get(place).json()
    assert (waiting["status"], [one["code"] for one in waiting["waits"]]) == ("read", ["waits_for_check"])
    assert check(clerk, place).json()["status"] == "checked"


def test_who_may_not_check_brings_a_paper_whose_doubt_has_ended_again_and_it_waits(
    served: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was refused then, and had no receipt."""
    with served.signed_in(person="buu.ta", role="postal") as postal:
        submit(postal, page(8_643), "040990001237", type="KET_HON")
        read_all(served)
        monkeypatch.setattr(House, "today", property(lambda _house: date(2399, 1, 1)))  # born meanwhile
        again = submit(postal, page(8_643), "040990001237", type="KET_HON")
        assert (again["again"], again["status"]) == (True, "read")
        assert [one["code"] for one in again["warnings"]] == ["comparison_left_out"]


_UNUSUAL = {
    "999090001234": ["personal_id_province_unknown"],
    "040990001234": ["personal_id_not_yet_born"],
    "888790001234": ["personal_id_province_unknown", "personal_id_not_yet_born"],
}


@pytest.mark.parametrize("number", _UNUSUAL)
def test_an_unusual_personal_number_is_told_at_once_and_its_paper_waits_for_an_answer(
    served: Service, clerk: httpx.Client, number: str
) -> None:
    """Such papers once became valid without a word; the number itself may be right, a country has a code as well."""
    body = {
        "uploads": [upload(clerk, page(int(number[:3]) * 11))["upload_id"]],
        "owners": [{"identifier": number}],
        "type": "KET_HON",
        "ground": "back_file",
        "compared": True,
    }
    made = clerk.post("/api/v1/documents", json=body).json()
    assert [one["code"] for one in made["warnings"]] == _UNUSUAL[number]
    assert all(one["vi"] and one["en"] and number not in one["vi"] + one["en"] for one in made["warnings"])
    (owner,) = clerk.post("/api/v1/owners/search", json={"identifier": number}).json()["owners"]
    assert owner["warnings"] == made["warnings"]
    place = f"/api/v1/documents/{made['document_id']}"
    read_all(served)
    waiting = clerk.get(place).json()
    assert (waiting["status"], waiting["questions"]) == ("read", made["warnings"])
    assert waiting["waits"][0]["code"] == "waits_for_answer"
    assert check(clerk, place).status_code == 200
    read_all(served)
    assert clerk.get(place).json()["status"] == "valid"


def test_a_number_that_says_another_birth_year_than_the_owner_does_is_asked_about(
    clerk: httpx.Client,
) -> None:
    owner = {"identifier": "040090004321", "birth_date": "1991-03"}
    body = {"uploads": [upload(clerk, page(7))["upload_id"]], "owners": [owner]}
    made = clerk.post("/api/v1/documents", json=body).json()
    assert [one["code"] for one in made["warnings"]] == ["owner_born_otherwise"]


_KNOWN = {"identifier": "040090004322", "name": "Nguyễn Văn An", "birth_date": "1990-05-03"}


def bring(client: httpx.Client, shade: int, compared: bool = True, /, **owner: str) -> httpx.Response:
    """A paper that would become valid, of the owner who is known, about whom something else may be said."""
    body = {"type": "KET_HON", "ground": "back_file", "compared": compared, "owners": [_KNOWN | owner]}
    body["uploads"] = [upload(client, page(shade))["upload_id"]]
    return client.post("/api/v1/documents", json=body)


def codes_of(sentences: list[dict[str, str]]) -> list[str]:
    return [one["code"] for one in sentences]


@pytest.mark.parametrize(
    ("said", "shown", "codes"),
    [
        ({"birth_date": "1990-06"}, "1990-06", ["owner_stated_birth"]),
        ({"name": "Trần  Thị Bình"}, "Trần Thị Bình", ["owner_stated_name"]),
    ],
)
def test_what_is_said_of_an_owner_and_is_not_what_is_known_is_kept_and_its_paper_waits(
    served: Service, clerk: httpx.Client, said: dict[str, str], shown: str, codes: list[str]
) -> None:
    """Such a paper once became valid: nobody was asked, and what was said was lost."""
    bring(clerk, 9_310)
    answer = bring(clerk, 9_311 + len(shown), **said)
    place = answer.headers["location"]
    read_all(served)
    waiting = clerk.get(place).json()
    assert (waiting["status"], codes_of(waiting["questions"])) == ("read", codes)
    assert waiting["questions"] == answer.json()["warnings"]
    assert all(shown in waiting["questions"][0][language] for language in ("vi", "en"))
    assert codes_of(waiting["waits"]) == ["waits_for_answer", "waits_with_ground"]
    assert check(clerk, place).status_code == 200
    read_all(served)
    assert clerk.get(place).json()["status"] == "valid"


def test_what_says_the_same_of_an_owner_with_less_words_asks_nothing(
    served: Service, clerk: httpx.Client
) -> None:
    bring(clerk, 9_310)
    answer = bring(clerk, 9_330, name="NGUYEN VAN AN", birth_date="1990")
    read_all(served)
    assert (answer.json()["warnings"], clerk.get(answer.headers["location"]).json()["status"]) == (
        [],
        "valid",
    )


def test_a_paper_that_is_brought_again_for_somebody_called_otherwise_waits_as_well(
    served: Service, clerk: httpx.Client
) -> None:
    number, other = "040090004323", "Trần Thị Bình"
    bring(clerk, 9_331, identifier=number)
    for _ in range(2):
        again = bring(clerk, 9_331, identifier=number, name=other).json()
        assert (again["again"], codes_of(again["warnings"])) == (True, ["owner_stated_name"])
    read_all(served)
    place = f"/api/v1/documents/{again['document_id']}"
    assert codes_of(clerk.get(place).json()["waits"]) == ["waits_for_answer", "waits_with_ground"]
    # Where the wrong name was the known one, its correction ends the doubt; a person still checks.
    with served.house.datastore.begin(served.house.system("test"), "correct_owner") as work:
        owner = work.owners.find(number)
        assert owner is not None
        work.owners.rename(owner.id, name=other)
    corrected = clerk.get(place).json()
    assert (corrected["questions"], codes_of(corrected["waits"])) == (
        [],
        ["waits_for_check", "waits_with_ground"],
    )


def test_what_was_said_of_a_wrong_owner_is_not_asked_of_the_right_one(
    served: Service, clerk: httpx.Client
) -> None:
    bring(clerk, 9_310)
    place = bring(clerk, 9_332, birth_date="1991-01-01").headers["location"]
    read_all(served)
    right = {"owner": "040091004324", "reason": "Ghi nhầm số"}
    with served.signed_in("handler") as handler:
        assert handler.post(f"{place}/refile", json=right).json()["questions"] == []
    read_all(served)
    assert clerk.get(place).json()["status"] == "valid"


@pytest.mark.parametrize(
    ("number", "code"), [("04009000123", "bad_personal_id"), ("183456789", "old_number_only")]
)
def test_a_number_of_the_wrong_form_is_refused_with_what_is_expected(
    clerk: httpx.Client, number: str, code: str
) -> None:
    body = {"uploads": [upload(clerk, page(8))["upload_id"]], "owners": [{"identifier": number}]}
    problem_of(clerk.post("/api/v1/documents", json=body), 422, code)


def test_a_paper_that_was_misfiled_and_filed_again_for_its_owner_leaves_the_wrong_store(
    served: Service, clerk: httpx.Client
) -> None:
    """It was refused as held already, and there was no other way out of the wrong store."""
    wrong = submit(clerk, page(71), "040090007771", type="KET_HON", ground="back_file")["document_id"]
    right = submit(clerk, page(71), "040090007772", type="KET_HON", ground="back_file")["document_id"]
    read_all(served)
    place, owner = f"/api/v1/documents/{wrong}", {"owner": "040090007772", "reason": "Ghi nhầm số"}
    before = clerk.get(place).json()
    assert before["status"] == "valid"
    with served.signed_in("handler") as handler:
        away = handler.post(f"{place}/refile", json=owner).json()
        assert (away["status"], away["superseded_by"], away["reason"]) == ("revoked", right, "Ghi nhầm số")
        assert (away["codes"], away["owner_ids"]) == ([], [])
        problem_of(handler.post(f"{place}/refile", json=owner), 409, "illegal_transition")
    read_all(served)
    listed = clerk.get(f"/api/v1/stores/{before['owner_ids'][0]}/documents").json()["documents"]
    assert listed == []
    assert clerk.get(f"/api/v1/documents/{right}").json()["status"] == "valid"


def add_an_owner_and_take_it_out(clerk: httpx.Client, handler: httpx.Client, shade: int) -> None:
    """What an officer does with a paper of two that was filed for one of them, on whatever the service stands."""
    husband, wife, other = (f"04009000{shade}{n}" for n in range(3))
    made = submit(clerk, page(shade), husband, type="KET_HON")
    place = f"/api/v1/documents/{made['document_id']}/refile"
    added = {"add": wife, "reason": "Giấy của cả hai vợ chồng"}
    problem_of(clerk.post(place, json=added), 403, "not_allowed")
    both = handler.post(place, json=added).json()
    assert both["codes"] == [f"{husband}.KQ.G15.000032", f"{wife}.KQ.G15.000032"]
    for owner in both["owner_ids"]:
        listed = clerk.get(f"/api/v1/stores/{owner}/documents").json()["documents"]
        assert [one["document_id"] for one in listed] == [made["document_id"]]
    problem_of(handler.post(place, json=added), 409, "owner_there")
    problem_of(handler.post(place, json={"owner": other, "reason": "x"}), 422, "one_owner_only")
    stranger = {"owner": other, "away_from": "040090009999", "reason": "x"}
    problem_of(handler.post(place, json=stranger), 404, "not_found")

    wrong = {"owner": other, "away_from": wife, "reason": "Nhầm người"}
    assert handler.post(place, json=wrong).json()["codes"][1:] == [f"{other}.KQ.G15.000032"]
    out = {"away_from": other, "reason": "Cũng không phải"}
    assert handler.post(place, json=out).json()["owner_ids"] == both["owner_ids"][:1]
    assert clerk.get(f"/api/v1/stores/{both['owner_ids'][1]}/documents").json()["documents"] == []
    problem_of(handler.post(place, json={"away_from": husband, "reason": "x"}), 409, "last_owner")


def test_an_owner_is_added_and_taken_out(clerk: httpx.Client, handler: httpx.Client) -> None:
    add_an_owner_and_take_it_out(clerk, handler, 812)


def test_a_second_owner_of_a_paper_of_one_is_added_only_where_somebody_insists(
    clerk: httpx.Client, handler: httpx.Client
) -> None:
    """It stood in the store of somebody else as well, and nobody had been asked anything."""
    child, other, third = (f"04009000{n}4" for n in (816, 817, 818))
    made = submit(clerk, page(816), child, type="KHAI_SINH")
    place = f"/api/v1/documents/{made['document_id']}/refile"
    added = {"add": other, "reason": "Giấy của cả hai"}
    said = problem_of(handler.post(place, json=added), 409, "owners_enough")
    assert "Giấy khai sinh" in str(said["vi"])
    assert "insist" in str(said["en"])
    problem_of(clerk.post(place, json=added), 403, "not_allowed")
    problem_of(handler.post(place, json={**added, "add": child}), 409, "owner_there")
    both = handler.post(place, json={**added, "insist": True}).json()
    assert len(both["owner_ids"]) == 2
    married = submit(clerk, page(817), child, type="KET_HON")
    place = f"/api/v1/documents/{married['document_id']}/refile"
    assert len(handler.post(place, json=added).json()["owner_ids"]) == 2
    problem_of(handler.post(place, json={**added, "add": third}), 409, "owners_enough")


@pytest.mark.parametrize(
    "said", [{}, {"add": AN, "owner": AN}, {"add": AN, "away_from": AN}], ids=["nobody", "two", "both"]
)
def test_whose_a_paper_becomes_is_said_in_one_of_three_ways(
    handler: httpx.Client, paper: str, said: dict[str, str]
) -> None:
    answer = handler.post(f"/api/v1/documents/{paper}/refile", json={**said, "reason": "x"})
    problem_of(answer, 422, "refile_unclear")


def put_a_second_scan_away(clerk: httpx.Client, shade: int) -> None:
    """What a clerk does with a paper that was scanned twice, on whatever the service stands."""
    twice, kept, other = (
        submit(clerk, page(shade + n), f"0400900088{n // 2:02}", type="KET_HON")["document_id"]
        for n in range(3)
    )
    place = f"/api/v1/documents/{twice}"
    problem_of(put_away(clerk, place, other), 409, "not_the_same")
    problem_of(put_away(clerk, place, uuid4()), 404, "not_found")
    away = put_away(clerk, place, kept).json()
    assert (away["status"], away["superseded_by"], away["reason"]) == ("rejected", kept, "Quét hai lần")
    assert put_away(clerk, place, kept).json() == away
    problem_of(put_away(clerk, f"/api/v1/documents/{kept}", twice), 409, "illegal_transition")


def test_of_two_papers_it_is_said_which_one_was_not_found(clerk: httpx.Client, handler: httpx.Client) -> None:
    """Whoever mistyped the other one read that no document was found, and looked at the wrong number."""
    place = f"/api/v1/documents/{submit(clerk, page(839), '040090008853')['document_id']}"
    for other in (UUID(int=1), UUID(int=2**128 - 1)):  # whichever of the two is locked first
        missing = handler.post(f"{place}/supersede", json={"by": str(other), "reason": "x"})
        assert "giấy tờ kia" in str(problem_of(missing, 404, "not_found")["vi"])
        assert "giấy tờ kia" in str(problem_of(put_away(clerk, place, other), 404, "not_found")["vi"])
    itself = handler.post(f"/api/v1/documents/{uuid4()}/supersede", json={"by": place[-36:], "reason": "x"})
    assert "giấy tờ kia" not in str(problem_of(itself, 404, "not_found")["vi"])


def test_a_second_scan_is_put_away(clerk: httpx.Client) -> None:
    put_a_second_scan_away(clerk, 820)


def test_a_second_scan_is_put_away_only_as_it_was_seen(served: Service, clerk: httpx.Client) -> None:
    """Without a tag one was put away that somebody had typed, refiled or given a ground meanwhile; nothing brings it
    back."""
    twice, kept = (
        submit(clerk, page(shade), "040090008850", type="KET_HON")["document_id"] for shade in (833, 834)
    )
    place = f"/api/v1/documents/{twice}"
    seen, said = clerk.get(place).headers["etag"], {"duplicate_of": kept, "reason": "x"}
    for header in ({}, {"If-Match": "*"}):
        problem_of(clerk.post(f"{place}/put-away", json=said, headers=header), 428, "state_not_named")
    assert clerk.put(f"{place}/record", json={"fields": {"number": "1"}}).status_code == 200
    stale = clerk.post(f"{place}/put-away", json=said, headers={"If-Match": seen})
    problem_of(stale, 412, "changed_meanwhile")
    assert clerk.get(place).json()["status"] == "received"
    with served.signed_in(agency=OTHER_AGENCY) as stranger:
        problem_of(stranger.post(f"{place}/put-away", json=said), 404, "not_found")
    with served.signed_in("auditor") as auditor:
        problem_of(auditor.post(f"{place}/put-away", json=said), 403, "not_allowed")
    assert put_away(clerk, place, kept).json()["superseded_by"] == kept


def test_what_another_agency_put_a_paper_away_for_is_not_told_to_whoever_may_not_see_it(
    served: Service, clerk: httpx.Client
) -> None:
    """Whoever brought the file again was told the other agency's paper, which it could not open, and got no further."""
    dossier = "H41.08-261122-0852"
    opened = {"number": dossier, "procedure": "1.001193", "agency": OTHER_AGENCY}
    assert clerk.post("/api/v1/dossiers", json=opened).status_code == 201
    away = submit(clerk, page(852), "040090008852", type="KET_HON", dossier=dossier)["document_id"]
    with (
        served.signed_in(agency=OTHER_AGENCY) as other,
        served.signed_in("handler", agency=OTHER_AGENCY) as decides,
    ):
        refused = decides.post(f"/api/v1/dossiers/{dossier}/events", json={"kind": "refused", "note": "x"})
        assert refused.status_code == 201, refused.text
        kept = submit(other, page(853), "040090008852", type="KET_HON")["document_id"]
        assert put_away(other, f"/api/v1/documents/{away}", kept).status_code == 200
        problem_of(clerk.get(f"/api/v1/documents/{kept}"), 404, "not_found")
        there = submit(other, page(853), "040090008852", type="KET_HON")
        assert (there["again"], there["document_id"]) == (True, kept)
    anew = submit(clerk, page(852), "040090008852", type="KET_HON")
    assert anew["again"] is False
    assert anew["document_id"] not in (away, kept)


def test_a_second_scan_that_another_agency_has_stands_for_nothing_here(
    served: Service, clerk: httpx.Client
) -> None:
    made = submit(clerk, page(830), AN, type="KET_HON")
    with served.signed_in(agency=OTHER_AGENCY) as stranger:
        theirs = submit(stranger, page(831), AN, type="KET_HON")
    place = f"/api/v1/documents/{made['document_id']}"
    problem_of(put_away(clerk, place, theirs["document_id"]), 404, "not_found")
