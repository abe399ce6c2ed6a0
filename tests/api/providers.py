"""Two OpenID providers on loopback for the tests: a real one of somebody else's, and a small one that can lie.

`real_provider` is the program `oidc-provider-mock` in a process of its own. `LyingProvider` speaks the same protocol
(code flow, PKCE checked, `prompt`, `max_age`, key sets, userinfo) with keys of its own, and lets a test change every
claim and every signature before it leaves.
"""

import base64
import hashlib
import json
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

Claims = dict[str, object]

CLIENT_ID = "khoso-tests"
CLIENT_SECRET = "a secret: with + and ü"


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def real_provider(*people: Claims) -> Iterator[str]:
    """`oidc-provider-mock` with these people (each with a `sub`); gives its issuer."""
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true"]
    for person in people:
        command += ["--user-claims", json.dumps(person)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(issuer, process)
        yield issuer
    finally:
        process.terminate()
        process.wait()


def _wait_for(issuer: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=5):
                return
        except urllib.error.URLError:
            time.sleep(0.05)
    raise RuntimeError("the provider did not start")


def consent(address: str, subject: str | None = None) -> httpx.URL:
    """What a person does at a provider's page: say yes as `subject`, or no. Gives where the browser is sent then."""
    with httpx.Client(trust_env=False) as browser:
        form = {"action": "deny"} if subject is None else {"sub": subject}
        answer = browser.post(address, data=form)
        assert answer.status_code == 302, answer.text
        return httpx.URL(answer.headers["Location"])


@dataclass
class LyingProvider:
    """A provider whose every word a test may change."""

    issuer: str = ""
    rsa: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"}))
    ec: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig"}))
    person: Claims = field(default_factory=lambda: {"sub": "person-1", "name": "Nguyễn Văn An"})
    alter: Callable[[Claims], Claims] = lambda claims: claims
    """Changes the claims of the next ID tokens."""
    sign: Callable[[Claims], str] | None = None
    """Signs instead of the RSA key."""
    userinfo: Callable[[Claims], object] = lambda claims: claims
    discovery: Callable[[Claims], object] = lambda document: document
    keys: list[object] | None = None
    """What the key set holds instead of both keys."""
    token_answer: Callable[[Claims], object] = lambda answer: answer
    signed_in_at: Callable[[], float] = time.time
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for, in order."""
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def jws(self, claims: Claims, key: RSAKey | ECKey | None = None, **header: object) -> str:
        """A signed token; the RSA key unless another is given."""
        key = key or self.rsa
        alg = "RS256" if isinstance(key, RSAKey) else "ES256"
        full = {"alg": alg, "kid": key.kid, **header}
        return jws.serialize_compact(
            {name: value for name, value in full.items() if value is not None}, json.dumps(claims), key
        )

    def claims(self, **changes: object) -> Claims:
        """The claims of a good token, changed; a change to None leaves the claim out."""
        now = int(time.time())
        full = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, **self.person, **changes}
        return {name: value for name, value in full.items() if value is not None}

    def document(self) -> Claims:
        """The discovery document."""
        paths = {
            "authorization": "authorize",
            "token": "token",
            "userinfo": "userinfo",
            "end_session": "logout",
        }
        endpoints = {f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in paths.items()}
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks", **endpoints}

    def authorize(self, query: dict[str, str]) -> str:
        """Everybody is let in at once: the address that the browser is sent back to."""
        code = secrets.token_urlsafe(8)
        self._codes[code] = query
        back = urlencode({"code": code, "state": query["state"]})
        return f"{query['redirect_uri']}?{back}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, object]:
        """The token endpoint: client, code and PKCE are checked as a real one checks them."""
        asked = self._codes.pop(form.get("code", ""), None)
        if authorization != _basic():
            return 401, {"error": "invalid_client"}
        if asked is None or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        if _s256(form.get("code_verifier", "")) != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        access_token = secrets.token_urlsafe(16)
        at_hash = hashlib.sha256(access_token.encode()).digest()[:16]
        claims = self.claims(nonce=asked["nonce"], at_hash=_b64(at_hash))
        if "max_age" in asked:
            claims["auth_time"] = int(self.signed_in_at())
        claims = self.alter(claims)
        id_token = self.sign(claims) if self.sign else self.jws(claims)
        return 200, self.token_answer(
            {"access_token": access_token, "token_type": "Bearer", "id_token": id_token}
        )

    def answer(
        self, method: str, target: str, body: str, authorization: str
    ) -> tuple[int, object, str | None]:
        """Status, JSON and address of a redirect for one request."""
        path, query = urlsplit(target).path, _flat(urlsplit(target).query)
        self.asked.append(path)
        match path:
            case "/.well-known/openid-configuration":
                return 200, self.discovery(self.document()), None
            case "/jwks":
                both: list[object] = [self.rsa.as_dict(private=False), self.ec.as_dict(private=False)]
                return 200, {"keys": both if self.keys is None else self.keys}, None
            case "/authorize":
                return 302, {}, self.authorize(query)
            case "/token" if method == "POST":
                return *self.token(_flat(body), authorization), None
            case "/userinfo":
                return 200, self.userinfo(dict(self.person)), None
            case "/elsewhere":
                return 302, {}, f"{self.issuer}/jwks"
        return 404, {}, None


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    """Leaving waits for the last answer, so that no socket is left open."""


@contextmanager
def lying_provider() -> Iterator[LyingProvider]:
    """A `LyingProvider` that listens."""
    provider = LyingProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, format: str, *args: object) -> None:
            return

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            status, value, location = provider.answer(
                self.command, self.path, body, self.headers.get("Authorization", "")
            )
            content = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            if location is not None:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with _Server(("127.0.0.1", 0), Handler) as server:
        provider.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}


def _b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _s256(verifier: str) -> str:
    return _b64(hashlib.sha256(verifier.encode()).digest())


def _basic() -> str:
    both = urlencode({CLIENT_ID: CLIENT_SECRET}).replace("=", ":")
    return "Basic " + base64.b64encode(both.encode()).decode()
