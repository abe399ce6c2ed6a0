"""Where the fonts are. Marks and prints use Liberation Serif and Sans 2.x: metric twins of Times New Roman and
Arial with all 134 accented Vietnamese letters (Debian's version 1 lacks 92 of them)."""

from pathlib import Path

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


def font_file(family: str = "LiberationSerif", style: str = "Regular") -> Path:
    """The TrueType file of `LiberationSerif` or `LiberationSans` in `Regular`, `Bold` or `Italic`; FontMissing else."""
    for folder in _FOLDERS:
        path = folder / f"{family}-{style}.ttf"
        if path.is_file():
            return path
    raise FontMissing(family=family, package="fonts-liberation2")
