"""Search: by owner, code, type and text, with and without accents, only what may be seen."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text as statement

from datastore import SearchField, said_in
from tests.datastore.conftest import Migrated
from tests.datastore.house import AN, BINH, MAI, STRANGER, House

TEXT = "QUYẾT ĐỊNH về việc cấp Giấy chứng nhận, số 707/QĐ-TTg của Thủ tướng Chính phủ. Số 15 / UB - ND."


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
        ("qd-ttg", None, 1),  # parts that stand together are found together
        ("707 ttg", None, 1),
        ("qd-tt", None, 1),
        ("07/qd-ttg", None, 0),
        ("707/ttg", None, 0),
        ("707/QĐ-TTg", None, 1),
        ("707/QD-TTg cua", None, 1),
        ("707/QĐ-TT của", None, 0),  # only the last word may be begun
        ("15/ub-nd", None, 1),  # reading set the stroke and the dash apart
        (" ".join(["quyet"] * 300), None, 1),
        ("x" * 5000, None, 0),
        ("'quyet' & !dinh \\", None, 1),
        ("quyet:*A | dinh", None, 0),
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
    waiting = house.receive(content=b"nobody's yet")
    with house.store.begin(MAI, "search") as work:
        work.search.find("nguyen")
    with house.store.begin(MAI, "list") as work:
        assert {line.id for line in work.search.listed("ket_hon")} == {document.id, waiting.id}
    with house.store.begin(MAI, "read the diary") as work:
        lines = work.diary.of_owner(owner)
        about = work.diary.of_document(document.id)
    assert [(line.act, line.document_id) for line in lines][-2:] == [
        ("search", document.id),
        ("list", document.id),
    ]
    assert [line.act for line in about] == ["intake", "search", "list"]


def test_a_paper_known_by_its_owner_comes_before_one_that_mentions_the_name_and_newer_before_older(
    house: House,
) -> None:
    an = house.owner(AN, "Trần Văn An")
    binh = house.owner(BINH, "Lê Thị Bình")
    older, newer = (house.receive(an, content=bytes([n])).id for n in range(2))
    mentions = house.receive(binh).id
    house.read(mentions, "Đơn của bà Bình, con bà Trần Thị An")
    with house.store.begin(MAI, "search") as work:
        assert [found.id for found in work.search.find("tran an")] == [newer, older, mentions]
        assert [found.id for found in work.search.find("bình")] == [mentions]


def test_a_number_is_found_on_the_last_page_of_a_book(house: House) -> None:
    document = house.receive(house.owner())
    house.read(document.id, " ".join(f"chữ{n % 5000}" for n in range(60_000)) + " số 99/QĐ-UBND ngày xưa")
    with house.store.begin(MAI, "search") as work:
        for query in ("99/qd-ubnd", "99/QĐ-UBND", "qd-ubnd xua", "xưa", "chữ4999"):
            assert [found.id for found in work.search.find(query)] == [document.id], query


@pytest.mark.parametrize(
    "text",
    [
        " " * 300_000 + "cuối",
        "/ - " * 100_000 + "cuối",
        "a/" * 100_000 + " cuối",
        "đ" * 300_000 + " cuối",
        " ".join(f"từ{n}" for n in range(200_000)),
        "o\u0302\u0300" * 50_000 + " cuối",
        "nul\0 và \u200b cuối",
    ],
    ids=["spaces", "strokes", "runs", "one word", "many words", "accents", "signs"],
)
def test_a_text_made_to_hurt_the_index_is_kept_and_its_owner_found(house: House, text: str) -> None:
    document = house.receive(house.owner())
    house.read(document.id, text)
    with house.store.begin(MAI, "search") as work:
        assert [found.id for found in work.search.find("nguyen ket_hon")] == [document.id]
        assert [found.id for found in work.search.find("cuối")] == [document.id][: text.count("cuối")]


def test_a_frequent_word_gives_the_newest_that_may_be_seen(house: House) -> None:
    owner = house.owner()
    mine = [house.receive(owner, content=bytes([n])).id for n in range(4)]
    theirs = house.receive(owner, content=b"theirs", actor=STRANGER)
    with house.store.begin(MAI, "search") as work:
        assert [found.id for found in work.search.find("nguyen", limit=3)] == mine[:0:-1]
    with house.store.begin(STRANGER, "search") as work:
        assert [found.id for found in work.search.find("nguyen")] == [theirs.id]


def test_hits_beyond_the_newest_rows_and_among_those_of_others_are_found(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few rows are looked at first, and however many newer hits another agency has."""
    monkeypatch.setattr("datastore.search._RECENT", 2)
    monkeypatch.setattr("datastore.search._RANKED", 2)
    owner = house.owner()
    mine = [house.receive(owner, content=bytes([n])).id for n in range(3)]
    theirs = [house.receive(owner, content=bytes([n]), actor=STRANGER).id for n in range(3)]
    with house.store.begin(MAI, "search") as work:
        assert [found.id for found in work.search.find("nguyen", limit=2)] == mine[:0:-1]
        assert [found.id for found in work.search.listed("nguyen van", limit=2)] == mine[:0:-1]
    with house.store.begin(STRANGER, "search") as work:
        assert [found.id for found in work.search.find("nguyen", limit=2)] == theirs[:0:-1]


