"""A print on its way: numbered, sealed, listed, drawn; each step by the process that holds what it needs.

    request_print  →  seal_prints  →  list_prints  →  make_sheets
    (anybody)         (signer)        (archivist)     (reader)

In service the steps are jobs of the paper, and each takes every print of it that has come so far; by itself a process
does them one after the other (`print_document`). A print is in the register before it is sealed, and the published
list knows it before there is a sheet. One that is not made in the end is taken back, and says so to whoever asks.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from api.deliver import deliver, require_free
from api.house import House
from api.steps.archivist import extend_log
from api.steps.job_kinds import LIST_PRINTS, MAKE_SHEETS, PRINT_KINDS, SEAL_PRINTS, TELL_OUTSIDE
from api.steps.paper_copy import NotPrintable, Printed, link_of, seal_of, shown_object, strip_of
from api.steps.published import publish_about, tell_facts
from archive import Status, make_paper_copy
from common import KhosoError, say
from datastore import (
    Act,
    Actor,
    DataKey,
    DocumentRecord,
    Job,
    Print,
    PrintState,
    Priority,
    StoredObject,
    Work,
    print_key,
)

_PRINTABLE = (Status.PROVISIONAL, Status.VALID)
_ABANDONED = timedelta(hours=1)
"""A print that no job brings further and that is not made by then was left by a process that died."""


class PrintNotMade(KhosoError):
    """The sheets of the print are not made yet, or never were."""

    code = "print_not_ready"


def request_print(
    house: House,
    actor: Actor,
    document_id: UUID,
    *,
    to: str,
    reason: str,
    in_jobs: bool = True,
    also: Callable[[Work, Print], None] = lambda _work, _entry: None,
) -> Print:
    """Numbers a print of the newest signed state and asks for the jobs that make it; NotPrintable.

    `also` is done in the transaction that numbers it.
    """
    with house.datastore.begin(actor, "print") as work:
        work.ask(Act.PRINT)  # before a word is said about how the paper stands
        document = work.documents.get(document_id)
        if document.status not in _PRINTABLE:
            raise NotPrintable(status=document.status.value)
        shown = shown_object(document)
        entry = work.prints.issue(document_id, revision_sha256=shown.sha256_plain, to_whom=to, reason=reason)
        if in_jobs:
            _ask(work, document, entry)
        also(work, entry)
    return entry


def revoke_print(house: House, actor: Actor, print_id: UUID, reason: str) -> Print:
    """Takes one print back; the published list says so soon after. Twice is no error."""
    with house.datastore.begin(actor, "revoke_print") as work:
        entry = work.prints.revoke(print_id, reason=reason)
        work.jobs.enqueue(TELL_OUTSIDE, entry.document_id, priority=Priority.COUNTER)
    return entry


def fetch_print(house: House, actor: Actor, print_id: UUID, out: Path) -> Path:
    """Writes the sheets of a print that is ready; PrintNotMade."""
    _entry, sheets, key = print_pdf(house, actor, print_id)
    return house.datastore.objects.get(sheets, out, sealing=key)


def _ask(work: Work, document: DocumentRecord, entry: Print) -> None:
    """For the job that comes next: only a valid paper has a seal."""
    wanted = entry.state is PrintState.REQUESTED and document.status is Status.VALID
    following = {PrintState.SEALED: LIST_PRINTS, PrintState.LISTED: MAKE_SHEETS}
    kind = SEAL_PRINTS if wanted else following.get(entry.state, LIST_PRINTS)
    work.jobs.enqueue(kind, document.id, priority=Priority.COUNTER)


# --- the steps of one print -------------------------------------------------------------------------------


def _seal(house: House, work: Work, document: DocumentRecord, entry: Print) -> Print:
    work.prints.set_seal(entry.id, seal_of(house, work, document, entry))
    return work.prints.reach(entry.id, PrintState.SEALED)


def _draw(house: House, actor: Actor, entry: Print) -> tuple[StoredObject, tuple[str, ...]]:
    """The sheets of just the state of which the print was requested, kept; and their fingerprints."""
    with house.datastore.begin(actor, "open_for_print") as work:
        document = work.documents.get(entry.document_id)
        key = work.documents.data_key(document.id)
        strip = strip_of(house, work, document, entry)
    with house.room.desk() as desk:
        pdf = house.datastore.objects.get(_state_of(document, entry), desk / "document.pdf", sealing=key)
        copy = make_paper_copy(pdf, strip=strip, into=desk / "print.pdf")
        name = print_key(document.id, document.version.n, entry.number)
        return house.datastore.put(name, copy.pdf, sealing=key), copy.fingerprints


def _state_of(document: DocumentRecord, entry: Print) -> StoredObject:
    """A newer state may have come since the print was requested."""
    states = [revision.object for revision in document.revisions]
    states.append(shown_object(replace(document, revisions=())))
    return next(one for one in states if one.sha256_plain == entry.revision_sha256)


def _take_back(work: Work, entry: Print) -> None:
    """A numbered print that never reached paper stands in the register as taken back, and in the list."""
    work.prints.revoke(entry.id, reason=say("print_not_made").vi)
    work.jobs.enqueue(TELL_OUTSIDE, entry.document_id, priority=Priority.COUNTER)


# --- by itself --------------------------------------------------------------------------------------------


def print_document(
    house: House, actor: Actor, document_id: UUID, *, to: str, reason: str, out: Path
) -> Printed:
    """Prints the newest signed state; a valid paper with seal and short code, a provisional one without.

    1. The log gets its numbers, so that the seal can name a leaf. 2. The print is numbered and sealed. 3. The status
    list that knows it is published. 4. Only then the sheets are made. KeysNotHere where other processes do this.
    """
    require_free(out)
    extend_log(house)
    entry = request_print(house, actor, document_id, to=to, reason=reason, in_jobs=False)
    try:
        with house.datastore.begin(actor, "print") as work:
            document = work.documents.get(document_id)
            if document.status is Status.VALID:
                entry = _seal(house, work, document, entry)
        publish_about(house, document_id)
        with house.datastore.begin(actor, "print") as work:
            entry = work.prints.reach(entry.id, PrintState.LISTED)
        sheets, fingerprints = _draw(house, actor, entry)
        with house.datastore.begin(actor, "print") as work:
            work.prints.keep_sheets(entry.id, sheets, fingerprints)
        return deliver_print(house, actor, entry.id, out)
    except BaseException:
        with house.datastore.begin(actor, "take_back_print") as work:
            _take_back(work, entry)
        raise


def deliver_print(house: House, actor: Actor, print_id: UUID, out: Path) -> Printed:
    """Writes the sheets of a print that is ready; PrintNotMade, FileExists."""
    entry, sheets, key = print_pdf(house, actor, print_id)
    with house.room.desk() as desk:
        deliver(house.datastore.objects.get(sheets, desk / "print.pdf", sealing=key), out)
    return Printed(entry, link_of(house, entry))


def print_pdf(house: House, actor: Actor, print_id: UUID) -> tuple[Print, StoredObject, DataKey]:
    """A print that is ready, its sheets and the key that opens them; PrintNotMade."""
    with house.datastore.begin(actor, "get_print") as work:
        entry = work.prints.get(print_id)
        key = work.documents.data_key(entry.document_id)
    if entry.sheets is None:
        raise PrintNotMade(number=entry.number, state=entry.state.value)
    return entry, entry.sheets, key


# --- as jobs ----------------------------------------------------------------------------------------------

_Take = Callable[[Work, DocumentRecord, Print], Print]


def seal_prints(house: House, job: Job) -> None:
    """The signer's step: seals what was requested of a valid paper. A new key is told before it is used."""
    house.keys.signers.seal_key(_look(house, job)[0].intake_agency)
    tell_facts(house)

    def seal(work: Work, document: DocumentRecord, entry: Print) -> Print:
        wanted = entry.state is PrintState.REQUESTED and document.status is Status.VALID
        return _seal(house, work, document, entry) if wanted else entry

    _take_step(house, job, seal)


