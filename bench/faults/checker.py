"""`python -m bench.faults.checker FACTS`: what stands after the soak, told by the API, SQL and S3 and nothing else.

A program of its own with plain psycopg, minio-py and pyHanko, which knows nothing of the service's code: it reads the
ledgers, asks the API for every promise, reads the rows, fetches every object, counts signatures in the bytes that the
API hands out, has every print checked as the public would, and compares the rows with what the receiver was told. It
prints a JSON object of lists, which are empty when all is well.
"""

import io
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import psycopg
from minio import Minio
from minio.error import S3Error
from psycopg.rows import dict_row
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

_AT_ONCE = 4
_FIELDS = ["KhosoAgency", "KhosoClerk"]
_PROBES = "probes/"
"""What `khoso doctor` tries the lock on."""
_GENUINE, _BY_SHORT_CODE = "TOTAL-PASSED", "INDETERMINATE"
"""A short code proves nothing: it tells only how the print stands."""
_SHEETS_CHECKED_EVERY = 10
"""To look for the code on a sheet takes a second; the others are checked by link and short code."""
_TOLD_OF_A_PAPER = ("vn.khoso.document.received", "vn.khoso.document.valid")
_TOLD_OF_A_DOSSIER = ("vn.khoso.dossier.opened", "vn.khoso.dossier.succeeded")
_TOLD_OF_A_PRINT = "vn.khoso.document.printed"


@dataclass(frozen=True, slots=True)
class Facts:
    """Where to look. `ledger` and `prints` have a line per promise, `told` one per event that the receiver took;
    `handed_in` is the SHA-256 of every file that was brought."""

    database: str
    endpoint: str
    access_key: str
    secret_key: str
    region: str
    bucket: str
    api: str
    ledger: str
    prints: str
    told: str
    handed_in: list[str]


@dataclass(frozen=True, slots=True)
class Stand:
    """What was found; `counts` says how much was looked at."""

    lost: list[str]
    doubled: list[str]
    twice_signed: list[str]
    unfinished: list[str]
    damaged: list[str]
    unnamed: list[str]
    unverified: list[str]
    untold: list[str]
    counts: dict[str, int]


