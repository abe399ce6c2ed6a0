"""The log: every transaction leaves a leaf, every later change past the program is found."""

from contextlib import suppress
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, update

from archive import Frontier, LogReport, Tiles, check_log, leaf_hash, row_deleted
from datastore import CheckpointRecord, ObjectDamaged
from datastore.rows import DocumentRow, OwnerRow
from datastore.witness import WITNESSED, savepoint
from signing import Role
from tests.datastore.house import AN, BINH, MAI, House


class _InVain(Exception):
    pass


def checked(house: House) -> LogReport:
    with house.store.log.facts() as facts:
        return check_log(facts.leaves, checkpoint=None, origin="test", keys=[], rows=facts.rows)


def findings(house: House) -> set[tuple[str, str]]:
    """Codes and English sentences, but for the checkpoint that these tests do not make."""
    return {(f.code, f.en) for f in checked(house).findings if f.code != "log-never-signed"}


def test_every_transaction_leaves_one_leaf_for_each_diary_line(house: House) -> None:
    an, binh = house.owner(AN), house.owner(BINH)
    document = house.receive(an, binh)
    with house.store.begin(MAI, "look at nothing"):
        pass
    numbered = house.store.log.number_leaves()
    with house.behind_the_program() as rows:
        lines = rows.fetch("SELECT id FROM diary")
    assert {leaf.leaf.id for leaf in numbered} == {UUID(str(line)) for (line,) in lines}
    assert [leaf.number for leaf in numbered] == list(range(len(lines)))
    assert all(leaf.leaf.commitment == leaf.commitment for leaf in numbered)
    tables = {state.table for leaf in numbered for state in leaf.leaf.states}
    assert {"owners", "stores", "documents", "versions", "originals", "objects", "diary"} <= tables
    assert house.store.log.number_of("documents", document.id) == 2
    assert house.store.log.number_of("documents", an) is None


def test_a_whole_life_is_witnessed_and_clean(house: House) -> None:
    an, binh = house.owner(AN), house.owner(BINH)
    document = house.valid(an)
    with house.store.begin(MAI, "print") as work:
        printed = work.prints.issue(
            document.id, revision_sha256=document.revisions[0].sha256, to_whom="a", reason="b"
        )
        work.prints.set_seal(printed.id, b"seal")
        work.dossiers.open("H41.01-261122-0001", procedure="1.001193")
        work.receipts.issue(document.id, {"pages": 1, "names": ["Nguyễn", None, True]})
    with house.store.begin(MAI, "refile") as work:
        work.documents.refile(document.id, to=binh, reason="wrong")
        other = work.signings.intend(an, document.id, document.revisions[0].role, to_be_signed={})
        assert other.id != an
    report = checked(house)
    assert findings(house) == set()
    assert report.rows > 25


def test_a_row_deleted_on_purpose_leaves_a_tombstone_and_no_alarm(house: House) -> None:
    document = house.receive(house.owner())
    with house.store.begin(MAI, "sign") as work:
        id = work.signings.intend(house.store.draft().id, document.id, Role.AGENCY, to_be_signed={"a": 1}).id
    with house.store.begin(MAI, "withdraw") as work:
        work.signings.withdraw(id)
    assert findings(house) == set()


def test_what_changes_after_a_receipt_was_numbered_stands_in_the_leaf_as_it_was_left(house: House) -> None:
    an, binh = house.owner(AN), house.owner(BINH)
    document, going = house.receive(an), house.store.draft().id
    with house.store.begin(MAI, "refile twice") as work:
        work.signings.intend(going, document.id, Role.AGENCY, to_be_signed={"a": 1})
        work.documents.refile(document.id, to=binh, reason="wrong")
        work.receipts.issue(document.id, {})
        work.signings.withdraw(going)
        work.documents.refile(document.id, to=an, reason="wrong again")
    assert findings(house) == set()
    leaves = house.store.log.number_leaves()
    states = {state.key: state for leaf in leaves for state in leaf.leaf.states if state.table == "signings"}
    assert states == {str(going): row_deleted("signings", str(going))}


def test_what_a_savepoint_took_back_stands_in_the_leaf_as_it_was_before_it(house: House) -> None:
    an, binh, cuc = house.owner(AN), house.owner(BINH), house.owner("040090001235")
    document = house.receive(an)
    with house.store.begin(MAI, "refile, and once more in vain") as work:
        work.documents.refile(document.id, to=binh, reason="wrong")
        with suppress(_InVain), savepoint(work._scope.session):
            work.documents.refile(document.id, to=cuc, reason="wrong again")
            work.receipts.issue(document.id, {})
            raise _InVain
    assert findings(house) == set()


ATTACKS = [
    ("UPDATE documents SET status = 'valid'", "log-row-changed"),
    ("UPDATE owners SET name = 'Somebody Else'", "log-row-changed"),
    ("UPDATE owners SET birth_date = '5'", "log-row-changed"),
    ("UPDATE documents SET received_at = '2020-01-01 00:00:00'", "log-row-changed"),
    ("UPDATE versions SET fields = '{}'", "log-row-changed"),
    ("UPDATE objects SET sha256_plain = sha256_stored", "log-row-changed"),
    ("UPDATE diary SET person = 'nobody' WHERE act = 'intake'", "log-row-changed"),
    ("DELETE FROM diary WHERE act = 'intake'", "log-row-deleted"),
    ("DELETE FROM document_codes", "log-row-deleted"),
    ("DELETE FROM store_entries", "log-row-deleted"),
    ("INSERT INTO agencies (code, name) VALUES ('H99', 'an agency of somebody')", "log-row-unwitnessed"),
    ("UPDATE log_leaves SET commitment = salt", "log-leaf-changed"),
    ("UPDATE log_states SET sha256 = NULL WHERE \"table\" = 'documents'", "log-leaf-changed"),
]
ON_SQLITE_ALSO = [  # it keeps what is no value of the column
    ("UPDATE owners SET birth_date = 5", "log-row-changed"),
    ("UPDATE documents SET received_at = 'yesterday'", "log-row-changed"),
    ("UPDATE documents SET superseded_by = 'x'", "log-row-changed"),
    ("UPDATE versions SET fields = '{broken'", "log-row-changed"),
]


