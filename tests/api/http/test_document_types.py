"""The types of papers over HTTP: all of them, as the agency of whoever asks knows them on a day."""

from datetime import date

import httpx

from api.client import Client
from datastore import OverrideKind
from tests.api.http.servers import OTHER_AGENCY, Service
from tests.api.http.test_problems import problem_of

_PLACE = "/api/v1/document-types"


def test_every_type_is_listed_with_its_codes_and_fields(served: Service, clerk: httpx.Client) -> None:
    """A new user had to read the source to learn what `type` may be."""
    answer = clerk.get(_PLACE)
    types = {one["local"]: one for one in answer.json()["types"]}
    assert types.keys() == {one.local for one in served.house.catalogue}
    birth = types["KHAI_SINH"]
    assert (birth["code"], birth["national"], birth["name"]) == (
        "KQ.G15.000031",
        "KQ.G15.000031",
        "Giấy khai sinh",
    )
    assert {"full_name", "personal_id"} <= set(birth["fields"])
    for code in (one["code"] for one in birth["codes"]):
        assert served.house.catalogue.find(code).local == "KHAI_SINH"
    tag = answer.headers["etag"]
    assert clerk.get(_PLACE, headers={"If-None-Match": tag}).status_code == 304
    problem_of(clerk.get(_PLACE, params={"on": "2026-02-30"}), 422, "request_invalid")
    with served.client() as nobody:
        problem_of(nobody.get(_PLACE), 401, "sign_in_needed")


def test_a_type_has_the_code_that_its_agency_gave_it_from_the_day_on(
    served: Service, clerk: httpx.Client
) -> None:
    value = {"local": "GPXD", "national": "KQ.G17.000123"}
    with served.house.datastore.begin(served.house.system("tests"), "import_catalogue") as work:
        work.overrides.put(
            OverrideKind.CATALOGUE, "GPXD", value, valid_from=date(2030, 1, 1), decision="01/QĐ-VPCP"
        )

    def shown(client: httpx.Client, on: str) -> str:
        types = client.get(_PLACE, params={"on": on}).json()["types"]
        return next(str(one["code"]) for one in types if one["local"] == "GPXD")

    assert [shown(clerk, day) for day in ("2029-12-31", "2030-01-01")] == ["GPXD", "KQ.G17.000123"]
    with served.signed_in(agency=OTHER_AGENCY) as stranger:
        assert shown(stranger, "2030-01-01") == "GPXD"


def test_the_client_lists_them(served: Service, clerk: httpx.Client) -> None:
    token = clerk.headers["Authorization"].removeprefix("Bearer ")
    with Client(served.url, token=token) as kho:
        types = {one.local: one for one in kho.document_types(on=date(2026, 11, 26))}
    assert types["KET_HON"].codes == ("KET_HON", "KQ.G15.000032")