class Eyes:
    """The three ways of looking."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._rows = psycopg.connect(facts.database, autocommit=True, row_factory=dict_row)
        self._s3 = Minio(
            facts.endpoint,
            access_key=facts.access_key,
            secret_key=facts.secret_key,
            region=facts.region,
            secure=False,
        )
        self._http = httpx.Client(base_url=facts.api, timeout=60)
        token = self._http.post("/dev/sign-in", json={"person": "checker", "role": "handler"}).json()["token"]
        self._http.headers.update({"Authorization": f"Bearer {token}", "Khoso-Purpose": "check"})
        lines = _lines(facts.ledger)
        self._ledger: list[dict[str, Any]] = list({json.dumps(one): one for one in lines}.values())
        self._prints = _lines(facts.prints)

    def look(self) -> Stand:
        """Everything."""
        papers = self._select(_PAPERS)
        named = self._named()
        lying = list(self._lying())
        return Stand(
            lost=list(self._lost(papers)),
            doubled=list(self._doubled(papers)),
            twice_signed=list(self._twice_signed(papers)),
            unfinished=list(self._unfinished(papers)),
            damaged=list(self._damaged(named, set(lying))),
            unnamed=sorted("/".join(place) for place in set(lying) - named.keys() if not self._waits(place)),
            unverified=list(unverified(self._http, self._prints)),
            untold=list(
                untold(
                    _lines(self._facts.told),
                    {str(one["id"]) for one in papers},
                    {str(one["id"]) for one in self._select("SELECT id FROM dossiers")},
                    {one["print_id"]: one["document_id"] for one in self._prints},
                )
            ),
            counts={
                "promises": len(self._ledger),
                "prints": len(self._prints),
                "papers": len(papers),
                "objects": len(lying),
                "receipts": len(self._select("SELECT id FROM receipts")),
            },
        )

    def _select(self, query: str) -> list[dict[str, Any]]:
        return self._rows.execute(query.encode()).fetchall()

    # --- promises and papers --------------------------------------------------------------------------

    def _lost(self, papers: list[dict[str, Any]]) -> Iterator[str]:
        """A promise that the rows, or the API, do not keep."""
        rows = {(one["sha256"], str(one["id"])) for one in papers}
        numbers = {(str(one["document_id"]), one["number"]) for one in self._select(_RECEIPTS)}
        in_dossiers = {(one["dossier"], str(one["document_id"])) for one in self._select(_IN_DOSSIERS)}
        for promise in self._ledger:
            document, told = promise["document_id"], f"receipt {promise['receipt']}"
            if (promise["sha256"], document) not in rows:
                yield f"{told}: no paper {document} of these bytes"
            if (document, promise["receipt"]) not in numbers:
                yield f"{told}: not that of {document}"
            if (promise["dossier"], document) not in in_dossiers:
                yield f"{told}: not in its dossier"
        with ThreadPoolExecutor(_AT_ONCE) as many:
            yield from (found for found in many.map(self._not_answered, self._ledger) if found)

    def _not_answered(self, promise: dict[str, Any]) -> str | None:
        """What the API says against the promise: another receipt, or other bytes than those that were brought."""
        place, told = f"/api/v1/documents/{promise['document_id']}", f"receipt {promise['receipt']}"
        document = self._http.get(place)
        if not document.is_success or document.json()["receipt"] != promise["receipt"]:
            return f"{told}: the API answers {document.status_code} {document.text[:100]}"
        original = self._http.get(f"{place}/content", params={"form": "original"})
        if not original.is_success or sha256(original.content).hexdigest() != promise["sha256"]:
            return f"{told}: the API hands out other bytes, with {original.status_code}"
        return None

    def _doubled(self, papers: list[dict[str, Any]]) -> Iterator[str]:
        """A paper, a receipt or a number twice, a paper twice in its dossier, or one that nobody brought."""
        found = Counter(one["sha256"] for one in papers)
        yield from (f"{sha256[:12]}: {count} times" for sha256, count in found.items() if count > 1)
        yield from (
            f"{sha256[:12]}: nobody brought it" for sha256 in found.keys() - set(self._facts.handed_in)
        )
        receipts = self._select(_RECEIPTS)
        for what, counted in (
            ("receipts of", Counter(str(one["document_id"]) for one in receipts)),
            ("receipt number", Counter(str(one["number"]) for one in receipts)),
            ("entries of", Counter(str(one["document_id"]) for one in self._select(_IN_DOSSIERS))),
            ("store entries of", Counter(str(one["document_id"]) for one in self._select(_ENTRIES))),
        ):
            yield from (f"{count} {what} {one}" for one, count in counted.items() if count > 1)

    def _twice_signed(self, papers: list[dict[str, Any]]) -> Iterator[str]:
        """By the rows, and by the bytes: one signature of the clerk, one of the agency, each over what it covers."""
        for one in self._select(_ROLES):
            if len(one["roles"]) != len(set(one["roles"])):
                yield f"{one['document_id']}: {one['roles']}"
        valid = [str(one["id"]) for one in papers if one["status"] == "valid"]
        with ThreadPoolExecutor(_AT_ONCE) as many:
            for document, fields in many.map(self._signatures, valid):
                if fields != _FIELDS:
                    yield f"{document}: {fields}"

    def _signatures(self, document: str) -> tuple[str, list[str]]:
        """The fields that are signed, each under a digest that is right."""
        answer = self._http.get(f"/api/v1/documents/{document}/content")
        if not answer.is_success:
            return document, [f"{answer.status_code}"]
        fields = []
        for signature in PdfFileReader(io.BytesIO(answer.content)).embedded_regular_signatures:
            fields.append(f"{signature.field_name}{'' if _is_right(signature) else ': other bytes'}")
        return document, sorted(fields)

    def _unfinished(self, papers: list[dict[str, Any]]) -> Iterator[str]:
        yield from (f"{one['id']}: {one['status']}" for one in papers if one["status"] != "valid")
        for one in self._select(
            "SELECT kind, document_id, state, last_error FROM jobs WHERE state <> 'done'"
        ):
            yield f"job {one['kind']} of {one['document_id']}: {one['state']} ({one['last_error']})"
        for one in self._select("SELECT id, role, state FROM signings WHERE state <> 'completed'"):
            yield f"signing {one['role']} {one['id']}: {one['state']}"
        for one in self._select("SELECT print_id, state FROM print_makings WHERE state <> 'ready'"):
            yield f"print {one['print_id']}: {one['state']}"
        for one in self._select(
            "SELECT subject, state, last_error FROM deliveries WHERE state <> 'delivered'"
        ):
            yield f"delivery of {one['subject']}: {one['state']} ({one['last_error']})"
        for one in self._select("SELECT number, state FROM dossiers WHERE state <> 'succeeded'"):
            yield f"dossier {one['number']}: {one['state']}"

    # --- objects --------------------------------------------------------------------------------------

    def _named(self) -> dict[tuple[str, str], str]:
        """What rows name: key and version, and the SHA-256 that it must have."""
        return {(one["key"], one["version"]): one["sha256"] for one in self._select(_OBJECTS)}

    def _lying(self) -> Iterator[tuple[str, str]]:
        """What the server has, delete markers too."""
        for one in self._s3.list_objects(self._facts.bucket, recursive=True, include_version=True):
            key = str(one.object_name)
            if not key.startswith(_PROBES):
                yield key, one.version_id or "null"

    def _waits(self, place: tuple[str, str]) -> bool:
        """Whether it cannot be swept yet, and will be: locked from the put on, and its intention is remembered."""
        key, version = place
        intention = "SELECT 1 FROM object_intents WHERE key = %s AND swept"
        if self._rows.execute(intention, (key,)).fetchone() is None:
            return False
        return self._s3.get_object_retention(self._facts.bucket, key, version_id=version) is not None

    def _damaged(self, named: dict[tuple[str, str], str], lying: set[tuple[str, str]]) -> Iterator[str]:
        for key, version in named.keys() - lying:
            yield f"{key}@{version}: missing"
        there = [(place, named[place]) for place in named.keys() & lying]
        with ThreadPoolExecutor(_AT_ONCE) as many:
            yield from (found for found in many.map(lambda one: self._changed(*one), there) if found)

    def _changed(self, place: tuple[str, str], digest: str) -> str | None:
        key, version = place
        try:
            kept = None if version == "null" else version
            answer = self._s3.get_object(self._facts.bucket, key, version_id=kept)
        except S3Error as error:
            return f"{key}@{version}: {error.code}"
        try:
            found = sha256(answer.read()).hexdigest()
        finally:
            answer.close()
            answer.release_conn()
        return None if found == digest else f"{key}@{version}: other bytes"


def unverified(http: httpx.Client, prints: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A print that was promised and is not there, or of which whoever checks it is not told that it is this one and
    good."""
    with ThreadPoolExecutor(_AT_ONCE) as many:
        found = many.map(lambda n: _not_good(http, prints[n], n), range(len(prints)))
        yield from (wrong for wrong in found if wrong)


