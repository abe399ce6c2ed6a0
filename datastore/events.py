"""The outbox: what happened, for other systems, written in the transaction in which it happened.

Where nobody can forget it: `document_stepped` is called by the one place that changes a document's status,
`dossier_event` by the one that writes an event into a dossier; a fixture of the tests compares every
transaction. Promised: an event is there if and only if its change was committed; the events of one subject are
numbered in the order of their commits, because whoever changes a document or a dossier has locked it. An event
carries ids, states and digests: no name, no personal number, no code that holds one, no reason that somebody
typed. Both the agency that took a paper in and the one that is competent hear of it.

Not witnessed by the log: the rows of which an event speaks are, and an event goes when everybody was told.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from uuid import UUID

from archive import Status
from datastore.errors import BadEventType
from datastore.records import AttachedHow
from datastore.rows import (
    DocumentRow,
    DossierRow,
    EventRow,
    PrintRow,
    SubscriptionRow,
    VersionRow,
)
from datastore.scope import Scope
from ingest import BadDossierNumber, DossierNumber

_DOCUMENT = "vn.khoso.document."
_DOSSIER = "vn.khoso.dossier."
EVERY = ".*"
"""The end of a family of types."""
TEST = "vn.khoso.webhook.test"
"""What a subscription is sent to be tried out."""
_REFILED, _PRINTED, _PRINT_REVOKED = "refiled", "printed", "print_revoked"
_OPENED, _ATTACHED, _RECORDED = "opened", "attached", "recorded"
_DOSSIER_STEPS = {
    "received": _OPENED,
    **{
        kind: kind
        for kind in (
            "supplement", "transferred", "succeeded", "refused", "withdrawn",
            "document_superseded", "document_revoked", "document_expired", "document_refiled",
        )
    },
}  # fmt: skip
"""What the events of a dossier are called outside; one of any other kind is only `recorded`."""
_CODE = re.compile(r"[0-9A-Za-z._-]{1,64}")
_LONG_NUMBER = re.compile(r"\d{9}")
_ENDINGS = ("succeeded", "refused", "withdrawn")

EVENT_TYPES = frozenset(
    [
        *(f"{_DOCUMENT}{name}" for name in (*Status, _REFILED, _PRINTED, _PRINT_REVOKED)),
        *(f"{_DOSSIER}{name}" for name in (*_DOSSIER_STEPS.values(), _ATTACHED, _RECORDED)),
    ]
)
"""Every type that can be subscribed to."""

Facts = Mapping[str, str | int | bool | None]


def document_stepped(scope: Scope, row: DocumentRow, status: str) -> None:
    """A document became `status`."""
    scope.write(event_of_step(scope, row, status))


def event_of_step(scope: Scope, row: DocumentRow, status: str) -> EventRow:
    """That a document came in (`received`), or became `status`: still to be written."""
    return _of_document(scope, row, status)


def document_refiled(scope: Scope, row: DocumentRow) -> None:
    """A document went to another owner."""
    scope.write(_of_document(scope, row, _REFILED))


def printed(scope: Scope, row: PrintRow, paper: DocumentRow) -> None:
    """A paper copy was numbered."""
    scope.write(_of_document(scope, paper, _PRINTED, _print_facts(row)))


def print_revoked(scope: Scope, row: PrintRow, paper: DocumentRow) -> None:
    """One paper copy was taken back."""
    scope.write(_of_document(scope, paper, _PRINT_REVOKED, _print_facts(row)))


def dossier_event(scope: Scope, row: DossierRow, kind: str, document: UUID | None = None) -> None:
    """Something happened in a dossier; `document` is the paper of which the event speaks."""
    facts: dict[str, str | int | bool | None] = {"document_id": _text(document)}
    if kind in _ENDINGS:
        facts |= _counted(row)
    _of_dossier(scope, row, _DOSSIER_STEPS.get(kind, _RECORDED), facts)


def attached(scope: Scope, row: DossierRow, paper: DocumentRow, component: str, how: str) -> None:
    """A paper became a component of a dossier, with what the national indicators ask (Decision 766/QD-TTg)."""
    facts = {
        "document_id": str(paper.id),
        "component": _code(component),
        "how": how,
        "digitised": _was_digitised(paper.versions[-1]),
        "reused": how == AttachedHow.REUSED,
        "doc_type": _code(paper.doc_type),
        "source_form": paper.source_form,
        "weight": paper.weight,
        "status": paper.status,
    }
    _of_dossier(scope, row, _ATTACHED, facts)


def test_event(scope: Scope, row: SubscriptionRow) -> EventRow:
    """An event that says nothing happened, for one subscription: nobody else is handed it."""
    subject, agencies = f"webhooks/{row.id}", (row.agency, row.agency)
    event = _event(scope, TEST, subject, agencies, {"subscription_id": str(row.id)})
    event.handed_out_at = scope.at
    scope.session.add(event)
    return event


def is_of(type: str, wanted: str) -> bool:
    """Whether an event's type is the wanted one, or one of a wanted family (`vn.khoso.document.*`)."""
    return type.startswith(wanted[:-1]) if wanted.endswith(EVERY) else type == wanted


