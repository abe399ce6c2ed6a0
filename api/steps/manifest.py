"""The citizen's store as files: one signed entry per paper under `stores/<store-id>/`.

With these a store can be listed, exported and moved without the database. A paper that left a store keeps an
entry there that says so; each change adds a version, the newest counts.
"""

from api.house import House
from api.steps.protect import ask_for_protection_again
from api.steps.published import publish_about
from datastore import DocumentRecord, Job, StoreEntry, manifest_key
from signing import sign_statement

KIND = "khoso-store-entry"


def tell_outside(house: House, job: Job) -> None:
    """What stands in the rows is published and written into every store that holds the paper or held it until now.

    Asked for in the transaction that changes a paper, so a crash only delays it. A change that comes meanwhile
    is told as well: the job ends in a transaction that sees the same paper as it wrote down.
    """
    actor = house.system("tell_outside", agency=job.agency)
    while True:
        publish_about(house, job.document_id)
        with house.datastore.begin(actor, "open_for_manifest") as work:
            document = work.documents.get(job.document_id)
            entries = [(entry, work.entry_key(entry)) for entry in work.owners.entries_of(document.id)]
        kept = [
            house.datastore.put(
                manifest_key(entry.store_id, document.id),
                sign_statement(KIND, _statement(document, entry), house.keys.log),
                sealing=key,
            )
            for entry, key in entries
        ]
        with house.datastore.begin(actor, "keep_manifest") as work:
            for one in kept:
                work.name_object(one)
            ask_for_protection_again(house, work, document.id)
            if work.documents.get(document.id).stamp == document.stamp:
                work.jobs.finish(job)
                return


def _statement(document: DocumentRecord, entry: StoreEntry) -> dict[str, object]:
    """What the entry says; digests are those of the plain bytes."""
    said: dict[str, object] = {
        "document": str(document.id),
        "store": str(entry.store_id),
        "from": entry.from_at.isoformat(),
        "to": None if entry.to_at is None else entry.to_at.isoformat(),
    }
    if entry.to_at is not None:
        return said  # what left is not this store's any more: no code, no name, no object
    return said | {
        "codes": [code.code for code in document.current_codes],
        "status": document.status.value,
        "weight": document.weight.value,
        "changed": document.changed_at.isoformat(),
        "originals": [[one.object.key, one.object.sha256_plain.value] for one in document.version.originals],
        "revisions": [[one.object.key, one.object.sha256_plain.value] for one in document.revisions],
    }
