"""Checking what somebody holds in their hand: a print, a photo of it, a link, digits, a short code, a signed PDF.

Works on what was published and nothing else; who is online may add `Register`, which also knows short codes
and the digests of signed files. Reads links, never follows them. *Cannot check* is never said as *false*.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from api.public import Published
from common import Clock, Digest, KhosoError, Sentence, say, shown
from ingest import Barcode, Limits, UnknownKind, read_codes
from signing import (
    BadShortCode,
    Indication,
    NoSeal,
    SealClaims,
    SealVerdict,
    SignatureVerdict,
    Standing,
    Verdict,
    check_seal_text,
    check_short_code,
    is_meant_as_short_code,
    names_only,
    read_link,
    validate,
)


class NotCheckable(KhosoError):
    """What was handed in is no link, digits or short code; fact `file`, what it was called, where it is none either."""

    code = "not_checkable"

    @property
    def sentence(self) -> Sentence:
        """Of a file only where files are looked for: nobody who asks over the network names one."""
        if "file" not in self.facts:
            return super().sentence
        return replace(say("not_checkable_nor_file", **self.facts), code=self.code)


class NeedsTheRegister(KhosoError):
    """A short code says nothing by itself: only the register knows it, and the check is offline."""

    code = "needs_the_register"


@dataclass(frozen=True, slots=True)
class Known:
    """What the register says of a print or a file."""

    standing: Standing
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Register:
    """The installation's rows, where they can be asked."""

    by_short_codes: Callable[[Collection[str]], Mapping[str, Known]]
    """In their printed form; nothing for one that is not known."""
    by_digest: Callable[[Digest], Known | None]
    """None for what is not known."""


