"""A paper copy over HTTP: numbered at once, sealed and drawn in jobs, fetched, checked, taken back."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bench.faults.checker import unverified
from tests.api.http.papers import page, submit
from tests.api.http.servers import OTHER_AGENCY, Service
from tests.api.http.test_documents import read_all
from tests.api.http.test_problems import problem_of

_SAMPLES = Path(__file__).parents[3] / "samples"
_OWNER = "040144985806"
_ASKED = {"to": "Ngân hàng", "reason": "Vay vốn"}


@pytest.fixture(scope="module")
def valid(served: Service) -> str:
    """A valid paper, read and signed for real: its id."""
    with served.signed_in("handler") as client:
        made = submit(client, (_SAMPLES / "trich_luc_khai_tu.png").read_bytes(), _OWNER, ground="back_file")
        read_all(served)
    return str(made["document_id"])


def printed(client: httpx.Client, document: str) -> dict[str, Any]:
    answer = client.post(f"/api/v1/documents/{document}/prints", json=_ASKED)
    assert answer.status_code == 202, answer.text
    entry: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/api/v1/prints/{entry['print_id']}"
    return entry


def test_a_print_is_made_fetched_checked_and_taken_back(
    served: Service, clerk: httpx.Client, valid: str
) -> None:
    entry = printed(clerk, valid)
    place = f"/api/v1/prints/{entry['print_id']}"
    assert (entry["number"], entry["state"]) == (1, "requested")
    problem_of(clerk.get(f"{place}/content"), 409, "print_not_ready")
    read_all(served)
    ready = clerk.get(place).json()
    assert (ready["state"], ready["sealed"], ready["pages"]) == ("ready", True, 1)
    sheets = clerk.get(f"{place}/content")
    assert (sheets.status_code, sheets.content[:5]) == (200, b"%PDF-")
    with served.client() as anybody:
        said = anybody.post("/api/v1/verify", json={"text": ready["link"]}).json()
        assert (said["verdict"], said["status"]) == ("TOTAL-PASSED", "good")
        by_code = anybody.post("/api/v1/verify", json={"text": ready["short_code"].lower()}).json()
        assert by_code["status"] == "good"
        assert anybody.post("/api/v1/verify/file", content=sheets.content).json()["status"] == "good"
        revoked = clerk.post(f"{place}/revoke", json={"reason": "Thất lạc"}).json()
        assert revoked["revoke_reason"] == "Thất lạc"
        assert (
            anybody.post("/api/v1/verify", json={"text": ready["short_code"]}).json()["status"] == "revoked"
        )
        read_all(served)
        served.app.state.published._look_again = 0.0
        assert anybody.post("/api/v1/verify", json={"text": ready["link"]}).json()["status"] == "revoked"


def test_prints_are_numbered_listed_in_pages_and_made_once_for_each_key(
    clerk: httpx.Client, valid: str
) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    place = f"/api/v1/documents/{valid}/prints"
    first = clerk.post(place, json=_ASKED, headers=headers)
    assert clerk.post(place, json=_ASKED, headers=headers).text == first.text
    printed(clerk, valid)
    numbers, after = [], 0
    while after is not None:
        found = clerk.get(place, params={"after": after, "limit": 1}).json()
        numbers += [one["number"] for one in found["prints"]]
        after = found["next"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers[-1] == first.json()["number"] + 1


def test_what_may_not_be_printed_or_seen_is_refused(served: Service, clerk: httpx.Client, valid: str) -> None:
    unread = submit(clerk, page(1), _OWNER)["document_id"]
    refused = clerk.post(f"/api/v1/documents/{unread}/prints", json=_ASKED)
    problem_of(refused, 409, "not_printable")
    entry = printed(clerk, valid)
    with served.signed_in(agency=OTHER_AGENCY) as stranger:
        for place in ("", "/content"):
            problem_of(stranger.get(f"/api/v1/prints/{entry['print_id']}{place}"), 404, "not_found")
        taken = stranger.post(f"/api/v1/prints/{entry['print_id']}/revoke", json={"reason": "x"})
        problem_of(taken, 404, "not_found")
    problem_of(clerk.get(f"/api/v1/prints/{uuid4()}"), 404, "not_found")
    blank = clerk.post(f"/api/v1/documents/{valid}/prints", json={"to": " ", "reason": "x"})
    problem_of(blank, 422, "request_invalid")


class _Swapped(httpx.HTTPTransport):
    """A line on which one address is answered with what lies at another."""

    def __init__(self, asked: str, answered: str) -> None:
        super().__init__()
        self._asked, self._answered = asked, answered

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == self._asked:
            request.url = request.url.copy_with(path=self._answered)
        return super().handle_request(request)


def test_the_checker_of_the_soak_finds_a_wrong_print(
    served: Service, clerk: httpx.Client, valid: str
) -> None:
    """Nothing showed that its comparison could fail."""
    good, other, revoked = (printed(clerk, valid) for _ in range(3))
    read_all(served)
    served.app.state.published._look_again = 0.0
    place = "/api/v1/prints"
    assert list(unverified(clerk, [good, other])) == []

    assert clerk.post(f"{place}/{revoked['print_id']}/revoke", json={"reason": "x"}).is_success
    (told,) = unverified(clerk, [good, revoked])
    assert told.startswith(f"{place}/{revoked['print_id']}: /api/v1/verify says ")
    (told,) = unverified(clerk, [good, {**good, "number": other["number"]}])
    assert told.endswith("is another one")
    (told,) = unverified(clerk, [{**good, "print_id": str(uuid4())}])
    assert "404" in told
    # The register is right, and what is handed out are the sheets of another one, genuine and in force.
    swapped = _Swapped(f"{place}/{good['print_id']}/content", f"{place}/{other['print_id']}/content")
    with httpx.Client(
        base_url=served.url, headers=clerk.headers, transport=swapped, timeout=clerk.timeout
    ) as misled:
        assert list(unverified(misled, [good])) == [
            f"{place}/{good['print_id']}: /api/v1/verify/file knows it as another one"
        ]
