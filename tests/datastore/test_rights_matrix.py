"""Every method of every repository × every role × whose paper it is, on real rows.

The paper is Con's (a child) and the company's together; postal clerk Lan took it in at agency H41.01, which decides on
it too. Whose it is for somebody: `own` (its agency's, its own), `other` (another agency's, another citizen's), `shared`
(shown to it through a share, which opens nothing but the share), `delegated` (a guardian's or representative's),
`absent` (a paper that there is not).

What must come: *not allowed* where the role may not do it at all, whatever the paper; else something for who sees the
paper (also an error about it), and *not found* or nothing for who does not.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from inspect import Parameter, signature
from uuid import UUID

import pytest

from archive import Ground, Status
from common import Digest
from datastore import (
    CITIZENS,
    SCOPES,
    Act,
    Actor,
    ActorRole,
    AttachedHow,
    HashedPassword,
    NotAllowed,
    NotFound,
    Work,
    may,
)
from signing import Role
from tests.datastore.conftest import Migrated
from tests.datastore.house import MAI, READ, House
from tests.datastore.test_delegations_and_shares import COMPANY, child
from tests.datastore.test_rights import ACTS

NUMBER = "H41.01-261122-0001"
WHOSE = ("own", "other", "shared", "delegated", "absent")
LAN = Actor("lan", "postal", "H41.01", "matrix")

ABOUT_NO_PAPER = {
    ("agencies", "*"), ("answers", "keep"), ("diary", "of_agency"), ("diary", "report"), ("diary", "reports"),
    ("documents", "brought_otherwise"), ("documents", "find_held"), ("documents", "receive"),
    ("documents", "standing_of_bytes"),
    ("dossiers", "open"), ("jobs", "finish"), ("jobs", "retry"), ("jobs", "set_aside"),
    ("overrides", "alone"), ("overrides", "on"), ("overrides", "put"), ("overrides", "agency_name"),
    ("overrides", "name_agency"),
    ("owners", "ensure"), ("owners", "recognise"), ("owners", "of_identity"), ("owners", "of_papers"),
    ("owners", "stated_for"),
    ("prints", "status_of"), ("prints", "statuses"),
    ("accounts", "all"), ("accounts", "make"), ("accounts", "require_manager"), ("clients", "all"), ("clients", "make"),
    ("subscriptions", "all"), ("subscriptions", "make"), ("delegations", "make"), ("shares", "all"),
    ("uploads", "*"), ("work", "entry_key"),
}  # fmt: skip
"""What names no paper, owner, dossier or row of somebody. What these show is filtered: each has a test elsewhere."""

OWNERS_FOR_STAFF = {("owners", "find"), ("owners", "get"), ("owners", "store_of"), ("owners", "entries"),
                    ("diary", "of_owner"), ("delegations", "of_owner"), ("documents", "of_owner")}  # fmt: skip
"""Staff of every agency looks an owner up by number; of its papers and diary it sees its own agency's."""

ALSO_ASKED = {("owners", "entries"): Act.FIND_OWNER}
"""What takes a second right: those of a store, which is looked up."""


class Undone(Exception):
    """Ends a transaction of the matrix: nothing of it stays."""


@dataclass(frozen=True)
class Facts:
    """One paper, everything that hangs on it, and who may be asked about it."""

    house: House
    con: UUID
    company: UUID
    guardian: UUID
    stranger: UUID
    arguments: Mapping[str, object]
    """By the name of a parameter, or of repository and parameter."""
    of_company: Mapping[str, object]

    def about(self, role: ActorRole) -> Mapping[str, object]:
        """The arguments for a role: a representative asks about the organisation."""
        return {**self.arguments, **self.of_company} if role is ActorRole.REPRESENTATIVE else self.arguments

    def absent(self) -> dict[str, object]:
        """The same, of a paper that there is not."""
        gone = UUID(int=0xABCDEF)
        missing = {name: gone for name, value in self.arguments.items() if isinstance(value, UUID)}
        return {**self.arguments, **missing, "number": "H41.01-261122-0099", "query": "không có ai",
                "code": "no-such", "token": "x",
                "username": "nobody.here", "owners.identifier": "040090001299"}  # fmt: skip


@pytest.fixture(scope="module")
def facts(migrated_sqlite: Migrated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facts]:
    """A valid paper of two owners, with all that there can be about it."""
    with migrated_sqlite.copy(tmp_path_factory.mktemp("matrix") / "house") as house:
        yield _prepared(house)


