"""Locks of objects on the server: however many end, and whatever is gone, the others are extended."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from minio.commonconfig import GOVERNANCE
from minio.retention import Retention

from common import KhosoError
from datastore import ObjectLocked, ObjectMissing, ObjectStoreRefused, retentions, work
from datastore.objects.minio import MinioObjects
from tests.datastore.house import House
from tests.datastore.stores import root_client
from tests.services import Services

_SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
_LATER = _SOON + timedelta(days=300)


def _gone(_house: House, _services: Services, _key: str) -> str:
    return str(uuid4())


def _refused(_house: House, _services: Services, _key: str) -> str:
    return "no-version-of-this-server"


def _locked_otherwise(house: House, services: Services, key: str) -> str:
    """As a tool leaves it that restores objects; the version that it made."""
    assert isinstance(house.objects, MinioObjects)
    made = root_client(services).put_object(
        house.objects.bucket, key, BytesIO(b"restored"), 8, retention=Retention(GOVERNANCE, _SOON)
    )
    assert made.version_id is not None
    return made.version_id


@pytest.mark.parametrize(
    ("version_of", "error_of"),
    [(_gone, ObjectMissing), (_refused, ObjectStoreRefused), (_locked_otherwise, ObjectLocked)],
)
def test_an_object_that_cannot_be_locked_is_told_and_keeps_no_other_from_its_lock(
    house_on_postgresql: House,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    version_of: Callable[[House, Services, str], str],
    error_of: type[KhosoError],
) -> None:
    """It once kept those behind it, and a thousand of them would have kept all others."""
    house, store = house_on_postgresql, house_on_postgresql.store
    monkeypatch.setattr(work, "_LOCKS_AT_ONCE", 2)
    owner = house.owner()
    papers = [house.receive(owner, content=bytes([n])) for n in range(5)]
    house.read(papers[0].id)
    for paper in papers:
        store.protect(paper.id, _SOON)
    gone = papers[0].version.originals[0].object
    with house.behind_the_program() as rows:
        version = version_of(house, services, gone.key)
        assert rows.execute(f"UPDATE objects SET version = '{version}' WHERE version = '{gone.version}'") == 1
    told, extended = [], []
    for document in store.locks_ending(_SOON + timedelta(days=30)):
        try:
            store.protect(document, _LATER)
            extended.append(document)
        except error_of:
            told.append(document)
    assert told == [papers[0].id]
    assert sorted(extended) == sorted(paper.id for paper in papers[1:])
    assert {store.protected_until(paper.id) for paper in papers[1:]} == {_LATER}
    with store._reading() as session:
        assert [stored.key for _id, stored in retentions.due(session, papers[0].id, _LATER)] == [gone.key]


def test_a_tile_that_is_gone_is_told_and_all_others_are_met_once(
    house_on_postgresql: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, store = house_on_postgresql, house_on_postgresql.store
    monkeypatch.setattr(work, "_LOCKS_AT_ONCE", 2)
    for number in range(5):
        store.log.put_tile(f"tile/0/00{number}", bytes([number]), _SOON)
    with house.behind_the_program() as rows:
        gone = f"UPDATE log_tiles SET object_version = '{uuid4()}' WHERE name = 'log/tile/0/000'"
        assert rows.execute(gone) == 1
    met = []
    for tile in store.tile_locks_ending(_SOON + timedelta(days=30)):
        met.append(tile.key)
        if tile.key == "log/tile/0/000":
            with pytest.raises(ObjectMissing):
                store.protect_tile(tile, _LATER)
        else:
            store.protect_tile(tile, _LATER)
    assert met == [f"log/tile/0/00{number}" for number in range(5)]
    assert [tile.key for tile in store.tile_locks_ending(_LATER)] == met[:1]


def test_a_tile_that_grows_while_its_lock_is_extended_is_not_extended_for_ever(
    house_on_postgresql: House,
) -> None:
    store = house_on_postgresql.store
    store.log.put_tile("tile/0/000.p/9", b"grows", _SOON)
    (growing,) = store.tile_locks_ending(_LATER)
    store.log.put_tile("tile/0/000", b"grown", _SOON)
    store.protect_tile(growing, _LATER)
    (whole,) = store.tile_locks_ending(_LATER + timedelta(days=1))
    assert whole.key == "log/tile/0/000"
    store.protect_tile(whole, _LATER)
    assert list(store.tile_locks_ending(_LATER)) == []
