"""A datastore on disk with real keys and real encryption, and a clock that ticks by itself."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, create_engine, text

from archive import Ground, Status, Weight
from common import utc_now
from datastore import (
    Actor,
    Datastore,
    DocumentRecord,
    Hashing,
    JobKind,
    JobRole,
    Keyring,
    NewOriginal,
    NewRevision,
    StoredObject,
    original_key,
    pdf_key,
    reading_key,
)
from datastore.objects.minio import MinioObjects
from signing import Role
from tests.datastore.stores import objects_in

MAI = Actor("mai.clerk", "system", "H41.01", "dossier intake")
"""Who does whatever a test needs done: as the command line does it, by a person in the role of the system."""
STRANGER = Actor("other.clerk", "system", "H55.02", "curiosity")
READ = JobKind("read", JobRole.READER)
SIGN = JobKind("sign", JobRole.SIGNER)
AN = "040090001234"
BINH = "001191005678"
HASHING = Hashing(time_cost=1, memory_kib=64, parallelism=1)
"""Hashes that do not take the time that they should take."""
DATABASE_URL = "database-url"
"""The file in a house's folder that says where its rows are, when that is elsewhere."""


@dataclass
class TickingClock:
    """Every look is a second later, so that what comes after also shows as after."""

    now: datetime = datetime(2026, 11, 22, 1, 0, 0, 123456, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def wait(self, duration: timedelta) -> None:
        self.now += duration


@dataclass(frozen=True)
class Rows:
    """Plain SQL, of the database that it is."""

    connection: Connection

    def execute(self, statement: str) -> int:
        """Run a statement; how many rows it changed."""
        return self.connection.execute(text(statement)).rowcount

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        """The rows that a query finds."""
        return [tuple(row) for row in self.connection.execute(text(query))]


@dataclass
class House:
    """A datastore with the few steps that most tests begin with.

    Its rows and objects lie in the folder, or where the folder's `database-url` and `bucket` say: other processes are
    given the folder only.
    """

    folder: Path
    clock: TickingClock = field(default_factory=TickingClock)
    migrated: bool = False
    real_time: bool = False

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.objects = objects_in(self.folder)
        self.keys = Keyring.make_or_open(self.folder / "master.key")
        self.store = Datastore.open(
            self.url,
            objects=self.objects,
            keys=self.keys,
            clock=utc_now if self.real_time else self.clock,
            hashing=HASHING,
        )
        if not self.migrated:
            self.store.migrate()

    @property
    def database(self) -> Path:
        return self.folder / "khoso.db"

    @property
    def url(self) -> str:
        elsewhere = self.folder / DATABASE_URL
        return elsewhere.read_text() if elsewhere.exists() else f"sqlite:///{self.database}"

    @contextmanager
    def behind_the_program(self) -> Iterator["Rows"]:
        """The rows as anybody may change them who has the database; committed at the end."""
        engine = create_engine(self.url)
        with engine.begin() as connection:
            yield Rows(connection)
        engine.dispose()

    def sealed_bytes(self, stored: StoredObject) -> bytes:
        """What lies in the store."""
        if not isinstance(self.objects, MinioObjects):
            return (self.folder / "objects" / f"{stored.key}@{stored.version}").read_bytes()
        with self.objects._opened(stored) as lying:
            return lying.read()

    def change_bytes(self, key: str, version: str, content: bytes) -> None:
        """Let what a row names have other bytes."""
        if isinstance(self.objects, MinioObjects):
            # Nobody can change a version: whoever would deceive us can only let the row name another one.
            changed = self.objects.client.put_object(
                self.objects.bucket, key, BytesIO(content), len(content)
            ).version_id
            with self.behind_the_program() as rows:
                rows.execute(f"UPDATE objects SET version = '{changed}' WHERE version = '{version}'")
                rows.execute(
                    f"UPDATE log_tiles SET object_version = '{changed}' WHERE object_version = '{version}'"
                )
        else:
            (self.folder / "objects" / f"{key}@{version}").write_bytes(content)

    def owner(self, identifier: str = AN, name: str = "Nguyễn Văn An") -> UUID:
        with self.store.begin(MAI, "look-up") as work:
            return work.owners.ensure(identifier, name=name).id

    def receive(
        self,
        *owners: UUID,
        content: bytes = b"a scanned page",
        doc_type: str | None = "KET_HON",
        dossier: str | None = None,
        actor: Actor = MAI,
        verdict: Mapping[str, object] | None = None,
        weight: Weight = Weight.UNCONFIRMED,
    ) -> DocumentRecord:
        draft = self.store.draft()
        kept = self.store.put(original_key(draft.id, 1), content, sealing=draft.data_key)
        with self.store.begin(actor, "intake") as work:
            return work.documents.receive(
                draft,
                weight=weight,
                originals=[NewOriginal(kept, "image/png", "trang 1.png")],
                owners=owners,
                doc_type=doc_type,
                dossier=dossier,
                verdict=verdict,
            )

    def read(
        self,
        document: UUID,
        text: str = "GIẤY CHỨNG NHẬN KẾT HÔN",
        k: int = 1,
        doc_type: str | None = None,
    ) -> DocumentRecord:
        with self.store.begin(MAI, "read") as work:
            key = work.documents.data_key(document)
        reading = self.store.put(reading_key(document, 1, k), b"{}", sealing=key)
        pdf = self.store.put(pdf_key(document, 1, 0), b"%PDF-1.7", sealing=key) if k == 1 else None
        with self.store.begin(MAI, "read") as work:
            return work.documents.record_reading(
                document,
                reading=reading,
                pdf=pdf,
                page_count=1,
                text=text,
                doc_type=doc_type,
                fields={"number": {"value": "12"}},
            )

    def sign(self, document: UUID, role: Role = Role.CLERK) -> DocumentRecord:
        with self.store.begin(MAI, "sign") as work:
            key = work.documents.data_key(document)
            k = len(work.documents.get(document).revisions) + 1
            id = work.signings.intend(self.store.draft().id, document, role, to_be_signed={"k": k}).id
        with self.store.begin(MAI, "sign") as work:
            work.signings.signed(id, b"signature value")
        kept = self.store.put(pdf_key(document, 1, k), b"%PDF-1.7 signed", sealing=key)
        with self.store.begin(MAI, "sign") as work:
            work.signings.complete(id, NewRevision(kept, self.store.clock(), "B-T"))
            return work.documents.get(document)

    def provisional(self, *owners: UUID, content: bytes = b"a scanned page") -> DocumentRecord:
        document = self.receive(*owners, content=content)
        self.read(document.id)
        with self.store.begin(MAI, "check") as work:
            work.documents.check(document.id, by="mai.clerk", weight=Weight.DIGITISED)
        self.sign(document.id)
        with self.store.begin(MAI, "keep") as work:
            return work.documents.become(document.id, Status.PROVISIONAL)

    def valid(self, *owners: UUID, content: bytes = b"a scanned page") -> DocumentRecord:
        document = self.provisional(*owners, content=content)
        with self.store.begin(MAI, "decide") as work:
            return work.documents.make_valid(document.id, Ground.BACK_FILE)
