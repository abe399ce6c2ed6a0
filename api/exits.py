"""The exit statuses that scripts rely on (design.md, section 7)."""

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    NEGATIVE = 1
    """Done, and the answer is no: TOTAL-FAILED, revoked, refused."""
    BAD_INPUT = 2
    """Bad arguments, or input of no known kind."""
    OUT_OF_REACH = 3
    """A service, a disk, a database."""
    CANNOT_TELL = 4
    """INDETERMINATE, no seal, no signature."""


def worst(exits: Iterable[Exit]) -> Exit:
    """The status of several files: the first that applies of 3, 2, 1, 4, 0."""
    found = set(exits)
    order = (Exit.OUT_OF_REACH, Exit.BAD_INPUT, Exit.NEGATIVE, Exit.CANNOT_TELL)
    return next((status for status in order if status in found), Exit.DONE)
