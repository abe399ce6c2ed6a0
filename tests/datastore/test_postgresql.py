"""What only PostgreSQL has: a server that dies and comes back, its many errors, its settings, waits with an end."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, timedelta

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError

from datastore import (
    Actor,
    ActorRole,
    DatabaseBusy,
    DatabaseUnreachable,
    Datastore,
    ObjectDamaged,
    Proof,
    StorageFull,
    TextNotKept,
    is_known_url,
)
from datastore.dialect import hold, make_engine
from tests.databases import PostgresServer
from tests.datastore.house import AN, MAI, House
from tests.services import Services


@pytest.fixture
def house(house_on_postgresql: House) -> House:
    return house_on_postgresql


@pytest.fixture
def impatient(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The house once more, of one who does not wait for locks."""
    monkeypatch.setattr(
        "datastore.dialect.postgresql._SETTLE", "SELECT set_config('lock_timeout', '50ms', false)"
    )
    made = House(house.folder, migrated=True)
    yield made
    made.store.close()


def test_a_session_that_somebody_changes_keeps_no_other_waiting(impatient: House) -> None:
    """That it was used is written down next time; the others of its turn waited for the lock, and failed with it."""
    with impatient.store.begin(MAI, "make account") as work:
        made = work.accounts.make("hoa.le", "Lê Thị Hoa", ActorRole.CLERK)
    proof = Proof(impatient.clock(), "high")
    (locked, ones), (free, twos) = (
        impatient.store.sessions.open_for_account(made.id, ActorRole.CLERK, proof) for _ in range(2)
    )
    impatient.clock.wait(timedelta(minutes=2))
    now = impatient.clock()
    with impatient.behind_the_program() as rows:
        rows.fetch(f"SELECT id FROM sessions WHERE id = '{locked.id}' FOR UPDATE")
        assert impatient.store.sessions.find_all([ones, twos]) == {ones: locked, twos: free}
    seen = impatient.store.sessions.find_all([ones, twos])
    assert (seen[ones].seen_at < now, seen[twos].seen_at > now) == (True, True)


def test_a_server_that_was_killed_is_found_again_by_the_next_transaction(
    house: House, services: Services
) -> None:
    owner = house.owner()
    with services.killed("postgresql"):
        for _ in range(2):
            with pytest.raises(DatabaseUnreachable) as caught, house.store.begin(MAI, "look"):
                pass
        assert caught.value.facts == {"reason": "no connection"}
        with pytest.raises(DatabaseUnreachable):
            house.store.statistics()
    assert house.store.statistics().owners == 1
    with house.store.begin(MAI, "look") as work:
        assert work.owners.get(owner).name == "Nguyễn Văn An"


def test_a_transaction_whose_server_dies_in_its_middle_leaves_nothing(
    house: House, services: Services
) -> None:
    def ensure_while_it_dies() -> None:
        with house.store.begin(MAI, "look-up") as work:
            work.owners.ensure(AN)
            with services.killed("postgresql"):
                pass

    with pytest.raises(DatabaseUnreachable):
        ensure_while_it_dies()
    assert house.store.statistics().owners == 0


def test_whoever_reads_everything_through_may_think_between_the_rows(house: House) -> None:
    """The doctor reads terabytes: a transaction that idles for a minute is ended, but not these."""
    document = house.receive(house.owner())
    original = document.version.originals[0].object
    house.change_bytes(original.key, original.version, b"changed")
    lent: list[DBAPIConnection] = []
    event.listen(house.store._engine, "checkout", lambda lending, *_: lent.append(lending))

    def idles() -> list[object]:
        """How long each transaction may idle that has begun since the last look, as the server tells it."""
        told = [_asked(lending, "SHOW idle_in_transaction_session_timeout") for lending in lent]
        lent.clear()
        return told

    with house.store._reading() as other:
        other.execute(text("SELECT 1"))
        assert idles() == ["1min"]
    house.store.log.number_leaves()
    lent.clear()
    objects = house.store.check_objects()
    assert isinstance(next(objects), ObjectDamaged)
    with house.store.log.leaves() as leaves, house.store.log.facts() as facts:
        next(leaves)
        next(facts.leaves)
        assert idles() == ["1h"] * 3
    assert list(objects) == []


def _asked(connection: DBAPIConnection, query: str) -> object:
    with closing(connection.cursor()) as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    return None if row is None else row[0]


def test_a_transaction_that_idles_for_too_long_is_ended_and_says_so(house: House) -> None:
    def idle() -> None:
        with house.store._reading() as session:
            session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '10ms'"))
            for _ in range(600):
                time.sleep(0.1)
                session.execute(text("SELECT 1"))

    with pytest.raises(DatabaseBusy):
        idle()


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("40001", DatabaseBusy),
        ("40P01", DatabaseBusy),
        ("55P03", DatabaseBusy),
        ("57014", DatabaseBusy),
        ("53300", DatabaseBusy),
        ("53100", StorageFull),
        ("XX001", DatabaseUnreachable),
        ("58030", DatabaseUnreachable),
        ("25006", DatabaseUnreachable),
        ("42501", DatabaseUnreachable),
        ("57P01", DatabaseUnreachable),
        ("22001", TextNotKept),
    ],
)
def test_what_an_operator_can_act_on_has_an_error_of_the_room(
    house: House, state: str, error: type[Exception]
) -> None:
    raised = f"DO $$ BEGIN RAISE EXCEPTION 'Nguyễn Văn An' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(error) as caught, house.store.begin(MAI, "x") as work:
        work.owners._session.execute(text(raised))
    assert "Nguyễn" not in repr(caught.value.__cause__)