def list_prints(house: House, job: Job) -> None:
    """The archivist's step: publishes the list that knows the prints, and only then lets them be drawn."""
    known = {entry.id for entry in _look(house, job)[1]}
    publish_about(house, job.document_id)

    def let_go(work: Work, document: DocumentRecord, entry: Print) -> Print:
        first = PrintState.SEALED if document.status is Status.VALID else PrintState.REQUESTED
        listed = entry.id in known and entry.state in (first, PrintState.SEALED)
        return work.prints.reach(entry.id, PrintState.LISTED) if listed else entry

    _take_step(house, job, let_go)


def make_sheets(house: House, job: Job) -> None:
    """The reader's step: the sheets, in a confined child; then the print is ready."""
    actor = house.system("print", agency=job.agency)
    listed = [entry for entry in _look(house, job)[1] if entry.state is PrintState.LISTED]
    drawn = {entry.id: _draw(house, actor, entry) for entry in listed}

    def keep(work: Work, _document: DocumentRecord, entry: Print) -> Print:
        return work.prints.keep_sheets(entry.id, *drawn[entry.id]) if entry.id in drawn else entry

    _take_step(house, job, keep)


def _look(house: House, job: Job) -> tuple[DocumentRecord, tuple[Print, ...]]:
    """The paper as it stands, and its prints that are on their way."""
    with house.datastore.begin(house.system("print", agency=job.agency), "open_for_print") as work:
        return work.documents.get(job.document_id), work.prints.in_making(job.document_id)


def _take_step(house: House, job: Job, take: _Take) -> None:
    """One step of every print that has come so far, the jobs for the next, and the end of this, in one transaction.

    A paper that may not be printed any more has its prints taken back.
    """
    with house.datastore.begin(house.system("print", agency=job.agency), "print") as work:
        document = work.documents.get(job.document_id)
        for entry in work.prints.in_making(document.id):
            if document.status not in _PRINTABLE:
                _take_back(work, entry)
                continue
            entry = take(work, document, entry)
            if entry.state is not PrintState.READY:
                _ask(work, document, entry)
        work.jobs.finish(job)


def take_back_abandoned(house: House) -> int:
    """Takes back the prints that no job brings further; how many there were."""
    found = house.datastore.abandoned_prints(PRINT_KINDS, house.clock() - _ABANDONED)
    for one in found:
        actor = house.system("print", agency=one.agency)
        with house.datastore.begin(actor, "take_back_print") as work:
            for entry in work.prints.in_making(one.document_id):
                if entry.id == one.id:
                    _take_back(work, entry)
    return len(found)
