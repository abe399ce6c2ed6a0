"""Dossier events: opened, closed; and what an ending means for the papers in it."""

import re
from collections.abc import Callable

from api.house import House
from api.steps.job_kinds import MAKE_VALID
from api.steps.protect import ask_for_protection
from archive import Ground, Status
from common import KhosoError
from datastore import Actor, AlreadyThere, DocumentRecord, Dossier, DossierState, Ending, Work

_UNDECIDED = (
    Status.RECEIVED,
    Status.PENDING_IDENTIFIER,
    Status.READ,
    Status.CHECKED,
    Status.PROVISIONAL,
)


class BadProcedure(KhosoError):
    """Not the form of a procedure code."""

    code = "bad_procedure"


_PROCEDURE = re.compile(r"[1-9]\.\d{6}(?:\.[0-9A-Z]{2,3})*", re.ASCII)
"""National procedure codes, and localised ones with an agency behind them (`1.010708.000.00.00.H56`)."""


def open_dossier(
    house: House, actor: Actor, number: str, procedure: str, *, agency: str | None = None
) -> Dossier:
    """The one-stop system received a dossier under its number; repeated, after a crash perhaps, it is the same one.

    `agency` is the one that decides; by default the one that received it. AlreadyThere when a dossier of that number
    is of another procedure, or closed.
    """
    if not _PROCEDURE.fullmatch(procedure):
        raise BadProcedure(text=procedure[:40])
    try:
        with house.datastore.begin(actor, "open_dossier", dossier=number) as work:
            return work.dossiers.open(number, procedure=procedure, agency=agency)
    except AlreadyThere:
        with house.datastore.begin(actor, "look_at_dossier", dossier=number) as work:
            standing = work.dossiers.get(number)
        if (standing.procedure, standing.state) != (procedure, DossierState.OPEN):
            raise
        return standing


def record_event(
    house: House,
    actor: Actor,
    number: str,
    kind: str,
    note: str | None,
    also: Callable[[Work, Dossier], None] = lambda _work, _dossier: None,
) -> Dossier:
    """The dossier went on: a supplement was asked for, it was transferred. `also` is done in the same transaction."""
    with house.datastore.begin(actor, "record_event", dossier=number) as work:
        dossier = work.dossiers.record(number, kind, note)
        also(work, dossier)
    return dossier


def close_dossier(
    house: House,
    actor: Actor,
    number: str,
    state: DossierState,
    note: str | None = None,
    also: Callable[[Work, Ending], None] = lambda _work, _ending: None,
) -> Dossier:
    """The dossier ended. Success is the ground on which its provisional papers become valid, in jobs of their
    own (Decision 468/QD-TTg, III.1.b); refused or withdrawn leaves them provisional.

    The same ending told again is that ending, and changes nothing: who tells of it does so until it was heard. What it
    means for the papers was done in the transaction that closed it, so that nothing of it can be missing. `also` is
    done in the same transaction.
    """
    with house.datastore.begin(actor, "close_dossier", dossier=number) as work:
        ending = work.dossiers.close(number, state, note)
        for paper in work.dossiers.papers(number) if ending.now else ():
            if state is DossierState.SUCCEEDED:
                _give_ground(work, paper)
            ask_for_protection(house, work, paper.id)
        also(work, ending)
    return ending.dossier


def _give_ground(work: Work, paper: DocumentRecord) -> None:
    """Nobody had decided on the paper's value: now somebody has. One that is still being read follows by itself."""
    if paper.status not in _UNDECIDED or paper.ground is not None:
        return
    work.documents.record_ground(paper.id, Ground.DOSSIER_SUCCEEDED)
    if paper.status is Status.PROVISIONAL:
        work.jobs.enqueue(MAKE_VALID, paper.id)