def known_types(wanted: Iterable[str]) -> tuple[str, ...]:
    """The types and families asked for, each once; BadEventType for one that nothing is of, or for none."""
    several = tuple(dict.fromkeys(wanted))
    for one in several:
        if not any(is_of(type, one) for type in EVENT_TYPES):
            raise BadEventType(known=", ".join(sorted(EVENT_TYPES)))
    if not several:
        raise BadEventType(known=", ".join(sorted(EVENT_TYPES)))
    return several


def _of_document(scope: Scope, row: DocumentRow, name: str, more: Facts | None = None) -> EventRow:
    facts = {**_document_facts(row), **(more or {})}
    agencies = (row.intake_agency, row.competent_agency)
    return _event(scope, f"{_DOCUMENT}{name}", f"documents/{row.id}", agencies, facts)


def _of_dossier(scope: Scope, row: DossierRow, name: str, more: Facts) -> None:
    facts = {
        "dossier_id": str(row.id),
        "dossier": _number(row.number),
        "procedure": _code(row.procedure),
        "state": row.state,
        **more,
    }
    agencies = (row.intake_agency, row.agency)
    scope.write(_event(scope, f"{_DOSSIER}{name}", f"dossiers/{row.id}", agencies, facts))


def _event(scope: Scope, type: str, subject: str, agencies: tuple[str, str], facts: Facts) -> EventRow:
    intake, competent = agencies
    return EventRow(
        id=scope.id(),
        type=type,
        subject=subject,
        agency=intake,
        competent_agency=competent,
        at=scope.at,
        data={name: value for name, value in facts.items() if value is not None},
        handed_out_at=None,
    )


def _document_facts(row: DocumentRow) -> Facts:
    newest = row.versions[-1]
    revision = newest.revisions[-1] if newest.revisions else None
    return {
        "document_id": str(row.id),
        "status": row.status,
        "weight": row.weight,
        "ground": row.ground,
        "doc_type": _code(row.doc_type),
        "source_form": row.source_form,
        "digitised": _was_digitised(newest),
        "version": newest.n,
        "revision": None if revision is None else revision.k,
        "sha256": _digest_of(newest),
        "dossier": _number(row.dossier),
        "superseded_by": _text(row.superseded_by),
    }


def _digest_of(version: VersionRow) -> str | None:
    """SHA-256 of the file that is the document: the latest signed revision, or what arrived signed."""
    if version.revisions:
        return version.revisions[-1].sha256.hex()
    return None if _was_digitised(version) else version.originals_digest.hex()


def _was_digitised(version: VersionRow) -> bool:
    """Only a PDF that arrived signed is not: it has a verdict from the start."""
    return version.verdict is None


def _print_facts(row: PrintRow) -> Facts:
    return {
        "print_id": str(row.id),
        "print_number": row.number,
        "status_index": row.status_index,
        "sha256": row.revision_sha256.hex(),
    }


def _counted(row: DossierRow) -> Facts:
    """How many components the dossier has, digitised for it or reused in it."""
    counts = Counter(one.how for one in row.documents)
    kept, reused = counts[AttachedHow.KEPT], counts[AttachedHow.REUSED]
    return {"components": kept + reused, "kept": kept, "reused": reused}


def parsed_number(number: str) -> DossierNumber | None:
    """A dossier's number; None when somebody typed something else, perhaps a personal number."""
    try:
        return DossierNumber.parse(number)
    except BadDossierNumber:
        return None


def _number(number: str | None) -> str | None:
    parsed = None if number is None else parsed_number(number)
    return None if parsed is None else str(parsed)


def _code(text: str | None) -> str | None:
    """A code of a catalogue as it may be told outside: nothing that could hold a name or a personal number."""
    return text if text and _CODE.fullmatch(text) and not _LONG_NUMBER.search(text) else None


def _text(id: UUID | None) -> str | None:
    return None if id is None else str(id)
