from common import Box
from ingest import Word
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
