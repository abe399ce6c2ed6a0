"""A file on its way into the store: opened before it is answered, then kept for a day until it becomes a document.

It lies from the first where the document will have it (docs/decisions/0018)."""

from collections.abc import Callable
from pathlib import Path

from api.house import House
from api.steps.intake import FileChanged, open_file
from datastore import Actor, NewUpload, Upload, Work, original_key


def keep_upload(
    house: House,
    actor: Actor,
    path: Path,
    name: str,
    also: Callable[[Work, Upload], None] = lambda _work, _upload: None,
) -> Upload:
    """Opens the file and keeps it for whoever brought it; Refusals keep nothing."""
    scan = open_file(house, actor, path, name=name)
    draft = house.datastore.draft()
    kept = house.datastore.put(original_key(draft.id, 1), path, sealing=draft.data_key)
    if kept.sha256_plain != scan.sha256:
        raise FileChanged(name=scan.name)
    new = NewUpload(draft, kept, scan.name, scan.media_type, scan.pages, scan.signed)
    with house.datastore.begin(actor, "upload") as work:
        upload = work.uploads.keep(new)
        also(work, upload)
    return upload
