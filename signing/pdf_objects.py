"""Looking into PDF dictionaries: pyHanko's `get` hands out references, and a check that meets one sees nothing."""

# mypy: disallow-untyped-calls=False
# pyHanko ships types, but its PDF object classes are partly untyped.

from pyhanko.pdf_utils import generic

Key = tuple[int, int]
"""Number and generation of an object."""

DEEPEST = 200
"""Trees deeper than this are loops or attacks."""


class TooTangled(ValueError):
    """A tree of objects is deeper, longer or more circular than any honest one."""


def resolved(value: object) -> object:
    """The object that a reference leads to; anything else as it is; null as None."""
    # pyHanko wraps what stands in place in an encrypted file until it is asked for.
    hidden = generic.IndirectObject | generic.DecryptedObjectProxy
    found = value.get_object() if isinstance(value, hidden) else value
    return None if isinstance(found, generic.NullObject) else found


def entry(dictionary: generic.DictionaryObject, key: str) -> object:
    """What stands under a key, references followed; None when nothing does."""
    return resolved(dictionary.raw_get(key)) if key in dictionary else None


def items(array: object) -> list[object]:
    """What stands in an array, references kept; nothing when it is no array."""
    return list.copy(array) if isinstance(array, generic.ArrayObject) else []


def key_of(item: object) -> Key | None:
    """The number of the object that a reference leads to; None for what stands in place."""
    return (item.idnum, item.generation) if isinstance(item, generic.IndirectObject) else None


def inherited(node: generic.DictionaryObject, key: str) -> object:
    """The same, looked for upwards through /Parent (ISO 32000-1, 7.7.3.4, 12.7.3.1)."""
    current: object = node
    for _ in range(DEEPEST):
        if not isinstance(current, generic.DictionaryObject):
            return None
        found = entry(current, key)
        if found is not None:
            return found
        current = entry(current, "/Parent")
    raise TooTangled("parents")
