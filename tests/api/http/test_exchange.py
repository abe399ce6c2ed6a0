"""The four addresses of official letter 7197: another system's document under its code."""

import base64
from typing import Any
from uuid import uuid4

import httpx

from tests.api.http.papers import AN, page, put_away, submit, upload
from tests.api.http.servers import OTHER_AGENCY, Service
from tests.api.http.test_problems import problem_of

_PLACE = "/api/v1/documents"


def metadata(code: str, **more: Any) -> dict[str, Any]:
    return {
        "DocCode": code,
        "TypeName": "Công văn",
        "CodeNumber": "21",
        "CodeNotation": "21/UBND-VP",
        "IssuedDate": "2026-11-20",
        "OrganName": "Ủy ban nhân dân phường Trường Vinh",
        "Subject": "V/v số hóa hồ sơ thủ tục hành chính",
        **more,
    }


def imported(client: httpx.Client, code: str, shade: int, **more: Any) -> httpx.Response:
    content = base64.b64encode(page(shade)).decode()
    return client.post(f"{_PLACE}/import", json=metadata(code, Content=content, **more))


def expected_at(answer: httpx.Response) -> dict[str, str]:
    """What a refused request says is expected, by the places."""
    said = problem_of(answer, 422, "request_invalid")
    faults = answer.json()["errors"]
    assert all(fault["pointer"] in str(said["vi"]) and fault["vi"] != fault["en"] for fault in faults)
    return {fault["pointer"]: fault["en"] for fault in faults}


def test_a_document_is_taken_in_read_changed_and_downloaded_under_its_code(
    served: Service, clerk: httpx.Client
) -> None:
    code = "G06.01_CV_000021_V1"
    made = imported(clerk, code, 20, Owners=[AN], Keyword="số hóa")
    assert (made.status_code, made.headers["location"]) == (201, f"{_PLACE}/{code}")
    found = clerk.get(f"{_PLACE}/{code}").json()
    assert (found["Subject"], found["Keyword"], found["Status"]) == (
        "V/v số hóa hồ sơ thủ tục hành chính",
        "số hóa",
        "received",
    )
    assert clerk.get(f"{_PLACE}/{found['DocumentId']}").json()["compared_by"] is None
    changed = clerk.put(f"{_PLACE}/{code}", json=metadata(code, Subject="Khác"))
    assert changed.json()["Subject"] == clerk.get(f"{_PLACE}/{code}").json()["Subject"] == "Khác"
    download = clerk.get(f"{_PLACE}/download/{code}")
    assert (download.content, download.headers["content-type"]) == (page(20), "image/png")
    with served.signed_in(agency=OTHER_AGENCY) as stranger:
        for place in (f"{_PLACE}/{code}", f"{_PLACE}/download/{code}"):
            problem_of(stranger.get(place), 404, "not_found")
        problem_of(stranger.put(f"{_PLACE}/{code}", json=metadata(code)), 404, "not_found")
        assert imported(stranger, code, 21).status_code == 201  # its own, under the same code


def test_a_code_names_one_document(clerk: httpx.Client) -> None:
    code = "G06.01_CV_000022_V1"
    first = imported(clerk, code, 22)
    assert imported(clerk, code, 22).json()["DocumentId"] == first.json()["DocumentId"]
    problem_of(imported(clerk, code, 23), 409, "already_there")
    otherwise = problem_of(imported(clerk, code, 22, Subject="Khác", Keyword="số hóa"), 409, "said_otherwise")
    assert "(Keyword, Subject)" in str(otherwise["en"])
    assert clerk.get(f"{_PLACE}/{code}").json()["Subject"] == "V/v số hóa hồ sơ thủ tục hành chính"
    other = metadata("G06.01_CV_000023_V1")
    assert expected_at(clerk.put(f"{_PLACE}/{code}", json=other)) == {
        "/body/DocCode": "The DocCode of the address is needed."
    }


def test_a_document_is_imported_again_when_its_scan_was_put_away_for_another(clerk: httpx.Client) -> None:
    """A lost answer is asked for again, whatever an officer has done meanwhile: it was 409, the code is taken."""
    code = "G06.01_CV_000027_V1"
    first = imported(clerk, code, 27, Owners=[AN]).json()["DocumentId"]
    stands = submit(clerk, page(28), AN, type="KET_HON")["document_id"]
    assert clerk.post(f"{_PLACE}/{first}/classify", json={"type": "KET_HON"}).status_code == 200
    assert put_away(clerk, f"{_PLACE}/{first}", stands).status_code == 200
    again = imported(clerk, code, 27, Owners=[AN])
    assert (again.status_code, again.json()["DocumentId"]) == (201, stands)
    problem_of(imported(clerk, code, 29, Owners=[AN]), 409, "already_there")


def test_a_file_that_was_uploaded_before_is_imported_by_its_id(clerk: httpx.Client) -> None:
    upload_id = upload(clerk, page(24))["upload_id"]
    body = metadata("G06.01_CV_000024_V1", UploadId=upload_id)
    assert clerk.post(f"{_PLACE}/import", json=body).status_code == 201
    one = "Just one of the two is needed: Content or UploadId."
    for both in (body | {"Content": "AAAA"}, metadata("G06.01_CV_000024_V1")):
        refused = clerk.post(f"{_PLACE}/import", json=both)
        assert expected_at(refused) == {"/body/Content": one, "/body/UploadId": one}
    problem_of(clerk.post(f"{_PLACE}/import", json={**body, "UploadId": str(uuid4())}), 404, "not_found")


def test_what_is_said_wrongly_is_refused(clerk: httpx.Client) -> None:
    problem_of(imported(clerk, "040090001234", 25), 422, "bad_exchange_code")
    problem_of(imported(clerk, "G06.01_CV_000025_V1", 25, CodeNumber="x" * 12), 422, "request_invalid")
    problem_of(imported(clerk, "G06.01_CV_000025_V1", 25, Subject="\u0000"), 422, "request_invalid")
    broken = metadata("G06.01_CV_000025_V1", Content="not base64 !")
    (said,) = expected_at(clerk.post(f"{_PLACE}/import", json=broken)).items()
    assert said == ("/body/Content", "A file in base64 is needed (RFC 4648, section 4), without white space.")
    nothing = metadata("G06.01_CV_000025_V1", Content=base64.b64encode(b"GIF89a").decode())
    problem_of(clerk.post(f"{_PLACE}/import", json=nothing), 415, "file_kind_unknown")
    neither = problem_of(clerk.get(f"{_PLACE}/123"), 422, "bad_exchange_code")
    assert "UUID" in str(neither["vi"]), "it spoke of a DocCode only"
    assert "DocCode" in str(neither["vi"])
    problem_of(clerk.get(f"{_PLACE}/G06.01_CV_999999_V1"), 404, "not_found")