def _not_good(http: httpx.Client, promise: Mapping[str, Any], n: int) -> str | None:
    place = f"/api/v1/prints/{promise['print_id']}"
    answer = http.get(place)
    if not answer.is_success or answer.json()["state"] != "ready":
        return f"{place}: {answer.status_code} {answer.text[:100]}"
    entry, sheets = answer.json(), http.get(f"{place}/content")
    named = (promise["document_id"], promise["number"])
    if (entry["document_id"], entry["number"]) != named:
        return f"{place}: is another one"
    if not sheets.is_success:
        return f"{place}: no sheets, {sheets.status_code}"
    # One address may guess only so many short codes.
    stranger = {"X-Forwarded-For": f"10.0.{n // 250}.{n % 250}"}
    by_link, by_code = (
        http.post("/api/v1/verify", json={"text": text}, headers=stranger)
        for text in (entry["link"], entry["short_code"])
    )
    sealed = [by_link]
    if n % _SHEETS_CHECKED_EVERY == 0:
        pdf = {"Content-Type": "application/pdf"} | stranger
        sealed.append(http.post("/api/v1/verify/file", content=sheets.content, headers=pdf))
    for check, verdict in [*((one, _GENUINE) for one in sealed), (by_code, _BY_SHORT_CODE)]:
        if not check.is_success or (check.json()["verdict"], check.json()["status"]) != (verdict, "good"):
            return f"{place}: {check.request.url.path} says {check.text[:300]}"
    for check in sealed:
        claims = check.json()["document"]
        if (claims["document_id"], claims["print_number"]) != named:
            return f"{place}: {check.request.url.path} knows it as another one"
    return None


