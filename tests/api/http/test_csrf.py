"""A change asked for with a cookie comes from a page of ours; a token in a header needs no such proof."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter

from api.house import open_house
from api.http import make_app
from api.http.browser import PublicUrlMissing
from api.http.identity import CSRF_HEADER, Who
from api.settings import Environment, Settings
from tests.api.http.servers import Quiet, Service, serving


@pytest.fixture(scope="module")
def changing(served: Service) -> Service:
    """A service with a route that changes something."""
    router = APIRouter()

    @router.post("/change")
    def change(who: Who) -> str:
        return who.person

    served.app.include_router(router)
    return served


@pytest.fixture
def browser(changing: Service) -> Iterator[httpx.Client]:
    """Somebody who signed in with a browser: the cookie, the token and the headers of a page of ours."""
    with changing.client() as client:
        answer = client.post("/dev/sign-in", json={"person": "mai.tran"})
        assert client.cookies.get("khoso") == answer.json()["token"]
        client.headers.update({"Origin": changing.url, CSRF_HEADER: answer.json()["csrf"]})
        yield client


def test_a_page_of_ours_changes(browser: httpx.Client) -> None:
    assert browser.post("/change").json() == "mai.tran"
    assert browser.post("/change", headers={"Sec-Fetch-Site": "same-origin"}).json() == "mai.tran"


@pytest.mark.parametrize(
    "headers",
    [
        {CSRF_HEADER: ""},
        {CSRF_HEADER: "guessed"},
        {CSRF_HEADER: "\xff"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_foreign_page_changes_nothing(browser: httpx.Client, headers: dict[str, str]) -> None:
    answer = browser.post(
        "/change", headers={name.encode(): value.encode("latin-1") for name, value in headers.items()}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_missing")


def test_a_request_that_says_nothing_of_its_page_changes_nothing(browser: httpx.Client) -> None:
    del browser.headers["Origin"]
    assert browser.post("/change").status_code == 403


@pytest.mark.parametrize(
    ("left_out", "named"),
    [
        (["Origin"], "Origin / Sec-Fetch-Site"),
        ([CSRF_HEADER], CSRF_HEADER),
        (["Origin", CSRF_HEADER], f"{CSRF_HEADER}, Origin / Sec-Fetch-Site"),
    ],
)
def test_what_a_change_lacks_is_named_and_what_to_send(
    changing: Service, browser: httpx.Client, left_out: list[str], named: str
) -> None:
    for name in left_out:
        del browser.headers[name]
    said = browser.post("/change").json()
    assert said["en"].startswith(f"{named} is missing or wrong.")
    for language in ("vi", "en"):
        assert f"Origin: {changing.url}" in said[language]


def test_a_name_of_somebody_elses_for_this_machine_is_not_ours(browser: httpx.Client) -> None:
    rebound = {"Host": "elsewhere.example", "Origin": "http://elsewhere.example"}
    assert browser.post("/change", headers=rebound).status_code == 403


def test_a_token_in_a_header_needs_no_page(changing: Service) -> None:
    with changing.signed_in() as client:
        assert client.post("/change", headers={"Origin": "https://elsewhere.example"}).status_code == 200


def test_production_needs_to_know_where_browsers_find_it(tmp_path: Path) -> None:
    development = Settings(data_dir=tmp_path, workers=1)
    with open_house(development, Quiet()) as house:
        for url in (None, "http://kho.example.vn"):
            real = development.model_copy(update={"env": Environment.PRODUCTION, "public_url": url})
            with pytest.raises(PublicUrlMissing):
                make_app(replace(house, settings=real))


def test_behind_tls_the_cookie_is_for_this_host_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, workers=1, public_url="https://kho.example.vn")
    with (
        open_house(settings, Quiet()) as house,
        serving(make_app(house, development_sign_in=True), house) as up,
        up.client() as client,
    ):
        cookie = client.post("/dev/sign-in", json={}).headers["set-cookie"]
    name, *flags = (part.strip().lower() for part in cookie.split(";"))
    assert name.startswith("__host-khoso=")
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= set(flags)
    assert not any(flag.startswith("domain") for flag in flags)
