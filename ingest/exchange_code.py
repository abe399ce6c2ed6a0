"""The code of a document between information systems, by official letter 7197/BKHCN-CĐSQG (29/11/2025).

    G06.01_CV_000021_V1     agency, field or kind, running number, version

It is not the code of a digitised paper: it names no person, so it may stand in an address. A personal number
does not fit into it.
"""

import re
from dataclasses import dataclass
from typing import Self

from common import KhosoError
from ingest.identifiers import AgencyCode

LONGEST_EXCHANGE_CODE = 30
_SHAPE = re.compile(
    r"(?P<agency>[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Y][0-9]{2}|[A-Y][0-9]{2}(?:\.[0-9A-Z]{1,3}){0,2})"
    r"_(?P<kind>[A-ZĐ]{1,10})_(?P<number>[0-9]{1,10})_V(?P<version>[0-9]{1,3})"
)


class BadExchangeCode(KhosoError):
    """Not the code of a document between systems."""

    code = "bad_exchange_code"


@dataclass(frozen=True, slots=True)
class ExchangeCode:
    """Agency, kind, number and version; number and version keep their zeros."""

    agency: AgencyCode
    kind: str
    number: str
    version: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The code that `text` is; BadExchangeCode."""
        match = _SHAPE.fullmatch(text) if len(text) <= LONGEST_EXCHANGE_CODE else None
        if match is None:
            raise BadExchangeCode
        return cls(AgencyCode(match["agency"]), match["kind"], match["number"], match["version"])

    def __str__(self) -> str:
        return f"{self.agency}_{self.kind}_{self.number}_V{self.version}"
