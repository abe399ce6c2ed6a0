"""What later revisions of a PDF changed, compared as a reader sees the document, not as bytes.

Incremental updates after a signature are legal, and so are some changes. Two revisions are compared by what
they present: pages with everything they draw, annotations, form fields, what the catalogue makes
active. Only further signatures and validation data count as harmless; all else is named.
(A policy that lists what may change misses what an attacker draws with it: a field whose value stays and
whose appearance is swapped, an empty signature field with a picture.)
"""

# mypy: disallow-untyped-calls=False
# pyHanko ships types, but its PDF object classes are partly untyped.

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.rw_common import PdfHandler

Hash = bytes


class Change(StrEnum):
    """What a later revision did."""

    SIGNATURES = "signatures"
    """Further signatures were added: harmless."""
    VALIDATION_DATA = "validation-data"
    """Certificates and revocation answers were added (DSS): harmless."""
    PAGES = "pages"
    """Pages were added, removed or reordered."""
    CONTENT = "content"
    """A page draws something else."""
    FORM = "form"
    """A form field has another value or another look."""
    ANNOTATIONS = "annotations"
    """Comments, stamps, links or empty signature fields were added, removed or changed."""
    REPLACED_SIGNATURE = "replaced-signature"
    """A signature that was there is gone or is another one."""
    ACTIONS = "actions"
    """The document got other scripts, actions, names, layers or attachments."""


HARMLESS = frozenset({Change.SIGNATURES, Change.VALIDATION_DATA})

_UNSEEN_OF_CATALOGUE = frozenset(
    {
        "/AcroForm",
        "/Pages",
        "/DSS",
        "/Extensions",
        "/Version",
        "/Metadata",
        "/Perms",
        "/Type",
        "/StructTreeRoot",
    }
)
"""Compared on their own, or shown to nobody."""
_UNSEEN_OF_PAGE = frozenset(
    {"/Annots", "/Parent", "/Metadata", "/LastModified", "/PieceInfo", "/Tabs", "/StructParents", "/Type"}
)
_BACKWARDS = frozenset({"/Parent", "/P", "/Popup", "/IRT", "/Prev", "/StructParent", "/StructParents"})
"""Keys that lead out of an object; following them would compare its surroundings again."""
_PAGE_KEYS = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")
"""Page attributes that may be inherited (ISO 32000-1, table 30)."""
_DEEPEST = 200
_MOST_PAGES = 100_000


class TooTangled(ValueError):
    """The page tree is deeper, longer or more circular than any honest one."""


