import unicodedata
from dataclasses import replace

from common import Box
from ingest import Word
from ingest.found import SURE_WORST
from ingest.text_layer import LayerWord, prefer_layer

SEEN = ("Số:", "l1", "/TB-UBND", "Quảng", "Ngãi,", "ngày", "2Š", "tháng", "01", "năm", "2025")
DRAWN = ("Số:", "11", "/TB-UBND", "Quảng", "Ngãi,", "ngày", "08", "tháng", "01", "năm", "2025")
UNSURE = frozenset({"l1", "2Š"})


def box(place: int) -> Box:
    return Box(100 * place, 100, 100 * place + 80, 140)


def seen(words: tuple[str, ...] = SEEN) -> list[Word]:
    return [Word(text, box(place), 0.4 if text in UNSURE else 0.95, 0, 0) for place, text in enumerate(words)]


def layer(words: tuple[str, ...] = DRAWN) -> list[LayerWord]:
    return [LayerWord(text, box(place)) for place, text in enumerate(words)]


def test_words_that_the_reader_stumbles_over_are_spelled_as_they_are_drawn() -> None:
    words, text = prefer_layer(seen(), layer())
    assert text == "Số: 11/TB-UBND Quảng Ngãi, ngày 08 tháng 01 năm 2025"
    assert [word.box for word in words] == [word.box for word in seen()]


def test_a_word_that_the_layer_has_against_the_reader_is_not_called_sure() -> None:
    words, _ = prefer_layer(seen(), layer())
    assert words[6].text == "08"
    assert words[6].confidence < 0.8
    assert words[0].confidence > 0.98


def test_a_layer_that_says_something_else_than_the_page_is_left_alone() -> None:
    lie = layer(tuple(word[::-1] + "x" for word in DRAWN))
    words, text = prefer_layer(seen(), lie)
    assert words == tuple(seen())
    assert "l1" in text


def test_a_hidden_number_does_not_replace_one_that_is_read_clearly() -> None:
    clear = tuple("11" if word == "l1" else word for word in SEEN)
    forged = tuple("99" if word == "11" else word for word in DRAWN)
    words, _ = prefer_layer(seen(clear), layer(forged))
    assert words[1].text == "11"


def test_hidden_words_where_nothing_is_seen_do_not_enter_the_text() -> None:
    hidden = [*layer(), LayerWord("ĐÃ", Box(100, 900, 180, 940)), LayerWord("DUYỆT", Box(200, 900, 280, 940))]
    _, text = prefer_layer(seen(), hidden)
    assert "DUYỆT" not in text


def test_hidden_figures_never_stand_in_the_text_without_doubt() -> None:
    shown = [
        "Số",
        "định",
        "danh",
        "cá",
        "nhân:",
        "040090001234",
        "số",
        "tiền",
        "1.500.000",
        "đồng",
        "ngày",
        "05/03/1990",
        "tại",
        "Vinh",
    ]
    lie = {"040090001234": "040090007777", "1.500.000": "9.900.000", "05/03/1990": "05/03/2001"}
    for confidence in (0.96, 0.8):
        page = [Word(text, box(place), confidence, 0, 0) for place, text in enumerate(shown)]
        words, _ = prefer_layer(
            [replace(word, confidence=0.96) if word.text not in lie else word for word in page],
            layer(tuple(lie.get(text, text) for text in shown)),
        )
        contested = [word for text, word in zip(shown, words, strict=True) if text in lie]
        assert all(word.confidence < SURE_WORST for word in contested)
        if confidence > 0.9:
            assert [word.text for word in words] == shown


def test_a_hidden_name_does_not_replace_one_that_is_read_clearly() -> None:
    shown = tuple("Nguyễn" if word == "Quảng" else word for word in SEEN)
    words, _ = prefer_layer(seen(shown), layer(tuple("Nguyên" if w == "Quảng" else w for w in DRAWN)))
    assert words[3].text == "Nguyên"  # marks are what readers miss
    words, _ = prefer_layer(seen(), layer(tuple("Quang-Trung" if w == "Quảng" else w for w in DRAWN)))
    assert words[3].text == "Quảng"


def test_a_number_that_was_seen_in_two_parts_is_kept_whole_or_kept_as_seen() -> None:
    ends = Box(0, 100, 80, 140), Box(90, 100, 170, 140)
    parts = [Word(text, place, 0.95, 0, 0) for text, place in zip(("040090", "001234"), ends, strict=True)]
    rest = [replace(word, box=box(place + 3)) for place, word in enumerate(seen())]
    drawn = [replace(word, box=box(place + 3)) for place, word in enumerate(layer())]
    whole = Box(0, 100, 170, 140)
    _, text = prefer_layer([*parts, *rest], [LayerWord("040090001234", whole), *drawn])
    assert text.startswith("040090001234 Số:")
    words, text = prefer_layer([*parts, *rest], [LayerWord("040090007777", whole), *drawn])
    assert text.startswith("040090 001234 Số:")
    assert all(word.confidence < SURE_WORST for word in words[:2])


def test_what_a_layer_spells_is_kept_in_the_one_normal_form() -> None:
    taken_apart = [replace(word, text=unicodedata.normalize("NFD", word.text)) for word in layer()]
    words, text = prefer_layer(seen(), taken_apart)
    assert unicodedata.is_normalized("NFC", text)
    assert all(unicodedata.is_normalized("NFC", word.text) for word in words)
