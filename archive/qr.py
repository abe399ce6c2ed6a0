"""A link as the squares of a QR code (ISO/IEC 18004): the words in byte mode, the digits in numeric mode."""

from dataclasses import dataclass
from typing import Final

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError
from qrcode.util import QRData

from common import KhosoError

LARGEST_VERSION = 18
"""At 0.46 mm a module this is 41 mm; denser codes are lost on photocopies (measured)."""
QUIET_MODULES = 4
_NUMERIC_MODE: Final = 1
_BYTE_MODE: Final = 4


class LinkTooLong(KhosoError):
    """The link does not fit a QR code of version 18 with error correction M."""

    code = "print_link_too_long"


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code: its version and, row by row from the top, where its modules are dark."""

    version: int
    rows: tuple[tuple[bool, ...], ...]

    @property
    def modules(self) -> int:
        """Modules along one edge, without the quiet zone."""
        return len(self.rows)

    def runs(self) -> list[tuple[int, int, int]]:
        """The dark modules as (row from the top, first column, length), so that a row has no seams."""
        return [run for number, row in enumerate(self.rows) for run in _runs(number, row)]


def qr_code(link: str) -> Code:
    """The smallest code of level M for a link that ends in `#<digits>`; LinkTooLong beyond version 18."""
    words, mark, digits = link.partition("#")
    drawing = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    drawing.add_data(QRData((words + mark).encode(), _BYTE_MODE), optimize=0)
    drawing.add_data(QRData(digits.encode(), _NUMERIC_MODE), optimize=0)
    try:
        version = drawing.best_fit()
    except (DataOverflowError, ValueError) as error:
        raise LinkTooLong from error
    if version > LARGEST_VERSION:
        raise LinkTooLong
    drawing.make(fit=False)
    return Code(version, tuple(tuple(bool(dark) for dark in row) for row in drawing.modules))


def _runs(number: int, row: tuple[bool, ...]) -> list[tuple[int, int, int]]:
    runs, start = [], None
    for column, dark in enumerate((*row, False)):
        if dark and start is None:
            start = column
        elif not dark and start is not None:
            runs.append((number, start, column - start))
            start = None
    return runs
