"""Who may do what: every method asks for its act first, every act has its roles, every role its papers."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from inspect import Parameter, getmembers, isfunction, signature
from pathlib import Path
from typing import Any, get_type_hints

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
    DiaryLine,
    NotAllowed,
    NotFound,
    OwnerState,
    Place,
    PurposeMissing,
    Work,
    may,
    roles_that_may,
)
from datastore.scope import Scope
from tests.datastore.house import AN, BINH, MAI, READ, STRANGER, House

ACTS: dict[str, dict[str, Act]] = {
    "accounts": dict.fromkeys(
        (
            "all",
            "assign_counter",
            "close",
            "end_counter",
            "end_role",
            "find",
            "get",
            "grant",
            "link",
            "lock",
            "make",
            "set_password",
            "require_manager",
            "unlock",
        ),
        Act.MANAGE_ACCOUNTS,
    ),
    "agencies": {
        "add": Act.MANAGE_AGENCIES,
        "all": Act.READ_RULES,
        "end": Act.MANAGE_AGENCIES,
        "get": Act.READ_RULES,
    },
    "answers": {"keep": Act.KEEP_ANSWER},
    "clients": dict.fromkeys(("all", "disable", "get", "make", "rotate"), Act.MANAGE_CLIENTS),
    "delegations": {
        "confirm": Act.CONFIRM_DELEGATION,
        "end": Act.END_DELEGATION,
        "get": Act.SEE_DELEGATIONS,
        "make": Act.DELEGATE,
        "of_owner": Act.SEE_DELEGATIONS,
    },
    "diary": {
        "of_agency": Act.AUDIT,
        "of_document": Act.READ_DIARY,
        "of_owner": Act.READ_DIARY,
        "report": Act.REPORT,
        "reports": Act.READ_DIARY,
    },
    "documents": {
        "assign_owners": Act.ASSIGN_OWNER,
        "become": Act.READ_IN,
        "brought_otherwise": Act.SEE_PAPERS,
        "check": Act.CHECK,
        "classify": Act.CLASSIFY,
        "data_key": Act.SEE_PAPERS,
        "end_access": Act.ARCHIVE,
        "find_held": Act.SEE_PAPERS,
        "get": Act.SEE_PAPERS,
        "make_valid": Act.DECIDE,
        "notices": Act.SEE_PAPERS,
        "listed": Act.SEE_PAPERS,
        "of_owner": Act.SEE_PAPERS,
        "put_away": Act.REFILE,
        "put_away_duplicate": Act.PUT_AWAY,
        "receive": Act.TAKE_IN,
        "record_comparison": Act.CHECK,
        "record_ground": Act.DECIDE,
        "record_reading": Act.READ_IN,
        "require_unchanged": Act.SEE_PAPERS,
        "refile": Act.REFILE,
        "revoke": Act.REVOKE,
        "set_fields": Act.CHECK,
        "supersede": Act.SUPERSEDE,
    },
    "dossiers": {
        "attach": Act.ATTACH,
        "citations": Act.SEE_DOSSIERS,
        "cite": Act.ATTACH,
        "close": Act.CLOSE_DOSSIER,
        "get": Act.SEE_DOSSIERS,
        "open": Act.OPEN_DOSSIER,
        "papers": Act.SEE_PAPERS,
        "record": Act.RECORD_EVENT,
    },
    "exchange": {"find": Act.SEE_PAPERS, "keep": Act.TAKE_IN},
    "jobs": {
        "enqueue": Act.ASK_FOR_WORK,
        "finish": Act.FINISH_WORK,
        "get": Act.SEE_PAPERS,
        "of_document": Act.SEE_PAPERS,
        "retry": Act.RETRY_JOBS,
        "set_aside": Act.SEE_JOBS,
    },
    "overrides": {
        "agency_name": Act.READ_RULES,
        "alone": Act.MANAGE_OVERRIDES,
        "name_agency": Act.MANAGE_OVERRIDES,
        "on": Act.READ_RULES,
        "put": Act.MANAGE_OVERRIDES,
    },
    "owners": {
        "add_identifier": Act.CORRECT_OWNER,
        "end_identifier": Act.CORRECT_OWNER,
        "ensure": Act.NAME_OWNER,
        "entries": Act.SEE_PAPERS,
        "entries_of": Act.SEE_PAPERS,
        "find": Act.FIND_OWNER,
        "get": Act.FIND_OWNER,
        "keep_stated": Act.NAME_OWNER,
        "known": Act.CORRECT_OWNER,
        "of_document": Act.SEE_PAPERS,
        "of_identity": Act.RECOGNISE_OWNER,
        "of_papers": Act.SEE_PAPERS,
        "recognise": Act.RECOGNISE_OWNER,
        "rename": Act.CORRECT_OWNER,
        "set_state": Act.CORRECT_OWNER,
        "stated_for": Act.SEE_PAPERS,
        "store_of": Act.FIND_OWNER,
    },
    "prints": {
        "get": Act.SEE_PAPERS,
        "in_making": Act.PRINT,
        "issue": Act.PRINT,
        "keep_sheets": Act.FINISH_WORK,
        "of_document": Act.SEE_PAPERS,
        "reach": Act.FINISH_WORK,
        "revoke": Act.PRINT,
        "set_seal": Act.PRINT,
        "statuses": Act.VERIFY,
    },
    "receipts": {"issue": Act.TAKE_IN, "of_document": Act.SEE_PAPERS},
    "search": {"find": Act.SEE_PAPERS, "listed": Act.SEE_PAPERS},
    "shares": {
        "all": Act.SHARE,
        "make": Act.SHARE,
        "note_refusal": Act.OPEN_SHARE,
        "open": Act.OPEN_SHARE,
        "revoke": Act.SHARE,
    },
    "signings": {
        "complete": Act.SIGN,
        "get": Act.SEE_PAPERS,
        "intend": Act.SIGN,
        "of_document": Act.SEE_PAPERS,
        "signed": Act.SIGN,
        "withdraw": Act.SIGN,
    },
    "subscriptions": {
        "all": Act.MANAGE_SUBSCRIPTIONS,
        "change": Act.MANAGE_SUBSCRIPTIONS,
        "deliveries": Act.MANAGE_SUBSCRIPTIONS,
        "get": Act.MANAGE_SUBSCRIPTIONS,
        "make": Act.MANAGE_SUBSCRIPTIONS,
        "pause": Act.MANAGE_SUBSCRIPTIONS,
        "remove": Act.MANAGE_SUBSCRIPTIONS,
        "resume": Act.MANAGE_SUBSCRIPTIONS,
        "retry": Act.MANAGE_SUBSCRIPTIONS,
        "rotate": Act.MANAGE_SUBSCRIPTIONS,
        "try_out": Act.MANAGE_SUBSCRIPTIONS,
    },
    "uploads": {"get": Act.TAKE_IN, "keep": Act.TAKE_IN, "require_room": Act.TAKE_IN, "use_up": Act.TAKE_IN},
    "work": {"entry_key": Act.READ_IN, "name_object": Act.READ_IN},
}
"""Every method of every repository, and what it asks for before it looks at anything. One that is not here fails."""


class Asked(Exception):
    """The first act that was asked for."""


def repositories() -> dict[str, type[Any]]:
    """The repositories of a `Work` by the name under which it offers them, and itself."""
    offered = {name: each for name, each in vars(Work).items() if isinstance(each, cached_property)}
    return {name: get_type_hints(each.func)["return"] for name, each in offered.items()} | {"work": Work}


def methods(repository: str) -> set[str]:
    """What is offered; `work.ask` is the question itself."""
    offered = {name for name, _ in getmembers(repositories()[repository], isfunction) if name[0] != "_"}
    return offered - ({"ask"} if repository == "work" else set())


def nothing_for(function: Callable[..., object]) -> dict[str, None]:
    """No arguments worth the name: what is asked first needs none."""
    wanted = signature(function).parameters.values()
    many = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return {one.name: None for one in wanted if one.default is Parameter.empty and one.kind not in many}


def try_to(house: House, actor: Actor, repository: str, method: str) -> None:
    with house.store.begin(actor, "try") as work:
        call = getattr(work if repository == "work" else getattr(work, repository), method)
        call(**nothing_for(call))


@pytest.mark.parametrize("repository", sorted(repositories()))
def test_every_method_asks_for_its_act_before_anything_is_looked_at(
    house_on_sqlite: House, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(_scope: Scope, act: Act) -> None:
        raise Asked(act)

    monkeypatch.setattr(Scope, "ask", ask)
    asked = {}
    for method in methods(repository):
        with pytest.raises(Asked) as caught:
            try_to(house_on_sqlite, MAI, repository, method)
        asked[method] = caught.value.args[0]
    assert asked == ACTS[repository]


@pytest.mark.parametrize("role", ActorRole)
def test_a_role_without_the_right_is_told_so_before_anything_is_looked_at(
    house_on_sqlite: House, role: ActorRole
) -> None:
    person = str(house_on_sqlite.owner()) if role in CITIZENS else "somebody"
    actor = Actor(person, role, "H41.01", "try")
    for repository, acts in ACTS.items():
        for method, act in acts.items():
            if may(role, act) or (act is Act.TAKE_IN and role in CITIZENS):  # they bring papers of their own
                continue
            with pytest.raises(NotAllowed) as refused:
                try_to(house_on_sqlite, actor, repository, method)
            assert refused.value.facts["act"] == act.value, (repository, method)
            # Who may is told, and whoever asked is not among them.
            named = str(refused.value.facts["roles"]).split(", ")
            assert set(named) <= roles_that_may(act), (repository, method)
            assert role not in named, (repository, method)


def test_what_a_paper_becomes_takes_the_right_for_just_that(house: House) -> None:
    document = house.valid(house.owner())
    handler, archivist = (Actor("hoa", role, "H41.01", "decide") for role in ("handler", "archivist"))
    with house.store.begin(handler, "archive") as work, pytest.raises(NotAllowed):
        work.documents.become(document.id, Status.ARCHIVED)
    with house.store.begin(archivist, "revoke") as work, pytest.raises(NotAllowed):
        work.documents.become(document.id, Status.REVOKED)
    with house.store.begin(handler, "revoke") as work:
        work.documents.become(document.id, Status.REVOKED)
    with house.store.begin(archivist, "archive") as work:
        assert work.documents.become(document.id, Status.ARCHIVED).status is Status.ARCHIVED


def test_the_documentation_shows_the_table_as_it_is() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    head = "| Act | " + " | ".join(ActorRole) + " |"
    lines = documented[documented.index(head) :].splitlines()
    for act, line in zip(Act, lines[2:], strict=False):
        marks = " | ".join("x" if role in roles_that_may(act) else "" for role in ActorRole)
        assert line == f"| {act} | {marks} |"
    assert lines[len(Act) + 2] == ""
    scopes = documented[documented.index("| Scope | Acts |") :].splitlines()[2 : len(SCOPES) + 3]
    written = [f"| `{scope}` | {', '.join(sorted(acts))} |" for scope, acts in SCOPES.items()]
    assert scopes == [*written, ""]


def test_every_role_has_a_name_by_which_people_are_told_of_it() -> None:
    for role in ActorRole:
        told = NotAllowed(act="x", roles=role.value).sentence
        assert not told.vi.endswith(f": {role.value}."), role


def test_no_role_may_everything_and_each_may_something() -> None:
    for role in ActorRole:
        allowed = {act for act in Act if may(role, act)}
        assert {Act.VERIFY, Act.READ_RULES} <= allowed
        assert allowed < set(Act)


@pytest.mark.parametrize(
    ("role", "never"),
    [
        (ActorRole.AUDITOR, Act.SEE_PAPERS),
        (ActorRole.ADMIN, Act.SEE_PAPERS),
        (ActorRole.ADMIN, Act.READ_DIARY),
        (ActorRole.VERIFIER, Act.SEE_PAPERS),
        (ActorRole.POSTAL, Act.CHECK),
        (ActorRole.POSTAL, Act.PRINT),
        (ActorRole.CLERK, Act.DECIDE),
        (ActorRole.CLERK, Act.MANAGE_ACCOUNTS),
        (ActorRole.OWNER, Act.TAKE_IN),
        (ActorRole.SYSTEM, Act.SHARE),
    ],
)
def test_what_a_role_never_may(role: ActorRole, never: Act) -> None:
    assert role not in roles_that_may(never)


def test_an_auditor_changes_nothing() -> None:
    reading = {Act.VERIFY, Act.READ_RULES, Act.KEEP_ANSWER, Act.READ_DIARY, Act.AUDIT}
    assert {act for act in Act if may(ActorRole.AUDITOR, act)} == reading


def test_an_auditor_reads_what_everybody_of_its_agency_did_page_by_page(house: House) -> None:
    owner = house.owner()
    house.valid(owner)
    house.receive(owner, content=b"elsewhere", actor=STRANGER)
    auditor = Actor("ha", "auditor", "H41.01", "audit")
    pages: list[DiaryLine] = []
    place = None
    while True:
        with house.store.begin(auditor, "audit") as work:
            page = work.diary.of_agency(after=place, limit=4, until=house.clock.now, act="look-up")
        pages += page
        if len(page) < 4:
            break
        place = Place(page[-1].at, page[-1].id)
    with house.store.begin(auditor, "audit") as work:
        everything = work.diary.of_agency(until=work.at)
        assert {line.agency for line in everything} == {"H41.01"}
        assert [line for line in everything if line.act == "look-up"] == pages
        assert {line.person for line in work.diary.of_agency(person="ha")} == {"ha"}
        assert work.diary.of_agency(since=work.at) == ()
    with (
        house.store.begin(Actor("hoa", "handler", "H41.01", "x"), "audit") as work,
        pytest.raises(NotAllowed),
    ):
        work.diary.of_agency()


def test_an_auditor_learns_which_paper_a_line_speaks_of_and_nothing_that_is_on_it(house: House) -> None:
    owner = house.owner()
    document = house.valid(owner)
    for role, code in (("auditor", None), ("handler", document.code)):
        with house.store.begin(Actor("ha", role, "H41.01", "audit"), "look_at_diary") as work:
            of_owner, of_paper = work.diary.of_owner(owner), work.diary.of_document
            assert {(line.document_id, line.code) for line in of_owner if line.document_id} == {
                (document.id, code)
            }
            if role == "handler":
                assert {line.code for line in of_paper(document.id)} == {code}


def test_a_role_that_nobody_knows_may_nothing(house: House) -> None:
    for role in ("", "Clerk", "officer", "root"):
        with pytest.raises(NotAllowed), house.store.begin(Actor("x", role, "H41.01", "look"), "look"):
            pass


def test_staff_says_why_and_an_owner_need_not(house: House) -> None:
    owner = house.owner()
    document = house.receive(owner)
    for role in set(ActorRole) - {ActorRole.OWNER}:
        with pytest.raises(PurposeMissing), house.store.begin(Actor("x", role, "H41.01", " \t"), "look"):
            pass
    with house.store.begin(Actor(str(owner), "owner", "H41.01", ""), "look") as work:
        assert work.documents.get(document.id).id == document.id


def test_a_system_with_scopes_does_what_they_name_and_nothing_else(house: House) -> None:
    document = house.valid(house.owner())
    reader = Actor("tax", "system", "H41.01", "tax file", scopes=frozenset({"papers.read", "no.such"}))
    with house.store.begin(reader, "look") as work:
        assert work.documents.get(document.id).id == document.id
        assert work.overrides.agency_name("H41.01") == "H41.01"
        for refused in (
            lambda: work.documents.revoke(document.id, reason="x"),
            lambda: work.jobs.enqueue(READ, document.id),
            lambda: work.diary.of_document(document.id),
        ):
            with pytest.raises(NotAllowed):
                refused()
    assert not any(may(ActorRole.SYSTEM, Act.SEE_PAPERS, scopes) for scopes in ((), ("no.such",)))


def test_a_system_that_brings_papers_does_not_check_them(house: House) -> None:
    """With `papers.write` it once answered itself what was asked about a paper that it had brought."""
    assert not may(ActorRole.SYSTEM, Act.CHECK, SCOPES.keys() - {"papers.check"})
    assert not may(ActorRole.SYSTEM, Act.TAKE_IN, ["papers.check"])
    document = house.read(house.receive(house.owner()).id)
    asker = Actor("mot-cua", "system", "H41.01", "matrix", scopes=frozenset({"papers.write"}))
    with house.store.begin(asker, "check") as work:
        answers: list[Callable[[], object]] = [
            lambda: work.documents.check(document.id, by="mot-cua"),
            lambda: work.documents.set_fields(document.id, {}),
            lambda: work.documents.record_comparison(document.id, by="mot-cua"),
        ]
        for refused in answers:
            with pytest.raises(NotAllowed) as error:
                refused()
            assert error.value.facts["scopes"] == "papers.check"
    with house.store.begin(replace(asker, scopes=frozenset({"papers.check"})), "check") as work:
        assert work.documents.check(document.id, by="mot-cua").status is Status.CHECKED


def test_every_scope_is_within_what_a_system_may() -> None:
    for acts in SCOPES.values():
        assert all(may(ActorRole.SYSTEM, act) for act in acts)


def test_postal_staff_sees_only_what_it_took_in_itself(house: House) -> None:
    owner = house.owner()
    others = house.receive(owner, content=b"taken in at another counter")
    lan = Actor("lan.post", "postal", "H41.01", "postal intake")
    own = house.receive(owner, content=b"taken in by Lan", actor=lan)
    with house.store.begin(lan, "look") as work:
        assert [found.id for found in work.documents.of_owner(owner)] == [own.id]
        assert [found.id for found in work.search.find("nguyen")] == [own.id]
        with pytest.raises(NotFound):
            work.documents.get(others.id)
    elsewhere = Actor("lan.post", "postal", "H55.02", "postal intake")
    for nobody in (elsewhere, Actor("minh.post", "postal", "H41.01", "postal intake")):
        with pytest.raises(NotFound), house.store.begin(nobody, "look") as work:
            work.documents.get(own.id)


def test_postal_staff_sees_the_dossiers_that_it_opened_or_took_a_paper_in_for(house: House) -> None:
    lan = Actor("lan.post", "postal", "H41.01", "postal intake")
    with house.store.begin(MAI, "dossier") as work:
        work.dossiers.open("H41.01-261122-0001", procedure="1.001193")
    with house.store.begin(lan, "dossier") as work:
        work.dossiers.open("H41.01-261122-0002", procedure="1.001193")
    with house.store.begin(lan, "look") as work:
        assert work.dossiers.get("H41.01-261122-0002").number == "H41.01-261122-0002"
        with pytest.raises(NotFound):
            work.dossiers.get("H41.01-261122-0001")


def test_trying_what_the_role_may_not_leaves_a_line(house: House) -> None:
    document = house.valid(house.owner())
    clerk = Actor("hoa.clerk", "clerk", "H41.01", "try")
    with pytest.raises(NotAllowed), house.store.begin(clerk, "revoke") as work:
        work.documents.revoke(document.id, reason="x")
    auditor = Actor("ha.auditor", "auditor", "H41.01", "audit")
    with house.store.begin(auditor, "audit") as work:
        (line,) = work.diary.reports("revoke")
    assert (line.person, line.outcome, line.note) == ("hoa.clerk", "not_allowed", "revoke")


def test_an_owner_reads_its_paper_and_cannot_change_it(house: House) -> None:
    owner = house.owner()
    document = house.provisional(owner)
    himself = Actor(str(owner), "owner", "H41.01", "my papers")
    with house.store.begin(himself, "try") as work:
        attempts: tuple[Callable[[], object], ...] = (
            lambda: work.documents.record_ground(document.id, Ground.BACK_FILE),
            lambda: work.documents.record_comparison(document.id, by="somebody"),
            lambda: work.documents.make_valid(document.id, Ground.BACK_FILE),
            lambda: work.documents.become(document.id, Status.REVOKED),
            lambda: work.documents.supersede(document.id, by=document.id, reason="x"),
            lambda: work.prints.issue(
                document.id, revision_sha256=Digest.of(b"x"), to_whom="bank", reason="loan"
            ),
            lambda: work.owners.rename(owner, name="Somebody Else"),
        )
        for attempt in attempts:
            with pytest.raises(NotAllowed):
                attempt()
        assert work.documents.get(document.id) == document
        assert [found.id for found in work.documents.of_owner(owner)] == [document.id]


def test_an_owner_is_corrected_by_who_made_it_known_or_sees_a_paper_of_it(house: House) -> None:
    an, binh = house.owner(AN), house.owner(BINH, "Trần Thị Bình")
    house.receive(an, actor=STRANGER)
    house.receive(binh)
    with house.store.begin(STRANGER, "correct") as work:
        assert work.owners.rename(an, name="Nguyễn Văn Anh").name == "Nguyễn Văn Anh"
        attempts: tuple[Callable[[], object], ...] = (
            lambda: work.owners.rename(binh, name="Trần Thị Bích"),
            lambda: work.owners.set_state(binh, OwnerState.DECEASED),
            lambda: work.owners.add_identifier(binh, "183456789", kind="old_number"),
            lambda: work.owners.end_identifier(binh, BINH),
        )
        for attempt in attempts:
            with pytest.raises(NotFound):
                attempt()
        assert work.owners.get(binh).name == "Trần Thị Bình"
    with house.store.begin(MAI, "correct") as work:
        assert work.owners.set_state(binh, OwnerState.DECEASED).state is OwnerState.DECEASED


def test_an_agency_names_itself_and_no_other(house: House) -> None:
    with house.store.begin(STRANGER, "import") as work:
        with pytest.raises(NotFound):
            work.overrides.name_agency("H41.01", "UBND phường Khác")
        assert work.overrides.agency_name("H41.01") == "H41.01"


def test_the_intake_and_the_competent_agency_both_see_a_dossier_and_its_papers(house: House) -> None:
    kept, cited = house.receive(house.owner()), house.valid(house.owner(), content=b"held before")
    number = "H41.01-261122-0001"
    with house.store.begin(MAI, "dossier") as work:
        work.dossiers.open(number, procedure="1.001193", agency="H41.02")
        work.dossiers.attach(number, kept.id, component="KET_HON", how=AttachedHow.KEPT)
        work.dossiers.attach(number, cited.id, component="KHAI_SINH", how=AttachedHow.REUSED)
    for agency in ("H41.01", "H41.02"):
        with house.store.begin(Actor("hoa", "handler", agency, "decide"), "look") as work:
            assert work.dossiers.get(number).agency == "H41.02"
            assert {paper.id for paper in work.dossiers.papers(number)} == {kept.id, cited.id}
            assert work.documents.get(cited.id).id == cited.id
    for look in (lambda: work.dossiers.get(number), lambda: work.documents.get(kept.id)):
        with pytest.raises(NotFound), house.store.begin(STRANGER, "look") as work:
            look()
