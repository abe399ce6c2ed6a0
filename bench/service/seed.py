"""Rows to measure on: one owner with real papers, and as many others as wanted, copied by the database itself.

The copies pass the log by (nothing here is verified afterwards): a hundred thousand intakes would take a day.
"""

import secrets
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, create_engine, inspect, text

from datastore import Actor, Datastore, NewOriginal, original_key
from signing import new_short_code

CLERK = Actor("bench.clerk", "clerk", "H41.08", "bench")
OWNER, NAME = "040090001234", "Nguyễn Văn An"
OTHER_OWNER, OTHER_NAME = "001191005678", "Trần Thị Bình"
PAPERS = 50
"""In the store that is listed."""
_PER_STORE = 10


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
    """Other people's papers, until there are `up_to` in all: of the same agency, ten to a store."""
    owner, store, paper = (
        f"md5('{kind}' || {which})::uuid"
        for kind, which in (("o", f"nth / {_PER_STORE}"), ("s", f"nth / {_PER_STORE}"), ("d", "nth"))
    )
    with create_engine(url).begin() as rows:
        there = rows.execute(text("SELECT count(*) FROM documents")).scalar_one()
        owners = _Copier(rows, there // _PER_STORE, (up_to - 1) // _PER_STORE, seeded.other_owner)
        papers = _Copier(rows, there, up_to - 1, seeded.other_document)
        owners.copy("owners", "id", id="md5('o' || nth)::uuid")
        owners.copy(
            "owner_identifiers",
            "owner_id",
            id=_ANY,
            owner_id="md5('o' || nth)::uuid",
            identifier="'X' || nth",
        )
        owners.copy("stores", "owner_id", id="md5('s' || nth)::uuid", owner_id="md5('o' || nth)::uuid")
        papers.copy("documents", "id", id=paper, held_key="decode(md5('h' || nth) || md5('k' || nth), 'hex')",
                    received_at="t.received_at - nth * interval '1 second'")  # fmt: skip
        papers.copy("versions", "document_id", id=_ANY, document_id=paper)
        papers.copy("store_entries", "document_id", id=_ANY, store_id=store, document_id=paper)
        papers.copy(
            "document_codes", "document_id", id=_ANY, document_id=paper, owner_id=owner, code="'C' || nth"
        )
        papers.copy("search", "document_id", id="nextval('search_id_seq')", document_id=paper)
        rows.execute(
            text(
                "INSERT INTO search_words (id, exact, folded) SELECT s.id, w.exact, w.folded"
                " FROM search s, search_words w JOIN search o ON o.id = w.id"
                " WHERE o.document_id = :like AND NOT EXISTS (SELECT 1 FROM search_words x WHERE x.id = s.id)"
            ),
            {"like": seeded.other_document},
        )
    with create_engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as rows:
        rows.execute(text("VACUUM ANALYZE"))


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
