"""The form of a PDF as its readers see it: every node of the field tree, and which of them are signed.

The one notion of "signed" that comparing and judging share: a signature field holds a value, its own or one
from above, and only a dictionary with `/ByteRange` and `/Contents` is a signature. Any other value is no
signature and no empty field either, so the judge must speak of it. Promises nothing about what is signed.
"""

# mypy: disallow-untyped-calls=False
# pyHanko ships types, but its PDF object classes are partly untyped.

from collections.abc import Iterator
from dataclasses import dataclass

from pyhanko.pdf_utils import generic

from signing.pdf_objects import DEEPEST, Key, TooTangled, entry, items, key_of, resolved

_MOST_NODES = 100_000
_SIGNATURE = "/Sig"


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the field tree with all that stand above it, the nearest first."""

    name: str
    kind: str
    key: Key | None
    itself: generic.DictionaryObject
    above: tuple[generic.DictionaryObject, ...]
    is_field: bool
    """Whether it is a field without fields below it, not only one of the boxes of a field."""

    @property
    def holder(self) -> generic.DictionaryObject | None:
        """The node that has the value: this one or the nearest above (ISO 32000-1, 12.7.3.1)."""
        return next((node for node in (self.itself, *self.above) if entry(node, "/V") is not None), None)

    @property
    def signature(self) -> generic.DictionaryObject | None:
        """The signature it is signed with; None when it is empty, or filled with something else."""
        value = None if self.holder is None else entry(self.holder, "/V")
        return value if self.is_for_signature and is_signature(value) else None  # type: ignore[return-value]

    @property
    def is_for_signature(self) -> bool:
        return self.kind == _SIGNATURE


def is_signature(value: object) -> bool:
    """Whether a field's value has what every signature has (ISO 32000-1, table 252)."""
    return isinstance(value, generic.DictionaryObject) and "/ByteRange" in value and "/Contents" in value


def form_nodes(root: generic.DictionaryObject) -> Iterator[Node]:
    """Every node of the form, fields and their boxes; loops and endless trees raise TooTangled."""
    form = entry(root, "/AcroForm")
    top = entry(form, "/Fields") if isinstance(form, generic.DictionaryObject) else None
    stack: list[tuple[object, str, str, tuple[generic.DictionaryObject, ...], bool]] = [
        (item, "", "None", (), False) for item in reversed(items(top))
    ]
    seen = 0
    while stack:
        item, prefix, kind, above, below = stack.pop()
        node = resolved(item)
        seen += 1
        if not isinstance(node, generic.DictionaryObject) or len(above) > DEEPEST or seen > _MOST_NODES:
            raise TooTangled("form")
        name = _name(node, prefix)
        kind = str(entry(node, "/FT") or kind)
        kids = items(entry(node, "/Kids"))
        stack.extend((kid, name, kind, (node, *above), True) for kid in reversed(kids))
        is_field = not any(map(_is_named, kids)) and ("/T" in node or not below)
        yield Node(name, kind, key_of(item), node, above, is_field)


def filled_signature_fields(
    root: generic.DictionaryObject,
) -> list[tuple[str, generic.DictionaryObject]]:
    """Name and holder of every value of a signature field, whatever the value is; none twice."""
    found: dict[int, tuple[str, generic.DictionaryObject]] = {}
    for node in form_nodes(root):
        holder = node.holder if node.is_for_signature else None
        if holder is not None:
            found.setdefault(id(holder), (node.name, holder))
    return list(found.values())


def _name(node: generic.DictionaryObject, prefix: str) -> str:
    if "/T" not in node:
        return prefix
    return f"{prefix}.{node['/T']}" if prefix else str(node["/T"])


def _is_named(kid: object) -> bool:
    node = resolved(kid)
    return isinstance(node, generic.DictionaryObject) and "/T" in node
