"""What a store holds over HTTP: found by number in a body, listed in pages that stand still, searched."""

from typing import Any

import httpx
import pytest

from tests.api.http.papers import AN, BINH, page, submit
from tests.api.http.servers import OTHER_AGENCY, Service
from tests.api.http.test_problems import problem_of


@pytest.fixture(scope="module")
def owner(served: Service) -> str:
    """The id of an owner of seven papers."""
    with served.signed_in() as client:
        for n in range(7):
            submit(client, page(100 + n), AN, type="KET_HON" if n % 2 else "KHAI_TU")
        (found,) = client.post("/api/v1/owners/search", json={"identifier": AN}).json()["owners"]
    return str(found["owner_id"])


def listed(client: httpx.Client, owner: str, **params: Any) -> dict[str, Any]:
    answer = client.get(f"/api/v1/stores/{owner}/documents", params=params)
    assert answer.status_code == 200, answer.text
    documents: dict[str, Any] = answer.json()
    return documents


def test_an_owner_is_found_by_number_and_its_store_by_id(clerk: httpx.Client, owner: str) -> None:
    store = clerk.get(f"/api/v1/stores/{owner}").json()
    assert store["owner_id"] == owner
    assert clerk.post("/api/v1/owners/search", json={"identifier": BINH}).json() == {"owners": []}
    problem_of(clerk.post("/api/v1/owners/search", json={"identifier": "12345"}), 422, "bad_personal_id")
    problem_of(clerk.get("/api/v1/stores/01981111-1111-7111-8111-111111111111"), 404, "not_found")


def test_what_is_known_of_an_owner_is_corrected_with_its_reason_in_the_diary(
    served: Service, clerk: httpx.Client
) -> None:
    """The first name that was said of a number stood for good, and its citizen could not sign in by another."""
    submit(clerk, page(301), "040185001239")
    (found,) = clerk.post("/api/v1/owners/search", json={"identifier": "040185001239"}).json()["owners"]
    place = f"/api/v1/owners/{found['owner_id']}/record"
    said = {
        "name": " Lê  Thị Bưởi ",
        "birth_date": "1985-02-28",
        "state": "deceased",
        "reason": "Giấy báo tử 12",
    }
    with served.signed_in("postal") as postal:
        problem_of(postal.put(place, json=said), 403, "not_allowed")
    for wrong in ({"birth_date": "1985-02-31"}, {"name": ""}, {"reason": ""}, {"state": "asleep"}):
        problem_of(clerk.put(place, json={**said, **wrong}), 422, "request_invalid")
    known = clerk.put(place, json=said).json()
    assert (known["name"], known["birth_date"], known["state"]) == ("Lê Thị Bưởi", "1985-02-28", "deceased")
    again = clerk.put(place, json={"name": "Lê Thị Bưởi", "reason": "Giấy báo tử 12"}).json()
    assert again == known, "what is left out stays"
    mistyped = clerk.put(place, json={**said, "nmae": "x"})
    problem_of(mistyped, 422, "request_invalid")
    (fault,) = mistyped.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/body/nmae", "extra_forbidden")
    assert "There is no field of this name" in fault["en"]
    with served.signed_in("handler") as handler:
        lines = handler.get(f"/api/v1/owners/{found['owner_id']}/diary").json()["lines"]
        assert ("correct_owner", "Giấy báo tử 12") in {(line["act"], line["note"]) for line in lines}
    with served.signed_in("handler", agency=OTHER_AGENCY) as stranger:
        problem_of(stranger.put(place, json=said), 404, "not_found")


