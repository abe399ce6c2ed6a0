"""Keys: made once, private, and opening only what they wrapped in its context."""

import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from datastore import DataKey, Datastore, FolderObjects, Keyring, WrongKey
from datastore.keys import WrapBroken, unwrap, wrap
from datastore.witness import savepoint
from tests.datastore.house import MAI, House


def test_the_master_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = Keyring.make_or_open(tmp_path / "keys" / "master.key")
    again = Keyring.make_or_open(tmp_path / "keys" / "master.key")
    assert first.master == again.master
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.path.parent.stat().st_mode) == 0o700
    assert [path.name for path in first.path.parent.iterdir()] == ["master.key"]


def test_many_first_starts_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: Keyring.make_or_open(tmp_path / "master.key"), range(16)))
    assert len({ring.master for ring in rings}) == 1


def test_a_cut_key_file_is_refused_with_its_name_only(tmp_path: Path) -> None:
    (tmp_path / "master.key").write_bytes(b"short")
    with pytest.raises(WrongKey) as caught:
        Keyring.make_or_open(tmp_path / "master.key")
    assert caught.value.facts == {"path": "master.key"}


def test_a_wrap_opens_only_with_its_key_and_context() -> None:
    wrapped = wrap(b"k" * 32, b"secret" * 5, "document 1")
    assert unwrap(b"k" * 32, wrapped, "document 1") == b"secret" * 5
    for key, content, context in (
        (b"x" * 32, wrapped, "document 1"),
        (b"k" * 32, wrapped, "document 2"),
        (b"k" * 32, wrapped[:-1] + bytes([wrapped[-1] ^ 1]), "document 1"),
        (b"k" * 32, b"\x02" + wrapped[1:], "document 1"),
        (b"k" * 32, wrapped[:5], "document 1"),
    ):
        with pytest.raises(WrapBroken):
            unwrap(key, content, context)


def test_no_key_shows_itself_when_printed(house: House) -> None:
    draft = house.store.draft()
    shown = repr(draft) + repr(Keyring.make_or_open(house.folder / "master.key"))
    assert draft.data_key.raw.hex() not in shown
    assert str(draft.data_key.raw) not in shown


def test_a_key_that_a_savepoint_took_back_is_made_anew_and_not_used_unwritten(house: House) -> None:
    """What is sealed under a key of which no row is left can never be opened again."""
    document = house.receive(house.owner())
    with house.store.begin(MAI, "wrap") as work:
        chain = work._scope.keychain
        with suppress(ZeroDivisionError), savepoint(chain.session):
            taken_back = chain.key("a store")
            assert chain.key("a store") == taken_back
            chain.share(document.id, DataKey.new(str(document.id)), "a store")
            assert chain.key("a store") == taken_back
            raise ZeroDivisionError
        made = chain.key("a store")
    assert made.raw != taken_back.raw
    with house.store.begin(MAI, "wrap") as work:
        assert work._scope.keychain.key("a store").raw == made.raw


def test_another_master_key_does_not_open_the_database(house: House) -> None:
    other = Datastore.open(
        house.url,
        objects=FolderObjects(house.folder / "objects"),
        keys=Keyring.make_or_open(house.folder / "other.key"),
        clock=house.clock,
    )
    with pytest.raises(WrongKey):
        other.check_key()
    with pytest.raises(WrongKey):
        other.migrate()
    house.store.check_key()
    other.close()


def test_every_purpose_has_a_secret_of_its_own_and_every_process_the_same(tmp_path: Path) -> None:
    one, again = (Keyring.make_or_open(tmp_path / "master.key") for _ in range(2))
    assert one.derive("doors") == again.derive("doors")
    assert one.derive("doors") not in (one.derive("tokens"), one.master)
