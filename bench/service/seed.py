"""Rows to measure on: one owner with real papers, and as many others as wanted, copied by the database itself.

The others have names as they are in Viet Nam (`names`), and their papers are found by them. The copies pass the log by
(nothing here is verified afterwards): a hundred thousand intakes would take a day.
"""

import secrets
from dataclasses import dataclass
from uuid import UUID

import psycopg
from sqlalchemy import Connection, create_engine, inspect, text

from bench.service.names import full_name
from datastore import Actor, Datastore, NewOriginal, original_key
from datastore.dialect.postgresql import vectors_of
from signing import new_short_code

CLERK = Actor("bench.clerk", "clerk", "H41.08", "bench")
OWNER, NAME = "040090001234", "Tôn Nữ Bách Niên"
"""Nobody else is called so."""
FREQUENT_FAMILY, FREQUENT_WORDS = "Nguyễn", "nguyen van"
"""Every third owner, and every twentieth."""
OTHER_OWNER, OTHER_NAME = "001191005678", "Trần Thị Bình"
PAPERS = 50
"""In the store that is listed."""
_PER_STORE = 3


@dataclass(frozen=True, slots=True)
class Seeded:
    """What the requests ask for."""

    owner: UUID
    document: UUID
    short_code: str
    other_owner: UUID
    other_document: UUID
    """What everybody else's are copied from."""


def seed(store: Datastore, url: str) -> Seeded:
    """The owner whose store is listed, with its papers, and one print in the register."""
    with store.begin(CLERK, "seed") as work:
        owner = work.owners.ensure(OWNER, name=NAME).id
        other = work.owners.ensure(OTHER_OWNER, name=OTHER_NAME).id
    documents = [_paper(store, owner) for _ in range(PAPERS)]
    code = new_short_code()
    with create_engine(url).begin() as rows:
        rows.execute(
            text(
                "INSERT INTO prints (id, document_id, number, short_code, status_index, revision_sha256,"
                " to_whom, reason, by, at) VALUES"
                " (gen_random_uuid(), :document, 1, :code, 0, :sha256, 'x', 'y', 'z', now())"
            ),
            {"document": documents[0], "code": code, "sha256": secrets.token_bytes(32)},
        )
    return Seeded(owner, documents[0], code, other, _paper(store, other))


def _paper(store: Datastore, owner: UUID) -> UUID:
    draft = store.draft()
    kept = store.put(original_key(draft.id, 1), secrets.token_bytes(2_000), sealing=draft.data_key)
    with store.begin(CLERK, "seed") as work:
        new = NewOriginal(kept, "image/jpeg", "scan.jpg")
        document = work.documents.receive(draft, originals=[new], owners=[owner], doc_type="KHAI_SINH")
        work.receipts.issue(document.id, {"pages": 1})
    return document.id