@dataclass(frozen=True, slots=True)
class Check:
    """The two answers, *genuine?* and *in force?*, and what they rest on."""

    indication: Indication
    reasons: tuple[Sentence, ...]
    checked_at: datetime
    trust_as_of: datetime | None
    standing: Standing = Standing.UNKNOWN
    status_as_of: datetime | None = None
    signatures: tuple[SignatureVerdict, ...] = ()
    claims: SealClaims | None = None

    def as_json(self) -> dict[str, Any]:
        """The JSON of `khoso verify` (design.md, section 7)."""
        return {
            "verdict": self.indication.value,
            "reasons": [reason.as_json() for reason in self.reasons],
            "signatures": [signature.as_json() for signature in self.signatures],
            "checked_at": self.checked_at.isoformat(),
            "trust_as_of": None if self.trust_as_of is None else self.trust_as_of.isoformat(),
            "status": self.standing.word,
            "status_as_of": None if self.status_as_of is None else self.status_as_of.isoformat(),
            "document": None if self.claims is None else self.claims.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Checker:
    """Everything a check is made with."""

    published: Published
    clock: Clock
    limits: Limits
    hosts: tuple[str, ...]
    """Where links lead that this installation makes, and after it where those led that it made before."""
    register: Register | None = None

    def check(self, thing: str) -> Check:
        """Checks a path, link, digits or short code; Refusals for bad files, otherwise as `check_text`."""
        path = Path(thing)
        if _is_file(path):
            return self.check_file(path)
        try:
            return self.check_text(thing)
        except NotCheckable as error:
            raise NotCheckable(file=_shortened(thing)) from error

    def check_text(self, text: str) -> Check:
        """Checks a link, digits or a short code, and opens nothing; BadShortCode for one that was mistyped,
        NotCheckable for anything else."""
        try:
            read_link(text)
        except NoSeal:
            return self.check_short_codes([_meant_as_short_code(text)])[0]
        except KhosoError:
            pass  # digits with an error in them: the verdict below says so
        return self._check_seal(text)

    def check_short_codes(self, codes: Sequence[str]) -> list[Check]:
        """Checks short codes as `signing.check_short_code` gives them: each answers with the status only, for it is
        no proof that a page is genuine. NeedsTheRegister."""
        if self.register is None:
            raise NeedsTheRegister
        known = self.register.by_short_codes(set(codes))
        return [self._of_short_code(known.get(code)) for code in codes]

    def check_file(self, path: Path) -> Check:
        """A PDF is judged by its signatures, or by the seals it shows when it has none; an image by its seals."""
        try:
            verdict = validate(path, trust=self.published.trust, now=self.clock())
        except UnknownKind:
            return self._check_seals(read_codes(path, limits=self.limits))
        if [reason.code for reason in verdict.reasons] == ["no-signature"]:
            return self._check_seals(read_codes(path, limits=self.limits))
        return self._of_verdict(verdict, Digest.of_file(path))

    def _check_seals(self, codes: Sequence[Barcode]) -> Check:
        """The worst of all seals shown: a true one beside a false or a revoked one does not make a page true."""
        checks = [self._check_seal(code.text) for code in codes if _is_seal(code.text)]
        if checks:
            return min(checks, key=_how_bad)
        return Check(Indication.INDETERMINATE, (say("no-seal"),), self.clock(), self.published.trust.as_of)

    def _check_seal(self, text: str) -> Check:
        """A seal is judged whoever shows it; a link that leads elsewhere is told, for it may be somebody's trap."""
        verdict = check_seal_text(text, trust=self.published.trust, now=self.clock())
        check = self._with_status(verdict)
        if any(names_only(text, host) for host in self.hosts):
            return check
        return replace(check, reasons=(*check.reasons, say("link_of_another_host", host=self.hosts[0])))

    def _with_status(self, verdict: SealVerdict) -> Check:
        """The one list of this installation speaks for the seals of all its agencies: indexes are given once."""
        statuses, standing, reasons = self.published.statuses, Standing.UNKNOWN, verdict.reasons
        if verdict.claims is not None and statuses is not None:
            standing = statuses.standing(verdict.claims.status_index)
            if statuses.stale(verdict.checked_at):
                reasons = (*reasons, say("status_list_stale", as_of=shown(statuses.as_of)))
        return Check(
            indication=verdict.indication,
            reasons=reasons,
            checked_at=verdict.checked_at,
            trust_as_of=verdict.trust_as_of,
            standing=standing,
            status_as_of=None if statuses is None or verdict.claims is None else statuses.as_of,
            claims=verdict.claims,
        )

    def _of_verdict(self, verdict: Verdict, sha256: Digest) -> Check:
        known = None if self.register is None else self.register.by_digest(sha256)
        return Check(
            indication=verdict.indication,
            reasons=verdict.reasons,
            checked_at=verdict.checked_at,
            trust_as_of=verdict.trust_as_of,
            standing=Standing.UNKNOWN if known is None else known.standing,
            status_as_of=None if known is None else known.as_of,
            signatures=verdict.signatures,
        )

    def _of_short_code(self, known: Known | None) -> Check:
        return Check(
            indication=Indication.INDETERMINATE,
            reasons=(say("short_code_unknown" if known is None else "short_code_is_no_proof"),),
            checked_at=self.clock(),
            trust_as_of=self.published.trust.as_of,
            standing=Standing.UNKNOWN if known is None else known.standing,
            status_as_of=None if known is None else known.as_of,
        )


_FROM_WORST = {Indication.TOTAL_FAILED: 0, Indication.INDETERMINATE: 1, Indication.TOTAL_PASSED: 2}
_GOOD_ENOUGH = (Standing.GOOD, Standing.UNKNOWN)


def _how_bad(check: Check) -> tuple[int, bool, bool]:
    """The least is the worst: what it is judged, whether it is in force, whether a link leads elsewhere."""
    elsewhere = any(reason.code == "link_of_another_host" for reason in check.reasons)
    return _FROM_WORST[check.indication], check.standing in _GOOD_ENOUGH, not elsewhere


_LONGEST_SHOWN = 60


def _is_file(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # longer than any file name: digits, then
        return False


def _meant_as_short_code(text: str) -> str:
    """The short code in its printed form; BadShortCode for one that was mistyped, NotCheckable."""
    try:
        return check_short_code(text)
    except BadShortCode as error:
        if is_meant_as_short_code(text):
            raise
        raise NotCheckable from error


def _is_seal(text: str) -> bool:
    """Whether a code on a page is one of our links; bare digits there may be anybody's number."""
    try:
        read_link(text, bare_digits=False)
    except NoSeal:
        return False
    except KhosoError:
        return True  # a seal with damaged digits is a seal
    return True


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
