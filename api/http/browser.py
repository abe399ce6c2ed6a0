"""What a browser brings that a foreign page may have chosen, and the cookies that it is given.

Promised: a return path leads to this site and nowhere else, and holds nothing that could end a header; the session
cookie is `__Host-khoso` (Secure, HttpOnly, SameSite=Lax, no domain), or plain `khoso` where development runs over
HTTP on this machine; a change asked for with a cookie comes from a page of ours by what the browser itself says
(`Sec-Fetch-Site`, `Origin`), besides the token that only such a page knows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from starlette.datastructures import URL

from api.connectors.bounded_http import is_loopback
from api.settings import Settings
from common import KhosoError

PAGE_HEADERS = "Origin / Sec-Fetch-Site"
"""By which a browser says whose page sent a request: one of them is enough."""
_LONGEST_PATH = 1000
_NAMES = 64
"""Under so many an installation is asked for and known at once; there is one as a rule."""
_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
"""From one slash on, without a second one, white space, a control or a backslash (browsers read `\\` as `/`)."""


class PublicUrlMissing(KhosoError):
    """In production browsers find this installation over TLS, and it has to know where."""

    code = "public_url_missing"


class BadReturnPath(KhosoError):
    """Where to go after signing in is no place of this site."""

    code = "bad_return_path"


def local_path(text: str | None) -> str:
    """A path of this site to go to, percent-encoded to ASCII; `/` when none was asked for. BadReturnPath."""
    if text is None or not text:
        return "/"
    if len(text) > _LONGEST_PATH or not _PATH.fullmatch(text) or not text.isprintable():
        raise BadReturnPath
    try:
        return quote(text, safe="/?&=:@!$'()*+,;~-._%#[]", errors="strict")
    except UnicodeEncodeError as error:  # half a surrogate pair
        raise BadReturnPath from error


@dataclass(frozen=True, slots=True)
class Site:
    """This installation as browsers see it: the origin of `KHOSO_PUBLIC_URL`."""

    origin: str
    secure: bool

    @classmethod
    @lru_cache(maxsize=_NAMES)
    def at(cls, public_url: str) -> "Site":
        """The site of a public address."""
        parts = urlsplit(public_url)
        return cls(f"{parts.scheme}://{parts.netloc}".lower(), parts.scheme == "https")

    @property
    def session_cookie(self) -> str:
        return "__Host-khoso" if self.secure else "khoso"

    @property
    def attempt_cookie(self) -> str:
        """Binds an attempt at signing in to the browser that began it."""
        return "__Host-khoso-attempt" if self.secure else "khoso-attempt"

    def url(self, path: str) -> str:
        """An address of this site."""
        return self.origin + path

    def set_cookie(self, response: Response, name: str, value: str, lasts: timedelta) -> None:
        """Hand out a cookie that no script reads and no foreign page makes the browser send with a change."""
        response.set_cookie(
            name,
            value,
            max_age=int(lasts.total_seconds()),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def drop_cookie(self, response: Response, name: str) -> None:
        """Take a cookie back."""
        response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="lax")

    def asked_by_own_page(self, headers: Mapping[str, str]) -> bool:
        """Whether the browser says that a page of this site sent the request; silence is no yes."""
        named = "sec-fetch-site" in headers or "origin" in headers
        return named and not self.asked_by_foreign_page(headers)

    def asked_by_foreign_page(self, headers: Mapping[str, str]) -> bool:
        """Whether the browser says that another site sent the request; silence, as of a program, is no yes."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        return site not in (None, "same-origin") or origin not in (None, self.origin)


def audience(settings: Settings) -> str:
    """For whom access tokens are that are given here (RFC 8707)."""
    return "http://localhost" if settings.public_url is None else Site.at(settings.public_url).origin


def require_public_url(settings: Settings) -> None:
    """PublicUrlMissing where production has no address with TLS."""
    if settings.production and not (settings.public_url or "").startswith("https://"):
        raise PublicUrlMissing


def site_of(request: Request) -> Site:
    """This installation as the browser that asks sees it.

    Without a public address it is this machine under the name that was asked for, if that is a name of this machine:
    a name that somebody else's server gives to our address (DNS rebinding) is not ours.
    """
    settings: Settings = request.app.state.house.settings
    if settings.public_url is not None:
        return Site.at(settings.public_url)
    scope = request.scope
    server = scope.get("server")
    return _site_here(request.headers.get("host"), scope["scheme"], None if server is None else tuple(server))


@lru_cache(maxsize=_NAMES)
def _site_here(host: str | None, scheme: str, server: tuple[str, int | None] | None) -> Site:
    headers = [] if host is None else [(b"host", host.encode("latin-1"))]
    asked = URL(scope={"scheme": scheme, "server": server, "path": "/", "headers": headers})
    return Site.at(f"http://{asked.netloc}" if is_loopback(asked.hostname or "") else "http://localhost")
