"""Where the fonts are. Marks and prints use Liberation Serif and Sans 2.x: metric twins of Times New Roman
and Arial with all 134 accented Vietnamese letters (Debian's version 1 lacks 92 of them)."""

from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

from common.errors import KhosoError

_FOLDERS = (
    Path("/usr/share/fonts/truetype/liberation2"),  # Debian 12: fonts-liberation2
    Path("/usr/share/fonts/truetype/liberation"),  # Ubuntu 24.04 and Debian 13: fonts-liberation is version 2
)

VIETNAMESE_LETTERS = (
    "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"
    "ÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴĐ"
)
"""The 134 accented letters of Vietnamese (67 in each case)."""


class FontMissing(KhosoError):
    code = "font_missing"


@cache
def font_file(family: str = "LiberationSerif", style: str = "Regular") -> Path:
    """The TrueType file of `LiberationSerif` or `LiberationSans` in a style, else FontMissing."""
    for folder in _FOLDERS:
        path = folder / f"{family}-{style}.ttf"
        if path.is_file() and _has_vietnamese(path):
            return path
    raise FontMissing(family=family, package="fonts-liberation2")


def _has_vietnamese(path: Path) -> bool:
    # Debian 12 keeps version 1, which lacks 92 letters, where Ubuntu keeps version 2.
    with TTFont(path, lazy=True) as font:
        letters: dict[int, str] = font.getBestCmap()
        return {ord(letter) for letter in VIETNAMESE_LETTERS} <= letters.keys()