def fill_up(url: str, seeded: Seeded, *, up_to: int) -> None:
    """Other people's papers, until there are `up_to` in all: of the same agency, three to a store."""
    owners_nth = f"nth / {_PER_STORE}"
    owner, store, paper, version, object = (
        f"md5('{kind}' || {which})::uuid"
        for kind, which in (("o", owners_nth), ("s", owners_nth), ("d", "nth"), ("v", "nth"), ("b", "nth"))
    )
    with create_engine(url).begin() as rows:
        there = rows.execute(text("SELECT count(*) FROM documents")).scalar_one()
        owners = _Copier(rows, there // _PER_STORE, (up_to - 1) // _PER_STORE, seeded.other_owner)
        papers = _Copier(rows, there, up_to - 1, seeded.other_document)
        its_version = text("SELECT id FROM versions WHERE document_id = :like")
        files = _Copier(
            rows, there, up_to - 1, rows.execute(its_version, {"like": seeded.other_document}).scalar_one()
        )
        _name(rows, owners.first, owners.last)
        owners.copy("owners", "id", id="md5('o' || nth)::uuid", name=_name_of("nth"))
        owners.copy(
            "owner_identifiers",
            "owner_id",
            id=_ANY,
            owner_id="md5('o' || nth)::uuid",
            identifier=_identifier_of("nth"),
        )
        owners.copy("stores", "owner_id", id="md5('s' || nth)::uuid", owner_id="md5('o' || nth)::uuid")
        papers.copy("documents", "id", id=paper, held_key=_digest_of("nth"),
                    received_at="t.received_at - nth * interval '1 second'")  # fmt: skip
        papers.copy(
            "versions", "document_id", id=version, document_id=paper, originals_digest=_digest_of("nth")
        )
        papers.copy(
            "objects", "document_id", id=object, document_id=paper, key="'documents/' || md5('d' || nth)"
        )
        files.copy("originals", "version_id", id=_ANY, version_id=version, object_id=object)
        papers.copy("store_entries", "document_id", id=_ANY, store_id=store, document_id=paper)
        papers.copy(
            "document_codes", "document_id", id=_ANY, document_id=paper, owner_id=owner, code="'C' || nth"
        )
        papers.copy(
            "search",
            "document_id",
            id="nextval('search_id_seq')",
            document_id=paper,
            owner=f"{_name_of(owners_nth)} || ' ' || {_identifier_of(owners_nth)}",
            code="'C' || nth",
        )
        _make_findable(rows)
    with create_engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as rows:
        rows.execute(text("VACUUM ANALYZE"))


def _name(rows: Connection, first: int, last: int) -> None:
    """Names for the owners of these numbers, while the transaction lasts."""
    rows.execute(text("CREATE TEMPORARY TABLE names (number int PRIMARY KEY, name text) ON COMMIT DROP"))
    with _psycopg(rows).cursor() as cursor, cursor.copy("COPY names FROM STDIN") as copy:
        for nth in range(first, last + 1):
            copy.write_row((nth, full_name(nth)))


def _name_of(nth: str) -> str:
    return f"(SELECT names.name FROM names WHERE names.number = {nth})"


def _digest_of(nth: str) -> str:
    return f"decode(md5('h' || {nth}) || md5('k' || {nth}), 'hex')"


def _identifier_of(nth: str) -> str:
    return f"'001' || lpad(({nth})::text, 9, '0')"


def _make_findable(rows: Connection) -> None:
    """The words of every paper that has none yet, as the datastore indexes them."""
    query = """
        SELECT id, owner, code, type, text FROM search
        WHERE NOT EXISTS (SELECT 1 FROM search_words WHERE search_words.id = search.id)
    """
    new = rows.execute(text(query)).all()
    with (
        _psycopg(rows).cursor() as cursor,
        cursor.copy("COPY search_words (id, exact, folded) FROM STDIN") as copy,
    ):
        for id, *fields in new:
            copy.write_row((id, *vectors_of(fields)))


def _psycopg(rows: Connection) -> "psycopg.Connection[tuple[object, ...]]":
    """The driver's own connection, in the same transaction."""
    driver = rows.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


_ANY = "gen_random_uuid()"


@dataclass(frozen=True, slots=True)
class _Copier:
    """Copies the rows of `like`, once for each number from `first` to `last`."""

    rows: Connection
    first: int
    last: int
    like: UUID

    def copy(self, table: str, whose: str, **other: str) -> None:
        """Each copy has `other`'s expressions instead of the values of its model; `nth` is its number."""
        columns = [column["name"] for column in inspect(self.rows).get_columns(table)]
        names = ", ".join(f'"{name}"' for name in columns)
        values = ", ".join(other.get(name, f't."{name}"') for name in columns)
        self.rows.execute(
            text(
                f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} t,"
                " (SELECT nth FROM generate_series(CAST(:first AS int), CAST(:last AS int)) nth) numbers"
                f" WHERE t.{whose} = :like ON CONFLICT DO NOTHING"
            ),
            {"first": self.first, "last": self.last, "like": self.like},
        )
