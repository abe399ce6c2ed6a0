"""Who may do what at all: a table of acts and roles, and what each scope of a system lets it do.

The table speaks of roles, never of papers: asked before anything is looked at, its answer is the same whether a
paper is there or not, so it may be told (NotAllowed). Which papers somebody sees stands in `scope`, and what is
not seen is NotFound. A role that is not in the table may do nothing.
"""

from collections.abc import Iterable, Mapping, Set
from enum import StrEnum

from datastore.records import ActorRole


class Act(StrEnum):
    """What is asked for. Every method of a repository asks for one."""

    VERIFY = "verify"
    """Ask what a print or a file is worth today; nothing else is told."""
    READ_RULES = "read_rules"
    """Rules in force and the names of agencies: on nobody's paper."""
    KEEP_ANSWER = "keep_answer"
    """Keep what was answered to one's own request, so that it can be sent again."""
    FIND_OWNER = "find_owner"
    """Look an owner up by number or id."""
    NAME_OWNER = "name_owner"
    """Make an owner known with its number, or fill in what was unknown."""
    CORRECT_OWNER = "correct_owner"
    RECOGNISE_OWNER = "recognise_owner"
    """Say which owner an identity belongs to that a provider has proven."""
    SEE_PAPERS = "see_papers"
    SEE_DOSSIERS = "see_dossiers"
    TAKE_IN = "take_in"
    UPLOAD_OWN = "upload_own"
    READ_IN = "read_in"
    """Keep what a machine read, and the steps of a paper's life that follow by themselves."""
    CHECK = "check"
    CLASSIFY = "classify"
    ASSIGN_OWNER = "assign_owner"
    DECIDE = "decide"
    """Give a paper its ground, and make it valid."""
    PUT_AWAY = "put_away"
    """Put away a paper on which nobody has decided, because it was brought twice."""
    REFILE = "refile"
    REVOKE = "revoke"
    SUPERSEDE = "supersede"
    ARCHIVE = "archive"
    """Hand to the archive, destroy, end one owner's access."""
    SIGN = "sign"
    PRINT = "print"
    ATTACH = "attach"
    OPEN_DOSSIER = "open_dossier"
    RECORD_EVENT = "record_event"
    CLOSE_DOSSIER = "close_dossier"
    READ_DIARY = "read_diary"
    AUDIT = "audit"
    """Read what everybody of an agency did."""
    REPORT = "report"
    """Write into the diary what is about nobody's paper."""
    ASK_FOR_WORK = "ask_for_work"
    FINISH_WORK = "finish_work"
    SEE_JOBS = "see_jobs"
    RETRY_JOBS = "retry_jobs"
    MANAGE_OVERRIDES = "manage_overrides"
    MANAGE_AGENCIES = "manage_agencies"
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_CLIENTS = "manage_clients"
    MANAGE_SUBSCRIPTIONS = "manage_subscriptions"
    SHARE = "share"
    OPEN_SHARE = "open_share"
    SEE_DELEGATIONS = "see_delegations"
    DELEGATE = "delegate"
    CONFIRM_DELEGATION = "confirm_delegation"
    END_DELEGATION = "end_delegation"


CITIZENS = frozenset({ActorRole.OWNER, ActorRole.REPRESENTATIVE, ActorRole.GUARDIAN})
"""They see one owner's store, their own or that of the one they stand for, and no agency's papers."""

_CLERK, _POSTAL, _HANDLER = ActorRole.CLERK, ActorRole.POSTAL, ActorRole.HANDLER
_SIGNER, _ARCHIVIST, _ADMIN = ActorRole.SIGNER, ActorRole.ARCHIVIST, ActorRole.ADMIN
_COUNTER = frozenset({_CLERK, _POSTAL, _HANDLER})
_OFFICE = frozenset({_CLERK, _HANDLER})
_PAPERS = _COUNTER | {_SIGNER, _ARCHIVIST}
_NOBODY: frozenset[ActorRole] = frozenset()

