"""Agencies and the accounts of their officers, managed by each agency's one administrator.

A password is made here, shown once in the answer that made it, and is to be changed at the first sign-in. Whoever is
locked, closed or loses a role is signed out of it with the same commit.
"""

import secrets
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from api.http.identity import Who
from api.http.once import Keep, OnlyOnce, answer
from api.http.parts import TheHouse
from api.http.shapes import Asked, Code, Day, Instant, Planned, Why, Words, problems
from datastore import Account, AccountRole, ActorRole, Agency, Answer
from ingest import AgencyCode

router = APIRouter(tags=["accounts"])
_PURPOSE = "administration"
_PASSWORD_BYTES = 15
"""Twenty characters that nobody chooses: 120 random bits."""
AccountId = Annotated[UUID, Path(description="The account.")]


class AgencyView(BaseModel):
    """An agency and its place in the tree."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "H41.08.01",
                    "name": "Bộ phận Một cửa phường Trường Vinh",
                    "parent": "H41.08",
                    "valid_from": "2026-11-25",
                    "valid_to": None,
                    "successor": None,
                }
            ]
        }
    )
    code: str
    name: str
    parent: str | None
    valid_from: date | None
    valid_to: date | None
    successor: str | None

    @classmethod
    def of(cls, agency: Agency) -> "AgencyView":
        return cls(
            code=agency.code,
            name=agency.name,
            parent=agency.parent,
            valid_from=agency.valid_from,
            valid_to=agency.valid_to,
            successor=agency.successor,
        )


class Agencies(BaseModel):
    """Every agency of this installation, by code."""

    agencies: list[AgencyView]


class NewAgency(Asked):
    """An agency below one's own."""

    code: Code = Field(examples=["H41.08.01"])
    name: Words = Field(examples=["Bộ phận Một cửa phường Trường Vinh"])
    since: Day | None = None


class AgencyEnd(Asked):
    """The last day of an agency, and who sees its papers after that."""

    last_day: Day = Field(examples=["2026-12-31"])
    successor: Code | None = None


@router.get("/agencies", operation_id="list_agencies", responses=problems())
def list_agencies(house: TheHouse, who: Who) -> Agencies:
    """The tree of agencies, those that ended included."""
    with house.datastore.begin(who.actor(_PURPOSE), "list_agencies") as work:
        return Agencies(agencies=[AgencyView.of(one) for one in house.agencies(work)])


@router.post(
    "/agencies",
    operation_id="add_agency",
    status_code=201,
    response_class=Response,
    responses={201: {"model": AgencyView, "description": "Made known."}, **problems(404, 409)},
)
def add_agency(house: TheHouse, who: Who, once: OnlyOnce, said: NewAgency) -> Response:
    """Make an agency known below one's own."""

    def make(keep: Keep) -> Answer:
        with house.datastore.begin(who.actor(_PURPOSE), "add_agency") as work:
            added = house.add_agency(work, said.code, said.name, parent=who.agency, since=said.since)
            made = answer(201, AgencyView.of(added))
            keep(work, made)
        return made

    return once.do(said.model_dump(mode="json"), make)


@router.post("/agencies/{code}/end", operation_id="end_agency", responses=problems(404, 409))
def end_agency(house: TheHouse, who: Who, code: Code, said: AgencyEnd) -> AgencyView:
    """End an agency below one's own; its successor sees its papers from the next day on."""
    with house.datastore.begin(who.actor(_PURPOSE), "end_agency") as work:
        ended = work.agencies.end(code, last_day=said.last_day, successor=said.successor)
    return AgencyView.of(ended)


class AccountRoleView(BaseModel):
    """A role, since when, until when it is planned, when it ended."""

    role: str
    from_at: Instant
    until: Instant | None
    ended_at: Instant | None

    @classmethod
    def of(cls, role: AccountRole) -> "AccountRoleView":
        return cls(role=role.role, from_at=role.from_at, until=role.until, ended_at=role.ended_at)


