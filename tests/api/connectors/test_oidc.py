"""The relying party against a real provider's process, and against one that lies."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey, RSAKey

from api.connectors.bounded_http import MOST_BYTES, Unusable, fetch_json, is_safe_url, make_client
from api.connectors.oidc import (
    Callback,
    ProvenIdentity,
    Provider,
    ProviderUnreachable,
    RelyingParty,
    SignInRefused,
)
from api.connectors.oidc_tokens import ProviderKeys
from common import Clock, utc_now
from tests.api.providers import (
    CLIENT_ID,
    CLIENT_SECRET,
    Claims,
    LyingProvider,
    consent,
    lying_provider,
    real_provider,
)

AN: Claims = {
    "sub": "an",
    "name": "Nguyễn Văn An",
    "personal_number": "040090001234",
    "birthdate": "1990-05-03",
}
BACK = "http://127.0.0.1:8000/sign-in/callback"


def registered(issuer: str) -> Provider:
    """This installation as the provider knows it."""
    return Provider(issuer, CLIENT_ID, CLIENT_SECRET, BACK, loopback_http=True)


@pytest.fixture(scope="module")
def real() -> Iterator[str]:
    with real_provider(AN) as issuer:
        yield issuer


@pytest.fixture
def liar() -> Iterator[LyingProvider]:
    with lying_provider() as provider:
        yield provider


def callback(url: httpx.URL) -> Callback:
    return Callback(url.params.get("code"), url.params.get("error"), url.params.get("iss"))


async def at_the_door(
    party: RelyingParty, subject: str | None = "an", *, step_up: bool = False
) -> ProvenIdentity:
    """The whole way of a person at a provider."""
    address, attempt = await party.begin(step_up=step_up)
    back = await asyncio.to_thread(consent, address, subject)
    # The real one forgets the state when it brings a no.
    assert back.params.get("state", attempt.state) == attempt.state
    return await party.complete(attempt, callback(back))


def sign_in(
    provider: Provider, subject: str | None = "an", *, step_up: bool = False, clock: Clock = utc_now
) -> ProvenIdentity:
    async def whole() -> ProvenIdentity:
        party = RelyingParty(provider, clock)
        try:
            return await at_the_door(party, subject, step_up=step_up)
        finally:
            await party.close()

    return asyncio.run(whole())


def test_a_real_provider_says_who_is_there(real: str) -> None:
    who = sign_in(registered(real))
    assert (who.subject, who.text("name"), who.text("personal_number")) == ("an", AN["name"], "040090001234")


def test_whoever_says_no_at_the_provider_is_not_signed_in(real: str) -> None:
    with pytest.raises(SignInRefused) as refused:
        sign_in(registered(real), None)
    assert refused.value.facts == {"reason": "denied"}


def test_a_real_code_is_taken_once(real: str) -> None:
    async def twice() -> None:
        party = RelyingParty(registered(real), utc_now)
        try:
            address, attempt = await party.begin()
            back = await asyncio.to_thread(consent, address, "an")
            await party.complete(attempt, callback(back))
            await party.complete(attempt, callback(back))
        finally:
            await party.close()

    with pytest.raises(SignInRefused) as refused:
        asyncio.run(twice())
    assert refused.value.facts == {"reason": "code"}


def test_a_step_up_asks_for_a_new_proof_and_needs_its_time(liar: LyingProvider) -> None:
    assert sign_in(registered(liar.issuer), step_up=True).subject == "person-1"
    liar.signed_in_at = lambda: time.time() - 3600
    with pytest.raises(SignInRefused) as refused:
        sign_in(registered(liar.issuer), step_up=True)
    assert refused.value.facts == {"reason": "auth_time"}


def test_a_provider_that_does_not_say_when_is_no_step_up(liar: LyingProvider) -> None:
    liar.alter = _changed(auth_time=None)
    with pytest.raises(SignInRefused) as refused:
        sign_in(registered(liar.issuer), step_up=True)
    assert refused.value.facts == {"reason": "auth_time"}


def test_a_real_provider_steps_up(real: str) -> None:
    assert sign_in(registered(real), step_up=True).subject == "an"


def test_a_sign_in_is_as_strong_as_a_step_up_at_a_level_that_one_asks_for(liar: LyingProvider) -> None:
    provider = replace(registered(liar.issuer), step_up_acr_values=("LoA3",))
    for level, strong in (("LoA2", False), ("LoA3", True), (None, False)):
        liar.alter = _changed(acr=level)
        assert sign_in(provider).as_strong_as_step_up is strong
    assert sign_in(registered(liar.issuer)).as_strong_as_step_up  # no level is asked for


def test_an_elliptic_key_signs_as_well(liar: LyingProvider) -> None:
    liar.sign = lambda claims: liar.jws(claims, liar.ec)
    assert sign_in(registered(liar.issuer)).subject == "person-1"


def test_nothing_of_a_person_is_in_a_repr(real: str) -> None:
    who = sign_in(registered(real))
    assert "040090001234" not in repr(who)
    assert "an'" not in repr(who)


def test_a_needed_level_of_assurance_is_needed(liar: LyingProvider) -> None:
    provider = replace(registered(liar.issuer), acr_values=("LoA2", "LoA3"))
    with pytest.raises(SignInRefused) as refused:
        sign_in(provider)
    assert refused.value.facts == {"reason": "acr"}
    liar.person["acr"] = "LoA3"
    assert sign_in(provider).acr == "LoA3"


def _changed(**changes: object) -> Callable[[Claims], Claims]:
    """Claims with these changed; None takes one away."""
    return lambda claims: {name: value for name, value in (claims | changes).items() if value is not None}


_NOW = int(time.time())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_changed(iss="https://elsewhere.example"), "issuer"),
        (_changed(iss=None), "issuer"),
        (_changed(aud="somebody-else"), "audience"),
        (_changed(aud=[CLIENT_ID, "somebody-else"]), "audience"),
        (_changed(aud=None), "audience"),
        (_changed(azp="somebody-else"), "authorized_party"),
        (_changed(nonce="of another attempt"), "nonce"),
        (_changed(nonce=None), "nonce"),
        (_changed(exp=_NOW - 3600), "expired"),
        (_changed(exp=None), "expired"),
        (_changed(exp="tomorrow"), "exp"),
        (_changed(exp=True), "exp"),
        (_changed(exp=1e300), "exp"),
        (_changed(iat=_NOW - 86_400), "issued_at"),
        (_changed(iat=_NOW + 86_400), "issued_at"),
        (_changed(iat=None), "issued_at"),
        (_changed(nbf=_NOW + 86_400), "not_yet"),
        (_changed(at_hash="AAAA"), "at_hash"),
        (_changed(sub=None), "subject"),
        (_changed(sub=""), "subject"),
        (_changed(sub=7), "subject"),
        (_changed(sub="x" * 256), "subject"),
    ],
)
def test_an_id_token_with_a_wrong_claim_is_refused(
    liar: LyingProvider, change: Callable[[Claims], Claims], reason: str
) -> None:
    liar.alter = change
    with pytest.raises(SignInRefused) as refused:
        sign_in(registered(liar.issuer))
    assert refused.value.facts == {"reason": reason}


def _segments(header: object, claims: object) -> str:
    parts = [json.dumps(part).encode() for part in (header, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _hmac_token(header: dict[str, object], claims: Claims, secret: bytes) -> str:
    signed = _segments(header, claims)
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _rsa_token(header: dict[str, object], claims: Claims, key: RSAKey) -> str:
    """A good signature under a header that joserfc would not sign."""
    signed = _segments(header, claims)
    signature = key.private_key.sign(signed.encode(), PKCS1v15(), SHA256()) if key.private_key else b""
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _forgeries(liar: LyingProvider) -> dict[str, Callable[[Claims], str]]:
    stranger = RSAKey.generate_key(2048, {"kid": "rsa-1"})
    public = liar.rsa.as_pem(private=False)

    def cut(claims: Claims) -> str:
        return liar.jws(claims)[:-20]

    def swapped(claims: Claims) -> str:
        head, _body, signature = liar.jws(claims).split(".")
        return f"{head}.{_segments({}, claims | {'sub': 'another'}).split('.')[1]}.{signature}"

    return {
        "no signature at all": lambda claims: _segments({"alg": "none"}, claims) + ".",
        "none in capitals": lambda claims: _segments({"alg": "NoNe", "kid": "rsa-1"}, claims) + ".",
        "the public key as a shared secret": lambda claims: _hmac_token(
            {"alg": "HS256", "kid": "rsa-1"}, claims, public
        ),
        "the client secret": lambda claims: _hmac_token({"alg": "HS256"}, claims, CLIENT_SECRET.encode()),
        "a key of a stranger under our kid": lambda claims: liar.jws(claims, stranger),
        "a key that the token brings along": lambda claims: liar.jws(
            claims, stranger, jwk=stranger.as_dict(private=False)
        ),
        "an unknown kid": lambda claims: liar.jws(claims, kid="no-such"),
        "no kid where there are two keys of a kind": lambda claims: liar.jws(claims, kid=None),
        "an algorithm that is not allowed": lambda claims: (
            _segments({"alg": "RS1", "kid": "rsa-1"}, claims) + ".AA"
        ),
        "an RSA key for ES256": lambda claims: _segments({"alg": "ES256", "kid": "rsa-1"}, claims) + ".AA",
        "a critical header of no known kind": lambda claims: _rsa_token(
            {"alg": "RS256", "kid": "rsa-1", "crit": ["x"], "x": 1}, claims, liar.rsa
        ),
        "cut off": cut,
        "claims of another token": swapped,
        "deeply nested": lambda claims: (
            _segments({}, {}).split(".")[0] + "." + base64.urlsafe_b64encode(b"[" * 5000).decode() + ".AA"
        ),
        "not a token": lambda claims: "a.b",
        "too long": lambda claims: "a" * 100_000,
        "encrypted": lambda claims: "a.b.c.d.e",
    }


@pytest.mark.parametrize("how", sorted(_forgeries(LyingProvider())))
def test_a_forged_id_token_is_refused(liar: LyingProvider, how: str) -> None:
    # A second RSA key, so that a token without a `kid` names none.
    other = RSAKey.generate_key(2048, {"kid": "rsa-2"})
    liar.keys = [key.as_dict(private=False) for key in (liar.rsa, other, liar.ec)]
    liar.sign = _forgeries(liar)[how]
    with pytest.raises(SignInRefused):
        sign_in(registered(liar.issuer))


def test_a_header_nested_a_thousand_deep_is_refused(liar: LyingProvider) -> None:
    deep = base64.urlsafe_b64encode(b'{"alg":"RS256","x":' + b"[" * 9000).rstrip(b"=").decode()
    liar.sign = lambda claims: f"{deep}.e30.AA"
    with pytest.raises(SignInRefused):
        sign_in(registered(liar.issuer))


def test_an_id_token_is_good_for_its_own_attempt_only(liar: LyingProvider) -> None:
    kept: list[str] = []

    def the_first_again(claims: Claims) -> str:
        kept.append(liar.jws(claims))
        return kept[0]

    liar.alter = _changed(at_hash=None)
    liar.sign = the_first_again
    sign_in(registered(liar.issuer))
    with pytest.raises(SignInRefused) as refused:
        sign_in(registered(liar.issuer))
    assert refused.value.facts == {"reason": "nonce"}


def test_keys_that_are_weak_or_for_something_else_are_left_out(liar: LyingProvider) -> None:
    weak = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    short = {"kty": "RSA", "kid": "weak", "n": _number(weak.n), "e": _number(weak.e)}
    good = liar.rsa.as_dict(private=False)
    odd: list[object] = [
        short,
        good | {"kid": "enc", "use": "enc"},
        good | {"kid": "other", "alg": "PS256"},
        ECKey.generate_key("P-384", {"kid": "p384"}).as_dict(private=False),
        {"kty": "oct", "kid": "shared", "k": "c2VjcmV0"},
        {"kty": "RSA", "kid": "broken", "n": "***", "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "kid": "off", "x": "AA", "y": "AA"},
        "not a key",
    ]
    assert ProviderKeys.read({"keys": odd}).keys == ()
    assert [kid for kid, _key in ProviderKeys.read({"keys": [*odd, good]}).keys] == ["rsa-1"]


def _number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8)).rstrip(b"=").decode()


def test_userinfo_of_another_person_is_refused(liar: LyingProvider) -> None:
    liar.userinfo = lambda claims: claims | {"sub": "person-2"}
    with pytest.raises(SignInRefused) as refused:
        sign_in(registered(liar.issuer))
    assert refused.value.facts == {"reason": "userinfo_subject"}


def test_what_the_id_token_says_counts_more_than_userinfo(liar: LyingProvider) -> None:
    liar.userinfo = lambda claims: claims | {"name": "Somebody", "personal_number": "040090001234"}
    who = sign_in(registered(liar.issuer))
    assert (who.text("name"), who.text("personal_number")) == ("Nguyễn Văn An", "040090001234")


def test_new_signing_keys_are_found_and_made_up_ones_are_not_asked_for_each_time(liar: LyingProvider) -> None:
    later = timedelta()

    async def through_the_years() -> None:
        nonlocal later
        party = RelyingParty(registered(liar.issuer), lambda: utc_now() + later)
        try:
            await at_the_door(party)
            liar.rsa = RSAKey.generate_key(2048, {"kid": "rsa-new"})
            with pytest.raises(SignInRefused):
                # Asked for a moment ago: not asked again.
                await at_the_door(party)
            later = timedelta(seconds=40)
            await at_the_door(party)
            liar.sign = lambda claims: liar.jws(claims, kid="made-up")
            for _ in range(5):
                with pytest.raises(SignInRefused):
                    await at_the_door(party)
        finally:
            await party.close()

    asyncio.run(through_the_years())
    assert liar.asked.count("/jwks") == 2
    assert liar.asked.count("/.well-known/openid-configuration") == 1


def test_an_answer_in_the_name_of_another_provider_is_refused(liar: LyingProvider) -> None:
    async def mixed_up() -> None:
        party = RelyingParty(registered(liar.issuer), utc_now)
        try:
            _address, attempt = await party.begin()
            await party.complete(attempt, Callback("code", None, "https://elsewhere.example"))
        finally:
            await party.close()

    with pytest.raises(SignInRefused) as refused:
        asyncio.run(mixed_up())
    assert refused.value.facts == {"reason": "issuer"}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"issuer": "https://elsewhere.example"}, "other_issuer"),
        ({"token_endpoint": "http://elsewhere.example/token"}, "unsafe_address"),
        ({"jwks_uri": "file:///etc/passwd"}, "unsafe_address"),
        ({"userinfo_endpoint": "https://name:secret@elsewhere.example/"}, "unsafe_address"),
        ({"authorization_endpoint": None}, "no_authorization_endpoint"),
    ],
)
def test_a_discovery_document_that_leads_astray_is_not_followed(
    liar: LyingProvider, document: Claims, reason: str
) -> None:
    liar.discovery = lambda good: good | document
    with pytest.raises(ProviderUnreachable) as stopped:
        sign_in(registered(liar.issuer))
    assert stopped.value.facts == {"reason": reason}


def test_a_redirect_of_the_provider_is_not_followed(liar: LyingProvider) -> None:
    liar.discovery = lambda good: good | {"jwks_uri": f"{liar.issuer}/elsewhere"}
    with pytest.raises(ProviderUnreachable) as stopped:
        sign_in(registered(liar.issuer))
    assert stopped.value.facts == {"reason": "status_302"}
    assert "/jwks" not in liar.asked


@pytest.mark.parametrize(
    "answer", [b"[]", b"<html>", b"[" * 100_000, b"{" + b" " * MOST_BYTES + b"}", b'"text"', b"\xff{}"]
)
def test_an_answer_that_is_no_short_object_is_unusable(liar: LyingProvider, answer: bytes) -> None:
    liar.discovery = lambda good: answer
    with pytest.raises(ProviderUnreachable):
        sign_in(registered(liar.issuer))


def test_nobody_listens(liar: LyingProvider) -> None:
    with pytest.raises(ProviderUnreachable):
        sign_in(registered("http://127.0.0.1:9"))


def test_an_answer_that_drips_ends(liar: LyingProvider) -> None:
    async def dripping(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        try:
            while not writer.is_closing():
                writer.write(b"X: y\r\n")
                await asyncio.sleep(0.01)
        finally:
            writer.close()

    async def ask() -> None:
        async with await asyncio.start_server(dripping, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with make_client() as client:
                request = client.build_request("GET", f"http://127.0.0.1:{port}/")
                await fetch_json(client, request, seconds=0.3)

    with pytest.raises(Unusable):
        asyncio.run(ask())


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://vneid.example/auth", True),
        ("http://127.0.0.1:9400", True),
        ("http://[::1]:9400", True),
        ("http://localhost:9400", True),
        ("http://localhost.elsewhere.example", False),
        ("http://127.0.0.1@elsewhere.example", False),
        ("https://user@vneid.example", False),
        ("https:///path", False),
        ("https://vneid.example/#fragment", False),
        ("https://[::1", False),
        ("//vneid.example", False),
        ("ftp://vneid.example", False),
    ],
)
def test_only_https_or_this_machine(url: str, safe: bool) -> None:
    assert is_safe_url(url, loopback_http=True) is safe
    assert is_safe_url(url, loopback_http=False) is (safe and url.startswith("https:"))


LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


def _logout(liar: LyingProvider, token: str) -> tuple[str | None, str | None, float]:
    async def read() -> tuple[str | None, str | None, float]:
        party = RelyingParty(registered(liar.issuer), utc_now)
        try:
            notice = await party.read_logout(token)
        finally:
            await party.close()
        return notice.subject, notice.session, notice.issued_at.timestamp()

    return asyncio.run(read())


def test_a_logout_token_names_whose_session_ends(liar: LyingProvider) -> None:
    claims = liar.claims(events={LOGOUT: {}}, jti="one", sid="s-1", name=None)
    assert _logout(liar, liar.jws(claims, typ="logout+jwt")) == ("person-1", "s-1", claims["iat"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"events": {}}, "events"),
        ({"events": None}, "events"),
        ({"events": {LOGOUT: True}}, "events"),
        ({"nonce": "n"}, "nonce"),
        ({"jti": None}, "jti"),
        ({"sub": None, "sid": None}, "subject"),
        ({"aud": "another"}, "audience"),
        ({"iss": "https://elsewhere.example"}, "issuer"),
        ({"iat": _NOW - 86_400}, "issued_at"),
        ({"exp": _NOW - 3600}, "expired"),
    ],
)
def test_a_logout_token_with_a_wrong_claim_ends_nothing(
    liar: LyingProvider, changes: Claims, reason: str
) -> None:
    claims = liar.claims(**({"events": {LOGOUT: {}}, "jti": "one", "sid": "s-1"} | changes))
    with pytest.raises(SignInRefused) as refused:
        _logout(liar, liar.jws(claims))
    assert refused.value.facts == {"reason": reason}


def test_a_token_of_another_type_is_no_logout_token(liar: LyingProvider) -> None:
    claims = liar.claims(events={LOGOUT: {}}, jti="one")
    with pytest.raises(SignInRefused) as refused:
        _logout(liar, liar.jws(claims, typ="at+jwt"))
    assert refused.value.facts == {"reason": "type"}


def test_the_way_out_names_us_and_carries_no_token(liar: LyingProvider) -> None:
    async def way_out() -> str | None:
        party = RelyingParty(registered(liar.issuer), utc_now)
        try:
            return await party.logout_address("http://127.0.0.1:8000/")
        finally:
            await party.close()

    address = httpx.URL(asyncio.run(way_out()) or "")
    assert dict(address.params) == {
        "client_id": CLIENT_ID,
        "post_logout_redirect_uri": "http://127.0.0.1:8000/",
    }