def untold(
    told: Sequence[Mapping[str, Any]], papers: Set[str], dossiers: Set[str], prints: Mapping[str, str]
) -> Iterator[str]:
    """What the receiver was not told, was told out of order, or was told of what is not there."""
    expected: set[tuple[str, str, str | None]]
    expected = {(type, f"documents/{id}", None) for type in _TOLD_OF_A_PAPER for id in papers}
    expected |= {(type, f"dossiers/{id}", None) for type in _TOLD_OF_A_DOSSIER for id in dossiers}
    expected |= {(_TOLD_OF_A_PRINT, f"documents/{paper}", print) for print, paper in prints.items()}
    heard = {(one["type"], one["subject"], one["print_id"]) for one in told}
    yield from (f"{type} of {subject}" for type, subject, _print in sorted(expected - heard, key=str))
    known = {subject for _type, subject, _print in expected}
    yield from (f"{subject} is not there" for subject in {one["subject"] for one in told} - known)
    seen: dict[str, str] = {}
    latest: dict[str, int] = {}
    for one in told:
        if one["id"] in seen:
            if seen[one["id"]] != one["type"]:
                yield f"{one['id']}: {seen[one['id']]}, then {one['type']}"
            continue
        seen[one["id"]] = one["type"]
        if one["sequence"] <= latest.get(one["subject"], -1):
            yield f"{one['type']} of {one['subject']} after a later one"
        latest[one["subject"]] = one["sequence"]


def _lines(file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(file).read_text().splitlines()] if Path(file).exists() else []


def _is_right(signature: EmbeddedPdfSignature) -> bool:
    """Whether it was made over these bytes: the digest that its maker signed is theirs."""
    (signed,) = (
        one["values"][0].native
        for one in signature.signer_info["signed_attrs"]
        if one["type"].native == "message_digest"
    )
    return bool(signature.compute_digest() == signed)


_PAPERS = """
    SELECT documents.id, documents.status, encode(objects.sha256_plain, 'hex') AS sha256
    FROM documents
    JOIN versions ON versions.document_id = documents.id
    JOIN originals ON originals.version_id = versions.id
    JOIN objects ON objects.id = originals.object_id
"""
_RECEIPTS = "SELECT document_id, number FROM receipts"
_IN_DOSSIERS = """
    SELECT dossiers.number AS dossier, dossier_documents.document_id
    FROM dossier_documents JOIN dossiers ON dossiers.id = dossier_documents.dossier_id
"""
_ENTRIES = "SELECT document_id FROM store_entries"
_ROLES = """
    SELECT versions.document_id, array_agg(revisions.role) AS roles
    FROM revisions JOIN versions ON versions.id = revisions.version_id GROUP BY versions.document_id
"""
_OBJECTS = """
    SELECT key, version, encode(sha256_stored, 'hex') AS sha256 FROM objects
    UNION ALL SELECT name, object_version, encode(sha256_stored, 'hex') FROM log_tiles
    UNION ALL SELECT object_key, object_version, encode(sha256_stored, 'hex') FROM waiting_files
"""


def main() -> None:
    facts = Facts(**json.loads(Path(sys.argv[1]).read_text()))
    print(json.dumps(asdict(Eyes(facts).look()), ensure_ascii=False))


if __name__ == "__main__":
    main()