@dataclass(frozen=True, slots=True)
class _Widget:
    """An annotation: what it is, what it shows, and whether it is a signature that is made."""

    kind: str
    hash: Hash
    signed: bool
    visible: bool
    place: Hash


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A revision as presented: hashes of pages, annotations, fields and the rest of the catalogue."""

    pages: tuple[Hash, ...]
    annotations: dict[tuple[int, int], _Widget]
    fields: dict[str, tuple[str, Hash, bool]]
    form: Hash
    rest: Hash
    validation_data: Hash


def snapshot(revision: PdfHandler) -> Snapshot:
    """Looks at one revision; ValueError, KeyError or TypeError when it is not well formed."""
    root = revision.root
    hasher = _Hasher()
    pages = tuple(_pages(root["/Pages"]))
    form = root.get("/AcroForm")
    fields = dict(_fields(form, hasher)) if isinstance(form, generic.DictionaryObject) else {}
    return Snapshot(
        pages=tuple(_page_hash(page, hasher) for page in pages),
        annotations=dict(_annotations(pages, hasher)),
        fields=fields,
        form=_form_hash(form, hasher),
        rest=hasher.dictionary(root, _UNSEEN_OF_CATALOGUE),
        validation_data=hasher.of(root.get("/DSS")),
    )


def changes(before: Snapshot, after: Snapshot, *, certified: bool) -> frozenset[Change]:
    """What happened between two revisions; after a certification signature no visible field may appear."""
    found: set[Change] = set()
    if len(before.pages) != len(after.pages) or set(before.pages) != set(after.pages):
        same_number = len(before.pages) == len(after.pages)
        found.add(Change.CONTENT if same_number else Change.PAGES)
    elif before.pages != after.pages:
        found.add(Change.PAGES)
    found.update(_field_changes(before, after))
    found.update(_annotation_changes(before, after, certified=certified))
    if before.form != after.form:
        found.add(Change.FORM)
    if before.rest != after.rest:
        found.add(Change.ACTIONS)
    if before.validation_data != after.validation_data:
        found.add(Change.VALIDATION_DATA)
    return frozenset(found)


def _field_changes(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    for name in before.fields.keys() | after.fields.keys():
        old, new = before.fields.get(name), after.fields.get(name)
        if old == new:
            continue
        kinds = {field[0] for field in (old, new) if field is not None}
        if kinds != {"/Sig"}:
            yield Change.FORM
        elif old is not None and old[2]:
            yield Change.REPLACED_SIGNATURE
        elif new is not None and new[2]:
            yield Change.SIGNATURES
        else:
            yield Change.ANNOTATIONS


def _annotation_changes(before: Snapshot, after: Snapshot, *, certified: bool) -> Iterator[Change]:
    for key in before.annotations.keys() | after.annotations.keys():
        old, new = before.annotations.get(key), after.annotations.get(key)
        if old == new:
            continue
        if {"/Sig"} != {item.kind for item in (old, new) if item is not None}:
            is_field = any(item is not None and item.kind.startswith("/") for item in (old, new))
            yield Change.FORM if is_field else Change.ANNOTATIONS
        elif new is None or not new.signed or _put_elsewhere(old, new, certified=certified):
            yield Change.ANNOTATIONS
        elif old is not None and old.signed:
            yield Change.REPLACED_SIGNATURE


def _put_elsewhere(old: _Widget | None, new: _Widget, *, certified: bool) -> bool:
    """Whether a signature appears where no place was kept for it: a reserved field keeps its box."""
    return (certified and new.visible) if old is None else old.place != new.place


# --- looking at one revision -------------------------------------------------------------------------------


def _pages(tree: generic.PdfObject) -> Iterator[generic.DictionaryObject]:
    """The leaves of the page tree in order, without recursion; loops and endless trees are refused."""
    stack: list[tuple[object, int]] = [(tree, 0)]
    seen = 0
    while stack:
        item, depth = stack.pop()
        node = _resolved(item)
        seen += 1
        if not isinstance(node, generic.DictionaryObject) or depth > _DEEPEST or seen > _MOST_PAGES:
            raise TooTangled("page tree")
        if "/Kids" in node:
            kids = _resolved(node.raw_get("/Kids"))
            if not isinstance(kids, generic.ArrayObject):
                raise TooTangled("page tree")
            stack.extend((kid, depth + 1) for kid in reversed(list.copy(kids)))
        else:
            yield node


def _page_hash(page: generic.DictionaryObject, hasher: "_Hasher") -> Hash:
    own = hasher.dictionary(page, _UNSEEN_OF_PAGE | frozenset(_PAGE_KEYS))
    return sha256(b"".join([own, *(hasher.of(_inherited(page, key)) for key in _PAGE_KEYS)])).digest()


def _inherited(page: generic.DictionaryObject, key: str) -> object:
    node: object = page
    for _ in range(_DEEPEST):
        if not isinstance(node, generic.DictionaryObject):
            return None
        if key in node:
            return node.raw_get(key)
        node = node.get("/Parent")
    raise TooTangled("page tree")


def _annotations(
    pages: tuple[generic.DictionaryObject, ...], hasher: "_Hasher"
) -> Iterator[tuple[tuple[int, int], _Widget]]:
    for number, page in enumerate(pages):
        array = _resolved(page.raw_get("/Annots")) if "/Annots" in page else None
        if not isinstance(array, generic.ArrayObject):
            continue
        for place, item in enumerate(list.copy(array)):
            annotation = _resolved(item)
            if isinstance(annotation, generic.DictionaryObject):
                key = item.idnum if isinstance(item, generic.IndirectObject) else -place - 1
                yield (number, key), _widget(annotation, hasher)


def _widget(annotation: generic.DictionaryObject, hasher: "_Hasher") -> _Widget:
    subtype = str(annotation.get("/Subtype"))
    field_type = _inherited(annotation, "/FT") if subtype == "/Widget" else None
    value = _inherited(annotation, "/V") if field_type == "/Sig" else None
    return _Widget(
        # Field types are names with their slash, other annotations stand without it.
        kind=str(field_type) if field_type is not None else subtype.lstrip("/"),
        hash=sha256(hasher.of(annotation) + hasher.of(value)).digest(),
        signed=_resolved(value) is not None,
        visible=_has_area(annotation.get("/Rect")),
        place=hasher.of(annotation.get("/Rect")),
    )


def _has_area(rectangle: object) -> bool:
    if not isinstance(rectangle, generic.ArrayObject) or len(rectangle) != 4:
        return True
    x0, y0, x1, y1 = (float(value) for value in rectangle)
    return x0 != x1 and y0 != y1


def _fields(
    form: generic.DictionaryObject, hasher: "_Hasher"
) -> Iterator[tuple[str, tuple[str, Hash, bool]]]:
    """Every field that can hold a value, by its full name: type, hash, and whether it is a made signature."""
    top = form.get("/Fields")
    items = list.copy(top) if isinstance(top, generic.ArrayObject) else []
    stack: list[tuple[object, str, object, int]] = [(item, "", None, 0) for item in reversed(items)]
    names: Counter[str] = Counter()
    seen = 0
    while stack:
        item, prefix, kind, depth = stack.pop()
        field = _resolved(item)
        seen += 1
        if not isinstance(field, generic.DictionaryObject) or depth > _DEEPEST or seen > _MOST_PAGES:
            raise TooTangled("form")
        name = f"{prefix}.{field['/T']}" if "/T" in field else prefix
        kind = field.get("/FT", kind)
        kids = field.get("/Kids")
        named = [kid for kid in kids if _is_field(kid)] if isinstance(kids, generic.ArrayObject) else []
        stack.extend((kid, name, kind, depth + 1) for kid in named)
        if not named:
            # Several fields of one name must not hide each other.
            names[name] += 1
            unique = f"{name}#{names[name]}"
            yield unique, (str(kind), hasher.of(field), _resolved(field.get("/V")) is not None)


def _is_field(kid: object) -> bool:
    node = _resolved(kid)
    return isinstance(node, generic.DictionaryObject) and "/T" in node


def _form_hash(form: object, hasher: "_Hasher") -> Hash:
    """What makes fields look or act otherwise: XFA, calculation order, regenerated appearances."""
    if not isinstance(form, generic.DictionaryObject):
        return hasher.of(None)
    parts = [hasher.of(form.raw_get(key) if key in form else None) for key in ("/XFA", "/CO")]
    return sha256(b"".join([*parts, str(bool(form.get("/NeedAppearances"))).encode()])).digest()


def _resolved(value: object) -> object:
    return value.get_object() if isinstance(value, generic.IndirectObject) else value


class _Hasher:
    """Hashes PDF objects with everything they refer to; streams by their stored bytes, never decoded."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Hash] = {}
        self._open: set[tuple[int, int]] = set()

    def of(self, value: object, depth: int = 0) -> Hash:
        """The hash of a value; loops end at the object that is being hashed already."""
        if depth > _DEEPEST:
            raise TooTangled("objects")
        if isinstance(value, generic.IndirectObject):
            return self._of_reference(value, depth)
        if isinstance(value, generic.StreamObject):
            stored = value.encoded_data
            return sha256(
                b"s" + self.dictionary(value, frozenset(), depth) + sha256(stored).digest()
            ).digest()
        if isinstance(value, generic.DictionaryObject):
            return self.dictionary(value, frozenset(), depth)
        if isinstance(value, generic.ArrayObject):
            return sha256(b"a" + b"".join(self.of(item, depth + 1) for item in list.__iter__(value))).digest()
        if isinstance(value, generic.TextStringObject | generic.ByteStringObject):
            return sha256(b"t" + value.original_bytes).digest()
        return sha256(f"{type(value).__name__}:{value}".encode("utf-8", "surrogateescape")).digest()

    def dictionary(self, value: generic.DictionaryObject, without: frozenset[str], depth: int = 0) -> Hash:
        """The hash of a dictionary without some of its keys."""
        parts = [b"d"]
        for key in sorted(set(value.keys()) - without - _BACKWARDS):
            parts.append(sha256(key.encode()).digest() + self.of(value.raw_get(key), depth + 1))
        return sha256(b"".join(parts)).digest()

    def _of_reference(self, reference: generic.IndirectObject, depth: int) -> Hash:
        key = (reference.idnum, reference.generation)
        if key in self._known:
            return self._known[key]
        target = reference.get_object()
        is_place = isinstance(target, generic.DictionaryObject) and target.get("/Type") in (
            "/Page",
            "/Catalog",
        )
        if is_place or key in self._open:
            # A link to a page is the same link whatever else the page shows.
            return sha256(f"r{key}".encode()).digest()
        self._open.add(key)
        found = self.of(target, depth + 1)
        self._open.discard(key)
        self._known[key] = found
        return found