def _prepared(house: House) -> Facts:
    con, company = child(house), house.owner(COMPANY, "Công ty A")
    guardian, stranger = house.owner("001191005678", "Trần Thị Bình"), house.owner("040090007777", "Lê Chi")
    document = house.receive(con, company, actor=LAN)
    house.read(document.id)
    with house.store.begin(MAI, "prepare") as work:
        work.documents.check(document.id, by="mai")
    house.sign(document.id)
    other = house.valid(con, content=b"another of them")
    with house.store.begin(MAI, "prepare") as work:
        work.documents.become(document.id, Status.PROVISIONAL)
        work.documents.make_valid(document.id, Ground.BACK_FILE)
        work.dossiers.open(NUMBER, procedure="1.001193")
        work.dossiers.attach(NUMBER, document.id, component="A", how=AttachedHow.KEPT)
        printed = work.prints.issue(
            document.id, revision_sha256=Digest.of(b"x"), to_whom="bank", reason="loan"
        )
        work.receipts.issue(document.id, {})
        work.exchange.keep("their-code", document.id, {"Title": "x"})
        (signing,) = work.signings.of_document(document.id)
        job = work.jobs.enqueue(READ, document.id)
        subscription, _secret = work.subscriptions.make("https://x.example/hook", ["vn.khoso.document.*"])
        account = work.accounts.make("hoa.le", "Lê Thị Hoa", ActorRole.CLERK)
        work.accounts.assign_counter(account.id, "1")
        client, _secret2 = work.clients.make("Thuế", ["papers.read"])
        delegations = [
            work.delegations.make(
                kind, guardian, principal, ground="x", valid_from=date(2026, 1, 1), valid_to=date(2099, 1, 1)
            ).id
            for kind, principal in ((ActorRole.GUARDIAN, con), (ActorRole.REPRESENTATIVE, company))
        ]
    with house.store.begin(Actor("hoa", "handler", "H41.01", "confirm"), "confirm") as work:
        for delegation in delegations:
            work.delegations.confirm(delegation)
    until = house.clock() + timedelta(days=30)
    made = []
    for owner in (con, company):
        with house.store.begin(Actor(str(owner), "owner", "H41.01", ""), "share") as work:
            made.append(work.shares.make(document.id, purpose="x", recipient="Sở A", until=until))
    (shared, token), (of_company, _token) = made
    arguments: dict[str, object] = {
        "document": document.id, "owner": con, "number": NUMBER, "code": "their-code", "token": token,
        "query": "nguyễn văn con",
        "prints.id": printed.id, "signings.id": signing.id, "signings.intend.id": UUID(int=77), "jobs.id": job.id,
        "subscriptions.id": subscription.id, "accounts.id": account.id, "clients.id": client.id,
        "delegations.id": delegations[0], "shares.id": shared.id, "by": other.id, "to": con,
        "documents.refile.to": guardian,
        "documents.check.by": "mai", "owners.identifier": "040220001234", "username": "hoa.le",
        "role": Role.AGENCY, "accounts.role": ActorRole.CLERK, "kind": READ, "dossiers.kind": "supplement",
        "dossiers.component": "B", "how": AttachedHow.KEPT, "version": 1, "sha256": Digest.of(b"x"),
        "dossiers.state": "withdrawn", "owners.state": "living", "status": Status.EXPIRED, "ground": Ground.BACK_FILE,
        "doc_type": "KET_HON", "fields": {}, "owners": [con], "reason": "x", "said": {}, "stated": [], "content": {},
        "purpose": "x", "recipient": "x", "until": until, "name": "Nguyễn Văn Con", "owners.kind": "old_number",
        "owners.add_identifier.identifier": "183456789", "owners.end_identifier.identifier": "040220001234",
        "counter": "1", "issuer": "https://id.example", "subject": "s", "password": HashedPassword("hoa.le", "x"),
        "revision_sha256": Digest.of(b"x"), "to_whom": "x", "seal": b"x", "signature": b"signature value",
        "to_be_signed": {}, "stamp": None, "limit": 9, "delegations.kind": ActorRole.GUARDIAN,
        "delegate": guardian, "principal": con,
    }  # fmt: skip
    theirs = {
        "owner": company, "owners.identifier": COMPANY, "delegations.id": delegations[1], "shares.id": of_company.id,
    }  # fmt: skip
    return Facts(house, con, company, guardian, stranger, arguments, theirs)


def actor_of(facts: Facts, role: ActorRole, whose: str) -> Actor:
    """Somebody in a role for whom the paper is `whose`."""
    agency = "H41.01" if whose in ("own", "absent", "delegated") else "H55.02"
    if role not in CITIZENS:
        return Actor("lan", role, agency, "matrix")
    principal = {ActorRole.GUARDIAN: facts.con, ActorRole.REPRESENTATIVE: facts.company}.get(role)
    if role is ActorRole.OWNER:
        person = {"own": facts.con, "absent": facts.con, "delegated": facts.guardian}.get(
            whose, facts.stranger
        )
        return Actor(str(person), role, "H41.01", "matrix")
    person = facts.guardian if whose in ("delegated", "absent") else facts.stranger
    return Actor(str(person), role, "H41.01", "matrix", principal=principal)


