"""The token endpoint's grammar: RFC 6749, sections 2.3.1, 3.2, 4.4.2 and 5.2."""

import base64

import pytest

from api.http.oauth_forms import (
    FORM,
    ClientSecret,
    OAuthFault,
    read_client,
    read_form,
    read_token_request,
)


def basic(text: str | bytes) -> str:
    return "Basic " + base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def test_a_form_is_read_and_empty_parameters_are_as_good_as_left_out() -> None:
    form = read_form(f"{FORM}; charset=utf-8", b"grant_type=client_credentials&scope=&client_id=a%20b")
    assert form == {"grant_type": "client_credentials", "client_id": "a b"}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        (None, b"a=b"),
        (FORM, b"a=1&a=2"),
        (FORM, b"scope=x&scope="),
        (FORM, b"no form"),
        (FORM, b"a=\xff"),
        (FORM, b"a=%ff"),
        (FORM, b"&".join(b"a%d=1" % number for number in range(100))),
    ],
)
def test_what_is_no_form_is_an_invalid_request(kind: str | None, body: bytes) -> None:
    with pytest.raises(OAuthFault) as refused:
        read_form(kind, body)
    assert refused.value.error == "invalid_request"


def test_a_client_shows_its_secret_in_the_header_or_in_the_body() -> None:
    assert read_client(basic("one%3A:s%20e+c"), {}) == ClientSecret("one:", "s e c")
    assert read_client(None, {"client_id": "one", "client_secret": "s"}) == ClientSecret("one", "s")
    assert read_client(basic("one:s"), {"client_id": "one"}) == ClientSecret("one", "s")
    assert "s3cret" not in repr(ClientSecret("one", "s3cret"))


@pytest.mark.parametrize(
    ("authorization", "form", "error"),
    [
        (None, {}, "invalid_client"),
        (None, {"client_id": "one"}, "invalid_client"),
        ("Bearer abc", {}, "invalid_client"),
        ("Basic", {}, "invalid_client"),
        ("Basic ***", {}, "invalid_client"),
        (basic("no colon"), {}, "invalid_client"),
        (basic(b"\xff:\xff"), {}, "invalid_client"),
        (basic("one:%ff"), {}, "invalid_client"),
        (basic("one:s"), {"client_secret": "s"}, "invalid_request"),
        (basic("one:s"), {"client_id": "two"}, "invalid_request"),
    ],
)
def test_a_client_that_is_badly_named_is_refused(
    authorization: str | None, form: dict[str, str], error: str
) -> None:
    with pytest.raises(OAuthFault) as refused:
        read_client(authorization, form)
    assert refused.value.error == error


def test_scopes_and_resource_are_read() -> None:
    form = {"grant_type": "client_credentials", "scope": "b a  a", "resource": "https://kho.example.vn"}
    asked = read_token_request(basic("one:s"), form)
    assert (asked.scopes, asked.resource) == (frozenset({"a", "b"}), "https://kho.example.vn")
    assert read_token_request(basic("one:s"), {"grant_type": "client_credentials"}).scopes is None


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "x" * 2000}, "invalid_scope"),
    ],
)
def test_other_grants_are_not_given(form: dict[str, str], error: str) -> None:
    with pytest.raises(OAuthFault) as refused:
        read_token_request(basic("one:s"), form)
    assert refused.value.error == error
