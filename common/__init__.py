"""common: values without business that every room needs. The door of the room."""

from common.digest import Digest
from common.errors import KhosoError
from common.fonts import VIETNAMESE_LETTERS, FontMissing, font_file
from common.geometry import MM_PER_INCH, POINTS_PER_INCH, Box, mm
from common.ids import new_id
from common.messages import Sentence, catalogue, say
from common.text import fold, has_unshown, nfc, one_line
from common.time import VIETNAM, Clock, PartialDate, shown, shown_iso, utc_now

__all__ = [
    "MM_PER_INCH",
    "POINTS_PER_INCH",
    "VIETNAM",
    "VIETNAMESE_LETTERS",
    "Box",
    "Clock",
    "Digest",
    "FontMissing",
    "KhosoError",
    "PartialDate",
    "Sentence",
    "catalogue",
    "fold",
    "font_file",
    "has_unshown",
    "mm",
    "new_id",
    "nfc",
    "one_line",
    "say",
    "shown",
    "shown_iso",
    "utc_now",
]