def test_a_value_that_is_there_twice_is_not_told(house: House) -> None:
    house.owner()
    twice = (
        "INSERT INTO owner_identifiers (id, owner_id, identifier, kind, valid_from)"
        f" SELECT '{house.store.draft().id}', owner_id, identifier, kind, valid_from FROM owner_identifiers"
    )
    with pytest.raises(DBAPIError) as caught, house.store.begin(MAI, "x") as work:
        work.owners._session.execute(text(twice))
    told = f"{caught.value} {caught.value.orig} {caught.value.__cause__!r}"
    assert "uq_owner_identifiers_current" in told
    assert AN not in told


@pytest.mark.parametrize("name", ["a\0b", "\udc80", "x" * 65])
def test_a_text_that_cannot_be_kept_is_refused_by_its_own_error(house: House, name: str) -> None:
    with pytest.raises(TextNotKept), house.store.begin(MAI, "open") as work:
        work.dossiers.open(name, procedure="1.001193")
    assert house.store.statistics().owners == 0


def test_a_wait_for_a_lock_has_an_end(house: House, impatient: House) -> None:
    document = house.receive(house.owner())
    with house.store.begin(MAI, "hold") as work:
        work.documents.get(document.id)
        with pytest.raises(DatabaseBusy), impatient.store.begin(MAI, "wait") as other:
            other.documents.get(document.id)
        himself = Actor(str(document.owner_ids[0]), "owner", "H41.01", "my papers")
        with impatient.store.begin(himself, "look") as other:  # who only reads does not wait
            assert other.documents.get(document.id).id == document.id
    with impatient.store.begin(MAI, "look") as work:
        work.documents.get(document.id)


def test_of_two_that_wait_for_each_other_one_goes_on(house: House) -> None:
    met = threading.Barrier(2)

    def hold_both(names: tuple[str, str]) -> bool:
        with house.store._housekeeping() as session:
            hold(session, names[0])
            met.wait()
            try:
                hold(session, names[1])
            except DatabaseBusy:
                return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(hold_both, [("a", "b"), ("b", "a")])) == [False, True]


def test_whoever_was_alone_on_a_server_that_died_is_told(house: House, services: Services) -> None:
    done = []

    def be_alone_while_it_dies() -> None:
        with house.store.alone("publisher"):
            with services.killed("postgresql"):
                pass
            done.append("work")

    with pytest.raises(DatabaseUnreachable):
        be_alone_while_it_dies()
    assert done == ["work"]
    with house.store.alone("publisher"):
        done.append("again")


def test_what_fails_alone_fails_with_its_own_error_and_makes_room(house: House) -> None:
    def stumble() -> None:
        with house.store.alone("publisher"):
            raise ZeroDivisionError

    for _ in range(20):  # more often than there are connections
        with pytest.raises(ZeroDivisionError):
            stumble()
    house.owner()


def test_a_reader_sees_one_moment_keeps_nobody_waiting_and_cannot_write(house: House) -> None:
    house.owner()
    with house.store._reading() as session:
        count = text("SELECT count(*) FROM owners")
        assert session.scalar(count) == 1
        house.owner("001191005678")
        assert session.scalar(count) == 1
        with pytest.raises(DatabaseUnreachable):
            session.execute(text("DELETE FROM search"))
    assert house.store.statistics().owners == 2


def test_a_commit_waits_for_the_disk_whatever_the_server_s_default(
    house: House, postgres: PostgresServer
) -> None:
    name = house.url.rpartition("/")[2]
    postgres.do(f"ALTER DATABASE {name} SET synchronous_commit = off")
    postgres.do(f"ALTER DATABASE {name} SET timezone = 'Asia/Ho_Chi_Minh'")
    house.store.close()
    with house.store.begin(MAI, "look") as work:
        session = work.owners._session
        shown = [session.scalar(text(f"SHOW {name}")) for name in ("synchronous_commit", "timezone")]
    assert shown == ["on", "UTC"]
    assert work.at.tzinfo is UTC


def test_a_database_that_keeps_no_vietnamese_is_refused(house: House, postgres: PostgresServer) -> None:
    name = postgres.make(encoding="SQL_ASCII")
    engine = make_engine(postgres.url(name))
    with pytest.raises(DatabaseUnreachable) as caught:
        engine.connect()
    assert caught.value.facts == {"reason": "not UTF8"}
    engine.dispose()
    postgres.drop(name)


def test_an_absent_database_and_a_refused_role_are_unreachable(house: House) -> None:
    for url in (house.url + "x", house.url.replace("khoso:", "nobody:")):
        store = Datastore.open(url, objects=house.objects, keys=house.keys, clock=house.clock)
        with pytest.raises(DatabaseUnreachable):
            store.migrate()
        store.close()


def test_only_the_two_databases_are_known() -> None:
    assert is_known_url("postgresql+psycopg://khoso@db/khoso")
    assert is_known_url("sqlite:////var/khoso.db")
    for other in ("postgresql://db/khoso", "mysql://db/khoso", "khoso.db", ""):
        assert not is_known_url(other)
        with pytest.raises(ValueError, match="database"):
            make_engine(other)
