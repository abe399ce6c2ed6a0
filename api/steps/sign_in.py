"""Who is let in: from a proof (a password, a provider's word) to a session, and from a session to a fresher one.

Promised: who does not exist and who gave a wrong password are told the same; a provider's word about a citizen makes
at most one owner, that of the number in its claims; an officer is let in only under an account that an administrator
made; a step-up proves the very person whose session it is, and gives it a fresh token. A password that somebody else
gave opens nothing before it is changed.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from http import HTTPStatus
from uuid import UUID

from api.connectors.oidc import Attempt, LogoutNotice, ProvenIdentity, SignInRefused
from api.connectors.oidc_tokens import SKEW
from api.house import House
from api.steps.requests import release
from common import Digest, KhosoError, PartialDate
from datastore import (
    Account,
    Actor,
    ActorRole,
    Answer,
    Delegation,
    Holder,
    NewLogin,
    NotAllowed,
    Proof,
    SeenFrom,
    Session,
)
from ingest import BadIdentifier, PersonalId

_ROLES = tuple(ActorRole)
"""In which order a role is chosen for whoever has several: as they are listed, postal staff last."""
_PURPOSE = "sign-in"


class PasswordToChange(KhosoError):
    """The password was given by somebody else: a person chooses its own first."""

    code = "password_to_change"


@dataclass(frozen=True, slots=True)
class Undertaking:
    """What somebody set out to do at a provider: sign in, or prove again whose session it is."""

    kind: str
    return_path: str
    session: UUID | None = None


@dataclass(frozen=True, slots=True)
class Takeable:
    """A role that somebody may take, for whom, and at which counters."""

    role: ActorRole
    principal: UUID | None = None
    counters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody is in: the session, and its token where it is a fresh one."""

    session: Session
    token: str | None = field(default=None, repr=False)


def begin(house: House, attempt: Attempt, undertaking: Undertaking) -> None:
    """Keep an attempt until the browser comes back."""
    house.datastore.logins.begin(
        NewLogin(
            state=attempt.state,
            nonce=attempt.nonce,
            verifier=attempt.verifier,
            return_path=undertaking.return_path,
            kind=undertaking.kind,
            step_up=attempt.step_up,
            session=undertaking.session,
        )
    )


def resume(house: House, state: str) -> tuple[Attempt, Undertaking]:
    """The attempt of this state, for the first and only time; SignInRefused."""
    login = house.datastore.logins.redeem(state)
    if login is None:
        raise SignInRefused(reason="attempt")
    attempt = Attempt(login.state, login.nonce, login.verifier, login.step_up, login.begun_at)
    return attempt, Undertaking(login.kind, login.return_path, login.session)


def with_password(house: House, username: str, password: str, seen_from: SeenFrom) -> Entry:
    """An officer by its password; WrongPassword, PasswordToChange."""
    account = house.datastore.officers.check(username, password)
    if account.must_change:
        raise PasswordToChange
    return _officer(house, account, _by_password(house), seen_from)


def change_password(house: House, username: str, old: str, new: str, seen_from: SeenFrom) -> Entry:
    """A new password, and a session with it; every other session of the account ends. WrongPassword, PasswordWeak.

    It is no step-up where somebody else knew the old one.
    """
    account, own = house.datastore.officers.change_password(username, old, new)
    return _officer(house, account, replace(_by_password(house), as_step_up=own), seen_from)


def officer_by_provider(house: House, proven: ProvenIdentity, seen_from: SeenFrom) -> Entry:
    """An officer by a provider's word, under the account that is linked to it; SignInRefused."""
    return _officer(house, _account(house, proven), _proof(house, proven), seen_from)


def citizen_by_provider(house: House, proven: ProvenIdentity, seen_from: SeenFrom) -> Entry:
    """A citizen by a provider's word, in its own store, which is made when it is the first time; SignInRefused."""
    owner = _owner(house, proven)
    return Entry(
        *house.datastore.sessions.open_for_owner(
            owner, house.settings.agency, _proof(house, proven), seen_from
        )
    )


def prove_by_password(house: House, session: Session, password: str) -> Entry:
    """An officer proves again who it is; WrongPassword, SignInRefused, PasswordToChange."""
    if session.account_id is None:
        raise SignInRefused(reason="no_account")
    account = house.datastore.officers.check(session.person, password)
    if account.id != session.account_id:
        raise SignInRefused(reason="other_person")
    if (
        account.must_change
    ):  # whoever signed in at the provider, and whoever gave this password, are two people
        raise PasswordToChange
    return Entry(*house.datastore.sessions.step_up(session.id, _by_password(house)))


def prove_by_provider(house: House, session: Session, proven: ProvenIdentity) -> Entry:
    """A person proves again at the provider who it is: the one whose session it is, or SignInRefused."""
    if session.account_id is not None:
        same = _account(house, proven).id == session.account_id
    else:
        same = _owner(house, proven) == session.owner_id
    if not same:
        raise SignInRefused(reason="other_person")
    return Entry(*house.datastore.sessions.step_up(session.id, _proof(house, proven)))


def roles_of(house: House, session: Session) -> tuple[Takeable, ...]:
    """The roles that the person of a session may take now."""
    if session.account_id is None:
        return _citizens_roles(house, session)
    with house.datastore.begin(house.system(_PURPOSE, agency=session.agency), "look_at_roles") as work:
        account = work.accounts.get(session.account_id)
    return tuple(_officers_roles(house, account))