_ALLOWED: Mapping[Act, frozenset[ActorRole]] = {
    Act.FIND_OWNER: _PAPERS | CITIZENS,
    Act.NAME_OWNER: _COUNTER,
    Act.CORRECT_OWNER: _OFFICE,
    Act.RECOGNISE_OWNER: _NOBODY,
    Act.SEE_PAPERS: _PAPERS | CITIZENS,
    Act.SEE_DOSSIERS: _PAPERS | CITIZENS,
    Act.TAKE_IN: _COUNTER,
    Act.UPLOAD_OWN: CITIZENS,
    Act.READ_IN: _NOBODY,
    Act.CHECK: _OFFICE,
    Act.CLASSIFY: _OFFICE,
    Act.ASSIGN_OWNER: _OFFICE,
    Act.DECIDE: frozenset({_HANDLER}),
    Act.PUT_AWAY: _OFFICE,
    Act.REFILE: frozenset({_HANDLER}),
    Act.REVOKE: frozenset({_HANDLER}),
    Act.SUPERSEDE: frozenset({_HANDLER}),
    Act.ARCHIVE: frozenset({_ARCHIVIST}),
    Act.SIGN: _OFFICE | {_SIGNER},
    Act.PRINT: _OFFICE,
    Act.ATTACH: _COUNTER,
    Act.OPEN_DOSSIER: _COUNTER,
    Act.RECORD_EVENT: _OFFICE,
    Act.CLOSE_DOSSIER: frozenset({_HANDLER}),
    Act.READ_DIARY: _OFFICE | CITIZENS | {ActorRole.AUDITOR},
    Act.AUDIT: frozenset({ActorRole.AUDITOR}),
    Act.REPORT: _PAPERS | CITIZENS,
    Act.ASK_FOR_WORK: _PAPERS | CITIZENS,
    Act.FINISH_WORK: _NOBODY,
    Act.SEE_JOBS: frozenset({_ARCHIVIST, _ADMIN}),
    Act.RETRY_JOBS: frozenset({_ADMIN}),
    Act.MANAGE_OVERRIDES: frozenset({_ADMIN}),
    Act.MANAGE_AGENCIES: frozenset({_ADMIN}),
    Act.MANAGE_ACCOUNTS: frozenset({_ADMIN}),
    Act.MANAGE_CLIENTS: frozenset({_ADMIN}),
    Act.MANAGE_SUBSCRIPTIONS: frozenset({_ADMIN}),
    Act.SHARE: CITIZENS,
    Act.OPEN_SHARE: frozenset({ActorRole.VERIFIER}),
    Act.SEE_DELEGATIONS: _OFFICE | CITIZENS,
    Act.DELEGATE: _OFFICE,
    Act.CONFIRM_DELEGATION: frozenset({_HANDLER}),
    Act.END_DELEGATION: CITIZENS | {_HANDLER},
}
"""Who may, beside the system, which may do whatever an agency may. What everybody may stands below."""

_EVERYBODYS = frozenset({Act.VERIFY, Act.READ_RULES, Act.KEEP_ANSWER})
_NOT_THE_SYSTEMS = frozenset({Act.UPLOAD_OWN, Act.SHARE, Act.OPEN_SHARE})
"""What only a citizen, or whoever was shown a share, can want."""

SCOPES: Mapping[str, frozenset[Act]] = {
    "papers.read": frozenset({Act.SEE_PAPERS, Act.FIND_OWNER}),
    "papers.write": frozenset(
        {
            Act.TAKE_IN, Act.NAME_OWNER, Act.FIND_OWNER, Act.SEE_PAPERS, Act.SEE_DOSSIERS, Act.ATTACH,
            Act.REPORT, Act.ASK_FOR_WORK, Act.CLASSIFY, Act.ASSIGN_OWNER,
        }
    ),
    # Apart from bringing papers: who brings one does not itself answer whose it is.
    "papers.check": frozenset({Act.CHECK, Act.SEE_PAPERS, Act.ASK_FOR_WORK}),
    "dossiers.read": frozenset({Act.SEE_DOSSIERS}),
    "dossiers.write": frozenset(
        {
            Act.SEE_DOSSIERS, Act.SEE_PAPERS, Act.OPEN_DOSSIER, Act.RECORD_EVENT, Act.CLOSE_DOSSIER,
            Act.ATTACH, Act.DECIDE, Act.ASK_FOR_WORK,
        }
    ),
    "events.subscribe": frozenset({Act.MANAGE_SUBSCRIPTIONS}),
    "prints.write": frozenset({Act.PRINT, Act.SEE_PAPERS, Act.ASK_FOR_WORK}),
}  # fmt: skip
"""What another information system may be let do; a closed dossier is the ground on which papers become valid."""


def roles_that_may(act: Act) -> frozenset[ActorRole]:
    """The roles that may do this at all."""
    if act in _EVERYBODYS:
        return frozenset(ActorRole)
    return _ALLOWED[act] | (_NOBODY if act in _NOT_THE_SYSTEMS else {ActorRole.SYSTEM})


def named_roles(roles: Set[ActorRole]) -> str:
    """These roles as a sentence names them, in the order of the table."""
    return ", ".join(role.value for role in ActorRole if role in roles)


def may(role: ActorRole, act: Act, scopes: Iterable[str] | None = None) -> bool:
    """Whether a role may do this; a system with `scopes` only what one of them names, or what everybody may."""
    if role not in roles_that_may(act):
        return False
    if scopes is None or act in _EVERYBODYS:
        return True
    return any(act in SCOPES.get(scope, frozenset()) for scope in scopes)