def test_what_is_known_of_an_owner_is_read_by_who_may_correct_it_and_corrected_as_it_was_seen(
    served: Service, clerk: httpx.Client
) -> None:
    """It could be put and not be read; of two who corrected it at once, the second never saw the first."""
    submit(clerk, page(302), "040185001247")
    (found,) = clerk.post("/api/v1/owners/search", json={"identifier": "040185001247"}).json()["owners"]
    place = f"/api/v1/owners/{found['owner_id']}/record"
    seen = clerk.get(place)
    assert seen.json() == found
    tag = seen.headers["etag"]
    assert clerk.get(place, headers={"If-None-Match": tag}).status_code == 304
    said = {"name": "Lê Thị Bưởi", "birth_date": "1985", "reason": "Căn cước"}
    corrected = clerk.put(place, json=said, headers={"If-Match": tag})
    assert corrected.headers["etag"] == clerk.get(place).headers["etag"] != tag
    problem_of(clerk.put(place, json=said, headers={"If-Match": tag}), 412, "changed_meanwhile")
    of_a_paper = problem_of(clerk.put(place, json=said, headers={"If-Match": '"d7"'}), 422, "bad_header")
    assert 'ví dụ "o' in str(of_a_paper["vi"]), "the example is an owner's tag"
    assert clerk.get(place).json() == corrected.json()
    with served.signed_in("postal") as postal:
        problem_of(postal.get(place), 403, "not_allowed")
    with served.signed_in("handler", agency=OTHER_AGENCY) as stranger:
        problem_of(stranger.get(place), 404, "not_found")
    problem_of(clerk.get(place, headers={"Khoso-Purpose": ""}), 422, "purpose_missing")
    with served.signed_in("handler") as handler:
        lines = handler.get(f"/api/v1/owners/{found['owner_id']}/diary").json()["lines"]
    assert "look_at_owner" in {line["act"] for line in lines}


def test_pages_hold_every_paper_once_also_when_others_are_taken_in_meanwhile(
    clerk: httpx.Client, owner: str
) -> None:
    all_of_them = [one["document_id"] for one in listed(clerk, owner)["documents"]]
    seen, cursor = [], None
    for n in range(20):
        found = listed(clerk, owner, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [one["document_id"] for one in found["documents"]]
        cursor = found["next"]
        if cursor is None:
            break
        submit(clerk, page(200 + n), AN)
    assert seen == all_of_them
    assert AN not in str(cursor)


def test_a_store_is_listed_by_status_and_by_any_code_of_a_type(clerk: httpx.Client, owner: str) -> None:
    local = listed(clerk, owner, type="KET_HON")["documents"]
    national = listed(clerk, owner, type="KQ.G15.000032")["documents"]
    assert local == national
    assert {one["type"] for one in local} == {"KQ.G15.000032"}
    assert listed(clerk, owner, status="valid")["documents"] == []
    wrong = clerk.get(f"/api/v1/stores/{owner}/documents", params={"status": "lost"})
    problem_of(wrong, 422, "request_invalid")
    many = clerk.get(f"/api/v1/stores/{owner}/documents", params={"limit": 1000})
    problem_of(many, 422, "request_invalid")


def test_another_agency_sees_an_empty_store(served: Service, owner: str) -> None:
    with served.signed_in(agency=OTHER_AGENCY) as stranger:
        assert listed(stranger, owner)["documents"] == []
        found = stranger.post("/api/v1/search", json={"words": AN}).json()
        assert found == {"documents": [], "more": False}


def test_papers_are_found_by_words(clerk: httpx.Client, owner: str) -> None:
    found = clerk.post("/api/v1/search", json={"words": AN, "field": "owner", "limit": 3}).json()
    assert (len(found["documents"]), found["more"]) == (3, True)
    for odd in ('"', "*", "a OR b", "NEAR(", "-", "'; --", "%", "đ" * 200):
        assert clerk.post("/api/v1/search", json={"words": odd}).status_code == 200, odd


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("khai tử", {"KHAI_TU"}),
        ("khai tu", {"KHAI_TU"}),
        ("death", {"KHAI_TU"}),
        ("khai_tu", {"KHAI_TU"}),
        ("KET_HON", {"KQ.G15.000032"}),
        ("kq.g15.000032", {"KQ.G15.000032"}),
        ("kết hôn", {"KQ.G15.000032"}),
        ("khai tú", set()),
        ("khai tử và không có", set()),
    ],
)
def test_papers_are_found_by_any_name_and_code_of_their_type(
    clerk: httpx.Client, owner: str, words: str, found: set[str]
) -> None:
    """The documentation had an answer for a name, and only the code that is shown today was found."""
    assert listed(clerk, owner)["documents"], "the papers are there"
    answer = clerk.post("/api/v1/search", json={"words": words, "field": "type"})
    assert {one["type"] for one in answer.json()["documents"]} == found
