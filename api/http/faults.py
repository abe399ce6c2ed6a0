"""What only a request over HTTP can get wrong; everything else is an error of a room."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from common import KhosoError, Sentence, say
from ingest import BadExchangeCode

MOST_FAULTS = 20
_LONGEST_POINTER = 200


class SignInNeeded(KhosoError):
    """Nobody has shown who asks, or what was shown is not accepted any more."""

    code = "sign_in_needed"


class TokenRefused(SignInNeeded):
    """The access token is none of ours, or counts no more."""


class StepUpNeeded(KhosoError):
    """Who has signed in proves again who it is, before papers leave."""

    code = "step_up_required"


class CsrfMissing(KhosoError):
    """A change asked for with a session cookie, without the headers that only our own pages can send.

    Facts `headers`, which are missing or wrong, and `origin`, that of our own pages.
    """

    code = "csrf_missing"


class PasswordMissing(KhosoError):
    """A new proof of somebody who has only a password here, without it."""

    code = "password_missing"


class BadHeader(KhosoError):
    """A header does not hold what it should; fact `name`, of a text also `longest`, of an entity tag an `example`."""

    code = "bad_header"

    @property
    def sentence(self) -> Sentence:
        """What the header is to hold."""
        if "longest" in self.facts:
            return super().sentence
        return replace(say("bad_header_tag", **self.facts), code=self.code)


class StateNotNamed(KhosoError):
    """What a person decides about a paper for good does not say which state of it was seen."""

    code = "state_not_named"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A place of a request that is wrong, as a JSON pointer, and what is expected there, in words where it is known."""

    pointer: str
    code: str
    expected: Sentence | None
    allowed: Sequence[str] | None = None


class RequestInvalid(KhosoError):
    """The request has not the form that the description of the API asks for, at each of these places.

    So many of them are told as a person can mend at a time: the answer to a small request stays a small one.
    """

    code = "request_invalid"

    def __init__(self, *wrong: Wrong) -> None:
        self.wrong = tuple(
            replace(one, pointer=one.pointer[:_LONGEST_POINTER]) for one in wrong[:MOST_FAULTS]
        )
        super().__init__(where=_where(self.wrong) or "/")


def _where(wrong: Sequence[Wrong]) -> str:
    """The places, and once for all places that take the same values: those."""
    places: dict[tuple[str, ...], dict[str, None]] = {}
    for one in wrong:
        places.setdefault(tuple(one.allowed or ()), {})[one.pointer] = None
    return ", ".join(
        ", ".join(pointers) + (f" ({' | '.join(allowed)})" if allowed else "")
        for allowed, pointers in places.items()
    )


class BodyTooLarge(KhosoError):
    """The body has more bytes than this address takes; fact `limit`."""

    code = "body_too_large"


class BodyNotUtf8(KhosoError):
    """JSON in another encoding than the one that systems exchange it in (RFC 8259, section 8.1)."""

    code = "body_not_utf8"


class FormSent(KhosoError):
    """A file was sent as a part of a form, where the body is the file: kept so, it would be another file."""

    code = "form_sent"


class BodyTooSlow(KhosoError):
    """The body came so slowly that it kept a place from others."""

    code = "body_too_slow"


class LengthWrong(KhosoError):
    """The body ended before its announced length."""

    code = "length_wrong"


class LengthRequired(KhosoError):
    """The body's length is to be announced, so that one too many is refused before it is received."""

    code = "length_required"


class TooManyRequests(KhosoError):
    """Asked more often than is answered; `seconds` says when to ask again."""

    code = "too_many_requests"

    def __init__(self, *, seconds: int) -> None:
        super().__init__(seconds=seconds)
        self.seconds: int = seconds


class BadCursor(KhosoError):
    """A place in a list that none of our answers named."""

    code = "bad_cursor"


class NoPaperNamed(BadExchangeCode):
    """At the address of a paper stands neither the id of one nor a DocCode."""

    @property
    def sentence(self) -> Sentence:
        return replace(say("no_paper_named"), code=self.code)


class BadIdempotencyKey(KhosoError):
    """Not a key by which a request can be known again."""

    code = "bad_idempotency_key"


class TooManyStreams(KhosoError):
    """So many wait for events already that no further one is taken."""

    code = "too_many_streams"