def test_newer_papers_of_others_take_no_place_among_those_that_are_compared(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A paper known by its owner comes first, though others' papers with the word came in after it."""
    monkeypatch.setattr("datastore.search._RANKED", 3)
    mine = house.receive(house.owner()).id
    mentions = house.read(house.receive(house.owner(BINH, "Trần Bình"), content=b"b").id, "Nguyễn Văn An").id
    for n in range(4):
        house.receive(house.owner(), content=bytes([n]), actor=STRANGER)
    with house.store.begin(MAI, "search") as work:
        assert [found.id for found in work.search.find("nguyen van an", limit=1)] == [mine]
        assert [found.id for found in work.search.find("nguyen van an")] == [mine, mentions]


def test_the_newest_hits_are_found_however_far_they_lie_apart_and_whoever_else_has_some(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hits are sought among the newest rows first: what is not enough there is sought further back."""
    monkeypatch.setattr("datastore.search._RANKED", 1)
    owner = house.owner()
    mine = []
    for number in range(6):
        _go_on_counting_at(house, 1_500 * number + 1)
        mine.append(house.receive(owner, content=bytes([number])).id)
        house.receive(owner, content=bytes([number, 0]), actor=STRANGER)
    for many in range(1, 7):
        with house.store.begin(MAI, "search") as work:
            found = [hit.id for hit in work.search.find("nguyen van", limit=many)]
        assert found == mine[::-1][:many]


def _go_on_counting_at(house: House, number: int) -> None:
    """As if so many other papers had become findable meanwhile."""
    count = {
        "sqlite": "UPDATE sqlite_sequence SET seq = :number WHERE name = 'search'",
        "postgresql": "SELECT setval('search_id_seq', :number)",
    }
    with house.store._engine.begin() as connection:
        connection.execute(statement(count[connection.dialect.name]), {"number": number})


def test_papers_of_any_of_several_codes_are_found_by_their_type_only_newest_first_and_only_in_sight(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name of a type found nothing: only the code that a paper has is kept with it."""
    monkeypatch.setattr("datastore.search._RECENT", 2)
    owner, codes = house.owner(), ("KHAI_SINH", "KQ.G15.000031")
    born = [house.receive(owner, content=code.encode(), doc_type=code).id for code in codes]
    house.receive(owner, content=b"longer", doc_type="TL_KHAI_SINH")
    mentions = house.read(house.receive(owner, content=b"other", doc_type="KHAI_TU").id, "mã KHAI_SINH").id
    theirs = house.receive(owner, content=b"theirs", doc_type="KHAI_SINH", actor=STRANGER).id
    with house.store.begin(MAI, "search") as work:
        found = [one.id for one in work.search.find("giấy khai sinh", types=codes)]
        assert found == born[::-1]
        assert [one.id for one in work.search.listed("giấy khai sinh", types=codes, limit=1)] == born[1:]
        assert [
            one.id for one in work.search.find("x", types=("KHAI_TU", *(f"C{n}" for n in range(300))))
        ] == [mentions]
    with house.store.begin(STRANGER, "search") as work:
        assert [one.id for one in work.search.find("giấy khai sinh", types=codes)] == [theirs]
    with house.store.begin(MAI, "read the diary") as work:
        told = [line.document_id for line in work.diary.of_owner(owner) if line.act == "search"]
    assert set(born) <= set(told)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("khai tử", True),
        ("tu khai", True),
        ("khai t", True),
        ("khai tú", False),
        ("sinh", False),
        (" ", False),
    ],
)
def test_words_are_said_in_a_text_as_they_are_found_in_one(query: str, *, said: bool) -> None:
    assert said_in(query)("Trích lục khai tử") is said
