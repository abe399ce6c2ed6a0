"""The JSON API under `/api/v1`: how people and systems reach the same steps over HTTP.

Promised: every answer that is no success is a problem (RFC 9457) in the language that was asked for; bad input
is never answered with a 5xx; nothing that takes time runs on the event loop; no URL holds a personal number.
Routes call `api.steps`, which call the rooms.
"""

from api.http.app import make_app
from api.http.identity import Principal, Resolver

__all__ = ["Principal", "Resolver", "make_app"]