def take_role(house: House, session: Session, wanted: Takeable) -> Session:
    """Go on in another role of the same person; NotAllowed, NotFound, CounterNotAssigned."""
    counter = wanted.counters[0] if wanted.counters else None
    return house.datastore.sessions.choose_role(
        session.id, wanted.role, counter=counter, principal=wanted.principal
    )


def sign_out(house: House, session: Session) -> None:
    """End the session."""
    house.datastore.sessions.revoke(session.id)


def leave(house: House, token: str | None) -> None:
    """End the session that a browser still had when it proved anew who is there."""
    former = None if token is None else house.datastore.sessions.find(token)
    if former is not None:
        house.datastore.sessions.revoke(former.id)


def ended_at_provider(house: House, notice: LogoutNotice) -> bool:
    """End what rests on a session that the provider ended; without its name, every session of the person that had
    begun then. False when the notice came before, which is remembered for longer than a notice counts: nothing ends.
    RequestInProgress while it is not known what became of an earlier try: the provider may send it again."""
    requests, here = house.datastore.requests, Holder(house.room.worker, house.room.is_alive)
    claim = requests.claim(f"logout/{notice.issuer}", notice.id, Digest.of(b"logout"), here)
    if isinstance(claim, Answer):
        return False
    try:
        _end_at_provider(house, notice)
    except BaseException:
        release(requests, claim)  # the provider may send it again
        raise
    requests.keep(claim, Answer(HTTPStatus.OK, {}, ""))
    return True


def _end_at_provider(house: House, notice: LogoutNotice) -> None:
    sessions = house.datastore.sessions
    if notice.session is not None:
        sessions.revoke_of_provider(notice.issuer, notice.session)
        return
    subject = notice.subject or ""
    begun_by = notice.issued_at + SKEW
    account = house.datastore.officers.of_identity(notice.issuer, subject)
    if account is not None:
        sessions.revoke_all(account=account.id, begun_by=begun_by)
    with house.datastore.begin(house.system(_PURPOSE), "ended_at_provider") as work:
        owner = work.owners.of_identity(notice.issuer, subject)
    if owner is not None:
        sessions.revoke_all(owner=owner.id, begun_by=begun_by)


def _officer(house: House, account: Account, proof: Proof, seen_from: SeenFrom) -> Entry:
    """A session in the first of its roles; NotAllowed when it has none."""
    roles = _officers_roles(house, account)
    if not roles:
        raise NotAllowed(act="sign_in")
    first = roles[0]
    counter = first.counters[0] if first.counters else None
    return Entry(
        *house.datastore.sessions.open_for_account(account.id, first.role, proof, seen_from, counter=counter)
    )


def _officers_roles(house: House, account: Account) -> list[Takeable]:
    standing = account.roles_at(house.clock())
    ordered = sorted(standing, key=lambda role: (role is ActorRole.POSTAL, _ROLES.index(role)))
    return [Takeable(role, counters=account.counters if role is ActorRole.POSTAL else ()) for role in ordered]


def _citizens_roles(house: House, session: Session) -> tuple[Takeable, ...]:
    """Itself, and whom it stands for."""
    person = UUID(session.person)
    actor = Actor(session.person, ActorRole.OWNER, session.agency, _PURPOSE)
    with house.datastore.begin(actor, "look_at_delegations") as work:
        found = work.delegations.of_owner(person)
    others = [
        Takeable(one.kind, one.principal_id)
        for one in found
        if one.delegate_id == person and _in_force(one, house.today)
    ]
    return (Takeable(ActorRole.OWNER), *others)


def _in_force(delegation: Delegation, day: date) -> bool:
    begun = delegation.confirmed_at is not None and delegation.valid_from <= day
    return (
        begun and delegation.ended_at is None and (delegation.valid_to is None or day <= delegation.valid_to)
    )


def _account(house: House, proven: ProvenIdentity) -> Account:
    account = house.datastore.officers.of_identity(proven.issuer, proven.subject)
    if account is None:
        raise SignInRefused(reason="no_account")
    return account


def _owner(house: House, proven: ProvenIdentity) -> UUID:
    """The owner of a proven identity, by the number among its claims, for which there is one owner at most."""
    settings = house.settings
    try:
        number = PersonalId.parse(proven.text(settings.oidc_number_claim) or "")
    except BadIdentifier as error:
        raise SignInRefused(reason="no_number") from error
    name = proven.text(settings.oidc_name_claim)
    if name is None:
        raise SignInRefused(reason="no_name")
    with house.datastore.begin(house.system(_PURPOSE), "recognise_owner") as work:
        owner = work.owners.recognise(
            proven.issuer,
            proven.subject,
            str(number),
            name=name,
            birth_date=_date(proven.text(settings.oidc_birth_date_claim)),
        )
    return owner.id


def _date(text: str | None) -> PartialDate | None:
    """A birth date as OpenID writes it (ISO 8601, year `0000` for *not told*); None for anything else."""
    try:
        return None if text is None else PartialDate.parse(text)
    except ValueError:
        return None


def _by_password(house: House) -> Proof:
    return Proof(house.clock(), as_step_up=True)


def _proof(house: House, proven: ProvenIdentity) -> Proof:
    """A provider that does not say when it was may speak of this morning."""
    return Proof(
        proven.signed_in_at or house.clock(),
        proven.acr,
        proven.issuer,
        proven.session,
        as_step_up=proven.signed_in_at is not None and proven.as_strong_as_step_up,
    )
