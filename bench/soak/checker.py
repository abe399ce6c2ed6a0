"""What stands after a soak, read from rows and objects, apart from the program that wrote them.

Rows are read with plain SQL and stored bytes with plain file reads; only what is encrypted goes through the
datastore's door, and signatures are judged by `signing`. The first question is always the client's ledger:
everything that was acknowledged must be there.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from api.house import open_datastore
from api.settings import Settings
from common import Digest, utc_now
from datastore import Actor
from signing import DevelopmentPki, Indication, validate

ROLES = ["clerk", "agency"]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A line of the client's ledger: this file was said to be kept under this receipt."""

    sha256: str
    receipt: int


@dataclass(frozen=True, slots=True)
class Stand:
    """What was found; every list is empty when all is well."""

    lost: list[str]
    doubled: list[str]
    twice_signed: list[str]
    unfinished: list[str]
    damaged: list[str]
    unnamed: list[str]
    left: list[str]

    @property
    def well(self) -> bool:
        return not any((self.lost, self.doubled, self.twice_signed, self.unfinished, self.damaged, self.unnamed,
                        self.left))  # fmt: skip


def examine(data: Path, ledger: Sequence[Acknowledged], papers: Sequence[str], temporary: Path) -> Stand:
    """Compares the ledger and the papers handed in (SHA-256 each) with the folder `data`."""
    with closing(sqlite3.connect(f"file:{data / 'khoso.db'}?mode=ro", uri=True)) as rows:
        rows.row_factory = sqlite3.Row
        return Stand(
            lost=list(_lost(rows, ledger)),
            doubled=list(_doubled(rows, papers)),
            twice_signed=list(_twice_signed(rows, data)),
            unfinished=list(_unfinished(rows, papers)),
            damaged=list(_damaged(rows, data)),
            unnamed=list(_unnamed(rows, data)),
            left=list(_left(data, temporary)),
        )


_PAPERS = """
    SELECT documents.id, documents.status, objects.sha256_plain, receipts.number AS receipt, versions.id AS version
    FROM documents
    JOIN versions ON versions.document_id = documents.id
    JOIN originals ON originals.version_id = versions.id
    JOIN objects ON objects.id = originals.object_id
    LEFT JOIN receipts ON receipts.document_id = documents.id
"""


def _lost(rows: sqlite3.Connection, ledger: Sequence[Acknowledged]) -> Iterator[str]:
    kept = {(row["sha256_plain"].hex(), row["receipt"]) for row in rows.execute(_PAPERS)}
    for one in ledger:
        if (one.sha256, one.receipt) not in kept:
            yield f"receipt {one.receipt} of {one.sha256[:12]}"


def _doubled(rows: sqlite3.Connection, papers: Sequence[str]) -> Iterator[str]:
    """A paper twice, a receipt twice, a paper twice in its dossier, or one that nobody handed in."""
    found = Counter(row["sha256_plain"].hex() for row in rows.execute(_PAPERS))
    yield from (f"{sha256[:12]}: {count} times" for sha256, count in found.items() if count > 1)
    yield from (f"{sha256[:12]}: nobody brought it" for sha256 in found.keys() - set(papers))
    for row in rows.execute(
        "SELECT document_id FROM dossier_documents GROUP BY document_id HAVING count(*) > 1"
    ):
        yield f"{row[0]}: more than once in a dossier"


def _twice_signed(rows: sqlite3.Connection, data: Path) -> Iterator[str]:
    """By the rows, and by the signed bytes themselves: exactly one signature of each role, both good."""
    for row in rows.execute(_PAPERS):
        query = "SELECT role FROM revisions WHERE version_id = ? ORDER BY k"
        roles = [revision["role"] for revision in rows.execute(query, (row["version"],))]
        if len(roles) != len(set(roles)):
            yield f"{row['id']}: {roles}"
    for document, signatures in _signatures_in_files(rows, data):
        if signatures != ["TOTAL-PASSED"] * len(ROLES):
            yield f"{document}: {signatures}"


def _signatures_in_files(rows: sqlite3.Connection, data: Path) -> Iterator[tuple[UUID, list[str]]]:
    settings = Settings(data_dir=data)
    store = open_datastore(settings)
    pki = DevelopmentPki.make_or_open(data / "pki", utc_now, agency=settings.agency_name)
    actor = Actor("soak", "system", settings.agency, "check")
    try:
        for row in rows.execute("SELECT id FROM documents WHERE status = 'valid'"):
            with store.begin(actor, "check") as work, TemporaryDirectory() as desk:
                revision = work.documents.get(UUID(row["id"])).latest_revision
                key = work.documents.data_key(UUID(row["id"]))
                if revision is None:
                    continue
                pdf = store.objects.get(revision.object, Path(desk) / "signed.pdf", sealing=key)
                verdict = validate(pdf, trust=pki.trust, now=datetime.now(UTC))
            yield UUID(row["id"]), [one.indication.value for one in verdict.signatures]
            assert verdict.indication in Indication
    finally:
        store.close()


def _unfinished(rows: sqlite3.Connection, papers: Sequence[str]) -> Iterator[str]:
    found = {row["sha256_plain"].hex(): row for row in rows.execute(_PAPERS)}
    for sha256 in papers:
        status = found[sha256]["status"] if sha256 in found else "not there"
        if status != "valid":
            yield f"{sha256[:12]}: {status}"
    for row in rows.execute("SELECT kind, document_id, state FROM jobs WHERE state != 'done'"):
        yield f"job {row['kind']} of {row['document_id']}: {row['state']}"
    for row in rows.execute("SELECT id, role, state FROM signings WHERE state != 'completed'"):
        yield f"signing {row['role']} {row['id']}: {row['state']}"


def _objects(rows: sqlite3.Connection) -> list[tuple[str, Any]]:
    named = [
        (f"{row['key']}@{row['version']}", row["sha256_stored"])
        for row in rows.execute("SELECT * FROM objects")
    ]
    tiles = rows.execute("SELECT name, object_version, sha256_stored FROM log_tiles")
    return named + [(f"{row['name']}@{row['object_version']}", row["sha256_stored"]) for row in tiles]


def _damaged(rows: sqlite3.Connection, data: Path) -> Iterator[str]:
    for name, sha256 in _objects(rows):
        path = data / "objects" / name
        if not path.is_file():
            yield f"{name}: missing"
        elif Digest.of_file(path).value != sha256:
            yield f"{name}: changed"


def _unnamed(rows: sqlite3.Connection, data: Path) -> Iterator[str]:
    """Objects that no row names: allowed until somebody starts alone, then swept."""
    named = {name for name, _sha256 in _objects(rows)}
    for path in (data / "objects").rglob("*@*"):
        name = path.relative_to(data / "objects").as_posix()
        if name not in named:
            yield name


def _left(data: Path, temporary: Path) -> Iterator[str]:
    work = (path for path in (data / "work").iterdir() if path.name != "sweep.lock")
    for path in [*work, *(data / "objects" / ".incoming").iterdir(), *temporary.iterdir()]:
        yield str(path)
