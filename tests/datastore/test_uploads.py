"""Files that wait to become documents: for a day, for whoever brought them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from datastore import (
    Actor,
    DocumentRecord,
    Draft,
    NewOriginal,
    NewUpload,
    NotFound,
    StaleState,
    Upload,
    original_key,
)
from datastore.keychain import ARCHIVE
from tests.datastore.house import MAI, STRANGER, House


def kept(house: House, content: bytes = b"a scanned page", actor: Actor = MAI) -> Upload:
    draft = house.store.draft()
    stored = house.store.put(original_key(draft.id, 1), content, sealing=draft.data_key)
    with house.store.begin(actor, "upload") as work:
        return work.uploads.keep(NewUpload(draft, stored, "trang 1.png", "image/png", 1, False))


def become(house: House, upload: Upload, owner: UUID) -> DocumentRecord:
    with house.store.begin(MAI, "receive") as work:
        original = NewOriginal(upload.object, upload.media_type, upload.name)
        return work.documents.receive(Draft(upload.id, upload.key), originals=[original], owners=[owner])


def look(house: House, id: UUID, actor: Actor = MAI) -> Upload:
    (found,) = house.store.uploads(actor, [id])
    return found


def test_an_upload_is_read_back_by_who_brought_it_and_by_nobody_else(house: House, tmp_path: Path) -> None:
    upload = kept(house)
    found = look(house, upload.id)
    assert found == upload
    path = house.store.objects.get(found.object, tmp_path / "out", sealing=found.key)
    assert path.read_bytes() == b"a scanned page"
    for other in (STRANGER, replace(MAI, person="an.clerk"), replace(MAI, role="handler")):
        with pytest.raises(NotFound):
            look(house, upload.id, other)


def test_an_upload_lies_encrypted_and_no_sweep_takes_it(house: House) -> None:
    upload = kept(house, b"plain and readable")
    house.clock.wait(timedelta(seconds=1))
    assert house.store.sweep_orphans(older_than=timedelta(0)) == 0
    assert house.store.statistics().open_intents == 0  # it waits for its document, that is all
    assert b"readable" not in house.sealed_bytes(upload.object)
    assert look(house, upload.id).sha256 == upload.sha256


def test_after_a_day_an_upload_and_its_object_are_gone(house: House) -> None:
    old = kept(house)
    house.clock.wait(timedelta(hours=23))
    young = kept(house, b"another page")
    assert house.store.forget_uploads() == 0
    house.clock.wait(timedelta(hours=2))
    with pytest.raises(NotFound):
        look(house, old.id)
    assert house.store.forget_uploads() == 1
    assert house.store.sweep_orphans() == 1
    assert list(house.store.objects.versions(old.object.key)) == []
    assert look(house, young.id).id == young.id


def test_the_document_takes_its_object_over_as_it_lies(house: House) -> None:
    upload = kept(house)
    document = become(house, upload, house.owner())
    (original,) = document.version.originals
    assert (document.id, original.object) == (upload.id, replace(upload.object, intent=None))
    house.clock.wait(timedelta(hours=25))
    assert house.store.forget_uploads() == 1
    assert house.store.sweep_orphans() == 0
    with house.store.begin(MAI, "open") as work:
        key = work.documents.data_key(document.id)
    assert house.store.objects.read(original.object, sealing=key) == b"a scanned page"


def test_an_object_is_taken_over_once(house: House) -> None:
    """Whoever comes second sees that it is taken, and keeps a copy; at once with the first, it is refused."""
    upload = kept(house)
    become(house, upload, house.owner())
    assert look(house, upload.id).object.intent is None
    originals = [NewOriginal(upload.object, upload.media_type, upload.name)]
    with pytest.raises(StaleState), house.store.begin(MAI, "receive") as work:
        work.documents.receive(house.store.draft(), originals=originals, owners=[])


def test_an_upload_whose_object_was_swept_is_not_kept(house: House) -> None:
    draft = house.store.draft()
    stored = house.store.put(original_key(draft.id, 1), b"slow", sealing=draft.data_key)
    house.clock.wait(timedelta(hours=25))
    assert house.store.sweep_orphans() == 1
    with pytest.raises(StaleState), house.store.begin(MAI, "upload") as work:
        work.uploads.keep(NewUpload(draft, stored, "a", "image/png", 1, False))


def test_the_sweep_of_the_version_before_does_not_see_what_waits(house: House) -> None:
    """It deletes the object of each old row first, whatever document has taken it over."""
    become(house, kept(house), house.owner())
    with house.behind_the_program() as rows:
        assert rows.fetch("SELECT object_key FROM uploads") == []


def test_whoever_ends_a_document_for_the_archive_ends_its_upload(house: House) -> None:
    upload = kept(house)
    document = become(house, upload, house.owner())
    with house.store.begin(MAI, "destroy") as work:
        work._scope.keychain.end(document.id, ARCHIVE)
    with pytest.raises(NotFound):
        look(house, upload.id)


def test_what_is_used_up_is_used_by_nothing_else(house: House) -> None:
    one, other = kept(house), kept(house, b"another page")
    with house.store.begin(MAI, "use") as work:
        work.uploads.use_up([one.id])
    with pytest.raises(NotFound):
        look(house, one.id)
    with pytest.raises(NotFound), house.store.begin(MAI, "use") as work:
        work.uploads.use_up([other.id, one.id])
    assert look(house, other.id).id == other.id  # nothing of it stays
    with pytest.raises(NotFound), house.store.begin(STRANGER, "use") as work:
        work.uploads.use_up([other.id])
    house.clock.wait(timedelta(hours=25))
    assert house.store.forget_uploads() == 2