class AccountView(BaseModel):
    """An officer's account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "019ab1f0-7c1e-7d52-9c6e-2f4b1f6f0a11",
                    "username": "mai.tran",
                    "name": "Trần Thị Mai",
                    "agency": "H41.08",
                    "state": "active",
                    "reason": None,
                    "roles": [],
                    "counters": [],
                    "linked": False,
                    "must_change_password": True,
                    "made_at": "2026-11-22T01:05:09.000000Z",
                    "made_by": "admin",
                }
            ]
        }
    )
    id: UUID
    username: str
    name: str
    agency: str
    state: str
    reason: str | None
    roles: list[AccountRoleView]
    counters: list[str]
    linked: bool = Field(description="Whether it signs in through a provider.")
    must_change_password: bool
    made_at: Instant
    made_by: str

    @classmethod
    def of(cls, account: Account) -> "AccountView":
        return cls(
            id=account.id,
            username=account.username,
            name=account.name,
            agency=account.agency,
            state=account.state,
            reason=account.reason,
            roles=[AccountRoleView.of(one) for one in account.roles],
            counters=list(account.counters),
            linked=account.issuer is not None,
            must_change_password=account.must_change,
            made_at=account.made_at,
            made_by=account.made_by,
        )


class Accounts(BaseModel):
    """The accounts that one manages, by agency and name."""

    accounts: list[AccountView]


class AccountWithPassword(BaseModel):
    """An account, and the password with which it signs in once to choose its own.

    It is shown this once: null when the request is only repeated, and for whoever signs in at a provider.
    """

    account: AccountView
    initial_password: str | None = Field(examples=["pVt0lG2k-9nQ4sXw7yZa"])


Officer = Literal["clerk", "postal", "handler", "signer", "archivist", "auditor", "admin"]


class NewAccount(Asked):
    """An officer of one's agency, or the administrator of one below it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"username": "mai.tran", "name": "Trần Thị Mai", "roles": ["clerk"]}]
        },
    )
    username: Words
    name: Words
    roles: list[Officer] = Field(min_length=1, max_length=7)
    agency: Code | None = None
    until: Planned | None = None
    sign_in: Literal["password", "provider"] = "password"


class RoleTaken(Asked):
    """A role."""

    role: Officer = Field(examples=["handler"])


class RoleGiven(Asked):
    """A role, perhaps with its planned end."""

    role: Officer = Field(examples=["handler"])
    until: Planned | None = None


class Identity(Asked):
    """The subject of the agency's provider as whom the person signs in."""

    issuer: Annotated[
        str,
        Field(
            examples=["https://sso.agency.example"],
            min_length=8,
            max_length=255,
            pattern=r"^https?://[!-~]+$",
        ),
    ]
    subject: Annotated[str, Field(examples=["7f3a9c0d"], min_length=1, max_length=255, pattern=r"^[!-~]+$")]


class Counter(Asked):
    """A counter at which postal staff takes papers in."""

    counter: Annotated[Words, Field(max_length=64, examples=["quầy 3"])]


@router.get("/accounts", operation_id="list_accounts", responses=problems())
def list_accounts(house: TheHouse, who: Who) -> Accounts:
    """The accounts of one's agency, and the administrators of those below it."""
    with house.datastore.begin(who.actor(_PURPOSE), "list_accounts") as work:
        return Accounts(accounts=[AccountView.of(one) for one in work.accounts.all()])


@router.post(
    "/accounts",
    operation_id="make_account",
    status_code=201,
    response_class=Response,
    responses={201: {"model": AccountWithPassword, "description": "Made."}, **problems(404, 409)},
)
def make_account(house: TheHouse, who: Who, once: OnlyOnce, said: NewAccount) -> Response:
    """Make an account. The password in the answer is shown this once."""
    password, actor = _fresh_password() if said.sign_in == "password" else None, who.actor(_PURPOSE)

    def make(keep: Keep) -> Answer:
        with house.datastore.begin(actor, "make_account") as work:
            work.accounts.require_manager()
        hashed = None if password is None else house.datastore.officers.hashed(said.username, password)
        with house.datastore.begin(actor, "make_account") as work:
            made = work.accounts.make(
                said.username,
                said.name,
                *(ActorRole(role) for role in said.roles),
                agency=None if said.agency is None else str(AgencyCode.parse(said.agency)),
                password=hashed,
                until=said.until,
            )
            view = AccountView.of(made)
            keep(work, answer(201, AccountWithPassword(account=view, initial_password=None)))
        return answer(201, AccountWithPassword(account=view, initial_password=password))

    return once.do(said.model_dump(mode="json"), make)


@router.get("/accounts/{account_id}", operation_id="get_account", responses=problems(404))
def get_account(house: TheHouse, who: Who, account_id: AccountId) -> AccountView:
    """One account."""
    with house.datastore.begin(who.actor(_PURPOSE), "see_account") as work:
        return AccountView.of(work.accounts.get(account_id))


