"""Files that wait to become documents: for a day, for whoever brought them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from datastore import Actor, NewUpload, NotFound, Upload, staging_key
from tests.datastore.house import MAI, STRANGER, House


def kept(house: House, content: bytes = b"a scanned page", actor: Actor = MAI) -> Upload:
    id = house.store.draft().id
    stored = house.store.put(staging_key(id), content, sealing=house.store.staging())
    with house.store.begin(actor, "upload") as work:
        return work.uploads.keep(NewUpload(id, stored, "trang 1.png", "image/png", 1, False))


def look(house: House, id: UUID, actor: Actor = MAI) -> Upload:
    (found,) = house.store.uploads(actor, [id])
    return found


def test_an_upload_is_read_back_by_who_brought_it_and_by_nobody_else(house: House, tmp_path: Path) -> None:
    upload = kept(house)
    assert look(house, upload.id) == replace(upload, object=replace(upload.object, intent=None))
    path = house.store.objects.get(upload.object, tmp_path / "out", sealing=house.store.staging())
    assert path.read_bytes() == b"a scanned page"
    for other in (STRANGER, replace(MAI, person="an.clerk"), replace(MAI, role="handler")):
        with pytest.raises(NotFound):
            look(house, upload.id, other)


def test_an_upload_lies_encrypted_and_no_sweep_takes_it(house: House) -> None:
    upload = kept(house, b"plain and readable")
    house.store.sweep_orphans(older_than=timedelta(0))
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
    assert list(house.store.objects.versions(old.object.key)) == []
    assert look(house, young.id).id == young.id


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