def assert_found(house: House, attack: str, code: str) -> None:
    house.receive(house.owner())
    with house.behind_the_program() as rows:
        assert rows.execute(attack) > 0
    assert code in {found for found, _sentence in findings(house)}


@pytest.mark.parametrize(("attack", "code"), ATTACKS)
def test_what_was_changed_past_the_program_is_found(house: House, attack: str, code: str) -> None:
    assert_found(house, attack, code)


@pytest.mark.parametrize(("attack", "code"), ON_SQLITE_ALSO)
def test_nonsense_past_the_program_is_found(house_on_sqlite: House, attack: str, code: str) -> None:
    assert_found(house_on_sqlite, attack, code)


def test_a_deleted_print_is_named(house: House) -> None:
    document = house.valid(house.owner())
    with house.store.begin(MAI, "print") as work:
        printed = work.prints.issue(
            document.id, revision_sha256=document.revisions[0].sha256, to_whom="a", reason="b"
        )
    with house.behind_the_program() as rows:
        rows.execute("DELETE FROM print_makings")  # not witnessed, and in the way
        rows.execute("DELETE FROM prints")
    ((code, sentence),) = findings(house)
    assert code == "log-row-deleted"
    assert str(printed.id) in sentence


def test_a_key_changed_to_nonsense_is_both_gone_and_unknown(house_on_sqlite: House) -> None:
    house_on_sqlite.owner()
    with house_on_sqlite.behind_the_program() as rows:
        rows.execute("UPDATE owners SET id = 'nonsense'")
    assert {"log-row-deleted", "log-row-unwitnessed"} == {code for code, _ in findings(house_on_sqlite)}


def test_leaves_are_numbered_in_parts_once_and_read_again_from_any_number(house: House) -> None:
    for number in range(5):
        house.owner(f"04009000123{number}")
    first = house.store.log.number_leaves(most=3)
    second = house.store.log.number_leaves()
    assert [leaf.number for leaf in (*first, *second)] == list(range(5))
    assert house.store.log.number_leaves() == []
    with house.store.log.leaves(2) as leaves:
        assert list(leaves) == [first[2], *second]
    house.owner("040090009999")
    with house.store.log.facts() as facts:
        assert [leaf.number for leaf in facts.leaves] == list(range(6))
    with house.store.log.leaves() as leaves:
        assert len(list(leaves)) == 5


def test_tiles_and_checkpoints_are_kept_encrypted_and_grow_with_the_log(house: House) -> None:
    log, frontier = house.store.log, Frontier()
    tiles = Tiles(log.get_tile, 0)
    for number in range(3):
        house.owner(f"04009000123{number}")
        commitments = [leaf.commitment for leaf in log.number_leaves()]
        tiles = tiles.append(commitments, log.put_tile)
        for commitment in commitments:
            frontier.add(leaf_hash(commitment))
    assert tiles.root == frontier.root
    assert log.get_tile("tile/0/001") is None
    assert log.latest_checkpoint() is None
    for size in (1, 3):
        log.keep_checkpoint(CheckpointRecord(size, frontier.root, f"note {size}", house.clock()))
    log.keep_checkpoint(CheckpointRecord(3, frontier.root, "another note", house.clock()))
    newest = log.latest_checkpoint()
    assert newest is not None
    assert (newest.size, newest.text) == (3, "note 3")
    assert findings(house) == set()
    (kept,) = house.objects.versions("log/tile/0/000.p/3")
    house.change_bytes(kept.key, kept.version, b"changed")
    with pytest.raises(ObjectDamaged):
        log.get_tile("tile/0/000.p/3")


def test_a_statement_that_would_pass_the_witness_by_is_refused(house: House) -> None:
    owner = house.owner()
    for statement in (
        update(OwnerRow).values(name="x"),
        delete(OwnerRow),
        insert(DocumentRow),
    ):
        with pytest.raises(RuntimeError, match="witnessed"), house.store.begin(MAI, "sneak") as work:
            work.owners._session.execute(statement)
    assert findings(house) == set()
    with house.store.begin(MAI, "look") as work:
        assert work.owners.get(owner).name == "Nguyễn Văn An"


def test_every_table_of_somebodys_papers_is_witnessed() -> None:
    assert {
        "owners",
        "owner_identifiers",
        "stores",
        "store_entries",
        "documents",
        "document_codes",
        "versions",
        "originals",
        "revisions",
        "signings",
        "dossiers",
        "dossier_events",
        "dossier_documents",
        "prints",
        "notices",
        "receipts",
        "diary",
        "objects",
        "overrides",
        "agencies",
        "subscriptions",
        "intakes",
        "stated_of_owners",
        "citations",
        "agency_terms",
        "accounts",
        "account_roles",
        "account_counters",
        "owner_identities",
        "clients",
        "delegations",
        "shares",
        "share_openings",
        "exchange",
    } == set(WITNESSED)