@router.post(
    "/accounts/{account_id}/password",
    operation_id="reset_password",
    response_class=Response,
    responses={200: {"model": AccountWithPassword, "description": "Changed."}, **problems(404, 409)},
)
def reset_password(house: TheHouse, who: Who, once: OnlyOnce, account_id: AccountId) -> Response:
    """Give a new password, shown this once; whoever is signed in with the account is signed out."""
    password, actor = _fresh_password(), who.actor(_PURPOSE)

    def make(keep: Keep) -> Answer:
        with house.datastore.begin(actor, "see_account") as work:
            account = work.accounts.get(account_id)
        hashed = house.datastore.officers.hashed(account.username, password)
        with house.datastore.begin(actor, "reset_password") as work:
            view = AccountView.of(work.accounts.set_password(account_id, hashed))
            keep(work, answer(200, AccountWithPassword(account=view, initial_password=None)))
        return answer(200, AccountWithPassword(account=view, initial_password=password))

    return once.do({}, make)


@router.post("/accounts/{account_id}/lock", operation_id="lock_account", responses=problems(404, 409))
def lock_account(house: TheHouse, who: Who, account_id: AccountId, said: Why) -> AccountView:
    """Let nobody in with it until it is unlocked; whoever is signed in is signed out."""
    with house.datastore.begin(who.actor(_PURPOSE), "lock_account") as work:
        return AccountView.of(work.accounts.lock(account_id, said.reason))


@router.post("/accounts/{account_id}/unlock", operation_id="unlock_account", responses=problems(404, 409))
def unlock_account(house: TheHouse, who: Who, account_id: AccountId) -> AccountView:
    """Let it in again, also after too many wrong passwords."""
    with house.datastore.begin(who.actor(_PURPOSE), "unlock_account") as work:
        return AccountView.of(work.accounts.unlock(account_id))


@router.post("/accounts/{account_id}/close", operation_id="close_account", responses=problems(404, 409))
def close_account(house: TheHouse, who: Who, account_id: AccountId, said: Why) -> AccountView:
    """Let nobody in with it for good. Its name is never given again."""
    with house.datastore.begin(who.actor(_PURPOSE), "close_account") as work:
        return AccountView.of(work.accounts.close(account_id, said.reason))


@router.post("/accounts/{account_id}/roles", operation_id="grant_role", responses=problems(404, 409))
def grant_role(house: TheHouse, who: Who, account_id: AccountId, said: RoleGiven) -> AccountView:
    """Give a role, or another planned end to one that is there."""
    with house.datastore.begin(who.actor(_PURPOSE), "grant_role") as work:
        return AccountView.of(work.accounts.grant(account_id, ActorRole(said.role), until=said.until))


@router.post("/accounts/{account_id}/roles/end", operation_id="end_role", responses=problems(404, 409))
def end_role(house: TheHouse, who: Who, account_id: AccountId, said: RoleTaken) -> AccountView:
    """Take a role away, and the sessions in it."""
    with house.datastore.begin(who.actor(_PURPOSE), "end_role") as work:
        return AccountView.of(work.accounts.end_role(account_id, ActorRole(said.role)))


@router.put("/accounts/{account_id}/identity", operation_id="link_identity", responses=problems(404, 409))
def link_identity(house: TheHouse, who: Who, account_id: AccountId, said: Identity) -> AccountView:
    """Let the person sign in through the agency's provider as this subject."""
    with house.datastore.begin(who.actor(_PURPOSE), "link_identity") as work:
        return AccountView.of(work.accounts.link(account_id, said.issuer, said.subject))


@router.post("/accounts/{account_id}/counters", operation_id="assign_counter", responses=problems(404, 409))
def assign_counter(house: TheHouse, who: Who, account_id: AccountId, said: Counter) -> AccountView:
    """Let postal staff take papers in at a counter."""
    with house.datastore.begin(who.actor(_PURPOSE), "assign_counter") as work:
        return AccountView.of(work.accounts.assign_counter(account_id, said.counter))


@router.post("/accounts/{account_id}/counters/end", operation_id="end_counter", responses=problems(404, 409))
def end_counter(house: TheHouse, who: Who, account_id: AccountId, said: Counter) -> AccountView:
    """Not at this counter any more."""
    with house.datastore.begin(who.actor(_PURPOSE), "end_counter") as work:
        return AccountView.of(work.accounts.end_counter(account_id, said.counter))


def _fresh_password() -> str:
    return secrets.token_urlsafe(_PASSWORD_BYTES)