def sees(role: ActorRole, whose: str) -> bool:
    """Whether the paper is one of those that this actor sees."""
    if whose == "absent":
        return False
    if role in (ActorRole.GUARDIAN, ActorRole.REPRESENTATIVE):
        return whose == "delegated"
    return whose == "own" or (whose == "delegated" and role not in CITIZENS)


def called(work: Work, repository: str, method: str, given: Mapping[str, object]) -> object:
    """The answer of a method, or the error that it ended with; what it changed is undone."""
    target = work if repository == "work" else getattr(work, repository)
    wanted = signature(getattr(target, method)).parameters.values()
    arguments = {}
    for one in wanted:
        names = (f"{repository}.{method}.{one.name}", f"{repository}.{one.name}", one.name)
        known = [given[name] for name in names if name in given]
        needed = one.default is Parameter.empty or one.name in ("document", "to")
        if one.kind is not Parameter.VAR_POSITIONAL and needed:
            arguments[one.name] = known[0] if known else None
    scope = work._scope
    point = scope.session.begin_nested()
    try:
        answer = getattr(target, method)(**arguments)
        return list(answer) if method == "statuses" else answer
    except Exception as error:
        return error
    finally:
        if point.is_active:
            point.rollback()
        scope.session.expire_all()
        scope.held.clear()
        scope.lines.clear()


def right(role: ActorRole, act: Act, whose: str, case: tuple[str, str], answer: object) -> bool:
    """Whether this is what must come."""
    repository, method = case
    bringing = act is Act.TAKE_IN and role in CITIZENS and case != ("exchange", "keep")
    if not may(role, act) and not bringing:
        return isinstance(answer, NotAllowed)
    if case in ABOUT_NO_PAPER or (repository, "*") in ABOUT_NO_PAPER:
        return True
    if case in OWNERS_FOR_STAFF and role not in CITIZENS:
        return not isinstance(answer, NotAllowed)
    if repository == "accounts" and role is ActorRole.SYSTEM:  # the command line manages every agency's
        return not isinstance(answer, NotAllowed)
    if case == ("delegations", "end") and (role, whose) == (ActorRole.OWNER, "own"):
        return isinstance(answer, NotAllowed)  # a ward does not dismiss its guardian
    if case in (("delegations", "end"), ("delegations", "get")) and (role, whose) == (
        ActorRole.OWNER,
        "delegated",
    ):
        return not isinstance(answer, NotFound | NotAllowed)  # who stands for somebody sees that it does
    if repository == "shares" and method in ("open", "note_refusal"):
        return isinstance(answer, NotFound) == (whose == "absent")
    if sees(role, whose):
        return not isinstance(answer, NotFound | NotAllowed)
    return isinstance(answer, NotFound) or answer in ((), None)


@pytest.mark.parametrize("scope", SCOPES)
def test_another_system_does_what_its_scope_names_and_nothing_else(facts: Facts, scope: str) -> None:
    actor = replace(actor_of(facts, ActorRole.SYSTEM, "own"), scopes=frozenset({scope}))
    wrong = []
    with suppress(Undone), facts.house.store.begin(actor, "matrix") as work:
        for repository, acts in ACTS.items():
            for method, act in acts.items():
                answer = called(work, repository, method, facts.arguments)
                both = (act, ALSO_ASKED.get((repository, method), act))
                allowed = all(may(ActorRole.SYSTEM, one, actor.scopes) for one in both)
                if isinstance(answer, NotAllowed) == allowed:
                    wrong.append((repository, method, f"{type(answer).__name__}: {answer}"[:80]))
        raise Undone
    assert wrong == []


@pytest.mark.parametrize("whose", WHOSE)
@pytest.mark.parametrize("role", ActorRole)
def test_everybody_gets_what_is_its_own_and_nothing_else(facts: Facts, role: ActorRole, whose: str) -> None:
    given = facts.absent() if whose == "absent" else facts.about(role)
    wrong = []
    with suppress(Undone), facts.house.store.begin(actor_of(facts, role, whose), "matrix") as work:
        for repository, acts in ACTS.items():
            for method, act in acts.items():
                answer = called(work, repository, method, given)
                if not right(role, act, whose, (repository, method), answer):
                    wrong.append((repository, method, f"{type(answer).__name__}: {answer}"[:80]))
        raise Undone
    assert wrong == []
