"""Return paths, origins and cookie flags."""

from datetime import timedelta

import pytest
from fastapi import Response

from api.http.browser import BadReturnPath, Site, local_path

SITE = Site.at("https://kho.example.vn/")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (None, "/"),
        ("", "/"),
        ("/", "/"),
        ("/store?page=2&q=a%20b", "/store?page=2&q=a%20b"),
        ("/giấy-tờ", "/gi%E1%BA%A5y-t%E1%BB%9D"),
        ("/a//b", "/a//b"),
    ],
)
def test_a_path_of_this_site_is_where_one_returns_to(text: str | None, path: str) -> None:
    assert local_path(text) == path


@pytest.mark.parametrize(
    "text",
    [
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "\\\\elsewhere.example",
        "/path\\..\\x",
        "javascript:alert(1)",
        "store",
        " /store",
        "/\t/elsewhere.example",
        "/\n/elsewhere.example",
        "/store\r\nSet-Cookie: khoso=mine",
        "/store\x00",
        "/a b",
        "/\u2028x",
        "/\ud800",
        "/" + "a" * 2000,
    ],
)
def test_no_other_site_and_no_header_is_smuggled_into_a_return_path(text: str) -> None:
    with pytest.raises(BadReturnPath):
        local_path(text)


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"origin": "https://kho.example.vn"}, True),
        ({"origin": "https://kho.example.vn", "sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({}, False),
        ({"origin": "null"}, False),
        ({"origin": "https://elsewhere.example"}, False),
        ({"origin": "https://kho.example.vn.elsewhere.example"}, False),
        ({"origin": "http://kho.example.vn"}, False),
        ({"origin": "https://kho.example.vn", "sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "https://elsewhere.example", "sec-fetch-site": "same-origin"}, False),
    ],
)
def test_a_change_comes_from_an_own_page(headers: dict[str, str], own: bool) -> None:
    assert SITE.asked_by_own_page(headers) is own


def test_the_session_cookie_is_for_this_host_over_tls_and_for_no_script() -> None:
    response = Response()
    SITE.set_cookie(response, SITE.session_cookie, "token", timedelta(hours=8))
    name, _semicolon, flags = response.headers["set-cookie"].partition(";")
    assert name == "__Host-khoso=token"
    assert {flag.strip() for flag in flags.split(";")} == {
        "HttpOnly",
        "Max-Age=28800",
        "Path=/",
        "SameSite=lax",
        "Secure",
    }


def test_without_tls_the_cookie_has_the_plain_name() -> None:
    assert Site.at("http://127.0.0.1:8000").session_cookie == "khoso"
