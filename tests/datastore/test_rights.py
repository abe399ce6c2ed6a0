"""Who may change: staff, each agency what is its own. An owner reads its papers and changes nothing."""

from collections.abc import Callable
from functools import cached_property
from inspect import Parameter, getmembers, isfunction, signature
from typing import Any, get_type_hints

import pytest

from archive import Ground, Status
from common import Digest
from datastore import Actor, NotFound, OwnerState, Work
from tests.datastore.house import AN, BINH, MAI, READ, STRANGER, House

READING = {
    "answers": {"keep"},  # of whoever made the request
    "diary": {"of_document", "of_owner"},
    "documents": {
        "data_key",
        "find_held",
        "get",
        "notices",
        "of_owner",
        "require_unchanged",
        "standing_of_bytes",
    },
    "dossiers": {"citations", "get", "papers"},
    "exchange": {"find"},
    "jobs": {"get", "of_document"},
    "overrides": {"agency_name", "on"},
    "owners": {"entries", "entries_of", "find", "get", "store_of"},
    "prints": {"get", "of_document", "status_of", "statuses"},
    "receipts": {"of_document"},
    "search": {"find"},
    "signings": {"get", "of_document"},
    "subscriptions": set(),
    "uploads": {"get"},
    "work": {"entry_key"},
}
"""What an owner may call. Whatever else a repository offers, now or one day, refuses it."""


def repositories() -> dict[str, type[Any]]:
    """The repositories of a `Work` by the name under which it offers them, and itself."""
    offered = {name: each for name, each in vars(Work).items() if isinstance(each, cached_property)}
    return {name: get_type_hints(each.func)["return"] for name, each in offered.items()} | {"work": Work}


def methods_for_staff(repository: str) -> list[str]:
    offered = getmembers(repositories()[repository], isfunction)
    return [name for name, _ in offered if not name.startswith("_") and name not in READING[repository]]


def nothing_for(function: Callable[..., object]) -> dict[str, None]:
    """No arguments worth the name: a refusal comes before anything is looked at."""
    wanted = signature(function).parameters.values()
    return {one.name: None for one in wanted if one.default is Parameter.empty}


@pytest.mark.parametrize("repository", sorted(repositories()))
def test_an_owner_is_refused_before_anything_is_looked_at(house: House, repository: str) -> None:
    himself = Actor(str(house.owner()), "owner", "H41.01", "my papers")
    for method in methods_for_staff(repository):
        with house.store.begin(himself, "try") as work:
            change = getattr(work if repository == "work" else getattr(work, repository), method)
            with pytest.raises(NotFound) as refused:
                change(**nothing_for(change))
        assert refused.traceback[-1].name == "require_staff", method


def test_every_method_that_only_reads_is_there() -> None:
    for name, repository in repositories().items():
        assert READING[name] <= {method for method, _function in getmembers(repository, isfunction)}


def test_an_owner_reads_its_paper_and_cannot_change_it(house: House) -> None:
    owner = house.owner()
    document = house.provisional(owner)
    himself = Actor(str(owner), "owner", "H41.01", "my papers")
    with house.store.begin(himself, "try") as work:
        attempts: tuple[Callable[[], object], ...] = (
            lambda: work.documents.record_ground(document.id, Ground.BACK_FILE),
            lambda: work.documents.make_valid(document.id, Ground.BACK_FILE),
            lambda: work.documents.become(document.id, Status.REVOKED),
            lambda: work.documents.supersede(document.id, by=document.id, reason="x"),
            lambda: work.prints.issue(
                document.id, revision_sha256=Digest.of(b"x"), to_whom="bank", reason="loan"
            ),
            lambda: work.owners.rename(owner, name="Somebody Else"),
            lambda: work.jobs.enqueue(READ, document.id),
        )
        for attempt in attempts:
            with pytest.raises(NotFound):
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
