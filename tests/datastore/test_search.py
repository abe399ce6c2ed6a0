"""Search: by owner, code, type and text, with and without accents, only what may be seen."""

from collections.abc import Iterator

import pytest

from datastore import SearchField
from tests.datastore.conftest import Migrated
from tests.datastore.house import AN, MAI, House

TEXT = "QUYẾT ĐỊNH về việc cấp Giấy chứng nhận, số 707/QĐ-TTg của Thủ tướng Chính phủ."


@pytest.fixture(scope="module")
def library(migrated: Migrated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One read decision of one owner, only searched in."""
    with migrated.copy(tmp_path_factory.mktemp("library") / "house") as made:
        made.read(made.receive(made.owner(), doc_type="QD_UBND").id, TEXT)
        yield made


@pytest.mark.parametrize(
    ("query", "field", "hits"),
    [
        ("quyet dinh", None, 1),
        ("Quyết định", None, 1),
        ("QUYẾT ĐỊNH", SearchField.TEXT, 1),
        ("quyêt định", None, 0),
        ("dinh quyet", None, 1),
        ("707/qd-ttg", None, 1),
        ("thu tuo", None, 1),  # the last word may be begun
        ("tuo thu", None, 0),
        ("Nguyễn", SearchField.OWNER, 1),
        ("nguyen van", None, 1),
        ("nguyen", SearchField.TEXT, 0),
        (AN, SearchField.OWNER, 1),
        (f"{AN}.QD_UBND", SearchField.CODE, 1),
        ("qd_ubnd", SearchField.TYPE, 1),
        ("khong co", None, 0),
        ("   ", None, 0),
        ('"quyet" OR NOT (', None, 0),
        ("text : quyet", None, 0),
        ("quyet : dinh", None, 1),  # a lone sign is no word
        ("\0quyet\0", None, 1),
        ("!!!", None, 0),
        ("chính phủ.", None, 1),
        ("phu chinh", None, 1),
        ("ttg", SearchField.TEXT, 1),
        ("Quyết\u0300 định", None, 0),
    ],
)
def test_words_are_found_where_they_stand(
    library: House, query: str, field: SearchField | None, hits: int
) -> None:
    with library.store.begin(MAI, "search") as work:
        assert len(work.search.find(query, field=field)) == hits


def test_a_renamed_owner_is_found_by_the_new_name_and_number(house: House) -> None:
    owner = house.owner()
    document = house.receive(owner)
    with house.store.begin(MAI, "rename") as work:
        work.owners.rename(owner, name="Đặng Thị Hồng")
        work.owners.add_identifier(owner, "183456789", kind="old_number", valid_to=work.at)
        assert [found.id for found in work.search.find("dang hong")] == [document.id]
        assert [found.id for found in work.search.find("183456789")] == [document.id]
        assert work.search.find("nguyen") == ()


def test_more_hits_than_asked_for_are_cut(house: House) -> None:
    owner = house.owner()
    for number in range(3):
        house.receive(owner, content=bytes([number]))
    with house.store.begin(MAI, "search") as work:
        assert len(work.search.find("ket_hon", limit=2)) == 2


def test_a_found_paper_is_a_line_in_its_owners_diary(house: House) -> None:
    owner = house.owner()
    document = house.receive(owner)
    with house.store.begin(MAI, "search") as work:
        work.search.find("nguyen")
    with house.store.begin(MAI, "read the diary") as work:
        lines = work.diary.of_owner(owner)
        about = work.diary.of_document(document.id)
    assert [(line.act, line.document_id) for line in lines][-1] == ("search", document.id)
    assert [line.act for line in about] == ["intake", "search"]
