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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.rw_common import PdfHandler

from signing.form import Node, form_nodes, is_signature
from signing.pdf_objects import DEEPEST, Key, TooTangled, entry, inherited, items, key_of, resolved

Hash = bytes
Place = tuple[int, int, int]
"""Page, object, and the how-manieth time the page shows it."""


class Change(StrEnum):
    """What a later revision did."""

    SIGNATURES = "signatures"
    """Further signatures were added: harmless."""
    FORBIDDEN_SIGNATURES = "forbidden-signatures"
    """Further signatures were added though the certification allows no change (DocMDP, P=1)."""
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
_FORM_KEYS = ("/XFA", "/CO", "/DR", "/DA", "/Q")
"""What makes fields look or act otherwise (ISO 32000-1, table 218)."""
_BACKWARDS = frozenset({"/Parent", "/P", "/StructParent"})
"""Where an annotation or field points back to what holds it: its siblings are not part of it."""
_PAGE_KEYS = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")
"""Page attributes that may be inherited (ISO 32000-1, table 30)."""
_INHERITED_BY_FIELDS = ("/V", "/DA", "/Ff", "/MaxLen", "/Opt", "/Q")
"""What a box of a field takes from above (ISO 32000-1, tables 220, 222, 229, 231)."""
_MOST_NODES = 100_000


@dataclass(frozen=True, slots=True)
class _Widget:
    """An annotation: what it is, what it shows, and the signature it stands for, if it is one of the form's."""

    kind: str
    hash: Hash
    signature: Hash | None
    visible: bool
    place: Hash


@dataclass(frozen=True, slots=True)
class _Field:
    """A field: its type, its look and value, and whether it is signed (and then only with a time stamp)."""

    kind: str
    hash: Hash
    signed: bool
    stamped: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A revision as presented: hashes of pages, annotations, fields and the rest of the catalogue."""

    pages: tuple[Hash, ...]
    annotations: dict[Place, _Widget]
    """In the order in which they are drawn."""
    fields: dict[str, _Field]
    signatures: frozenset[Hash]
    form: Hash
    rest: Hash
    validation_data: Hash


def snapshot(revision: PdfHandler) -> Snapshot:
    """Looks at one revision; ValueError, KeyError or TypeError when it is not well formed."""
    root = revision.root
    pages = list(_pages(root.raw_get("/Pages")))
    hasher = _Hasher({key: number for number, (key, _) in enumerate(pages) if key is not None})
    form = entry(root, "/AcroForm")
    nodes = list(form_nodes(root))
    signatures = {
        node.key: hasher.of(node.signature)
        for node in nodes
        if node.key is not None and node.signature is not None
    }
    return Snapshot(
        pages=tuple(_page_hash(page, hasher) for _, page in pages),
        annotations=dict(_annotations([page for _, page in pages], signatures, hasher)),
        fields=dict(_fields(nodes, hasher)),
        signatures=frozenset(signatures.values()),
        form=_form_hash(form, hasher),
        rest=hasher.of(root, without=_UNSEEN_OF_CATALOGUE),
        validation_data=hasher.of(entry(root, "/DSS")),
    )


def changes(before: Snapshot, after: Snapshot, *, certified: bool, closed: bool = False) -> frozenset[Change]:
    """What happened between two revisions; after a certification signature no visible field may appear.

    `closed`: the certification allows no change at all (DocMDP, P=1; ISO 32000-2, table 257), only validation
    data and document time stamps.
    """
    found: set[Change] = set()
    if len(before.pages) != len(after.pages) or set(before.pages) != set(after.pages):
        same_number = len(before.pages) == len(after.pages)
        found.add(Change.CONTENT if same_number else Change.PAGES)
    elif before.pages != after.pages:
        found.add(Change.PAGES)
    found.update(_field_changes(before, after, closed=closed))
    found.update(_annotation_changes(before, after, certified=certified))
    if before.form != after.form:
        found.add(Change.FORM)
    if before.rest != after.rest:
        found.add(Change.ACTIONS)
    if before.validation_data != after.validation_data:
        found.add(Change.VALIDATION_DATA)
    return frozenset(found)


def _field_changes(before: Snapshot, after: Snapshot, *, closed: bool) -> Iterator[Change]:
    for name in before.fields.keys() | after.fields.keys():
        old, new = before.fields.get(name), after.fields.get(name)
        if old == new:
            continue
        kinds = {field.kind for field in (old, new) if field is not None}
        if kinds != {"/Sig"}:
            yield Change.FORM
        elif old is not None and old.signed:
            yield Change.REPLACED_SIGNATURE
        elif new is not None and new.signed:
            yield Change.FORBIDDEN_SIGNATURES if closed and not new.stamped else Change.SIGNATURES
        else:
            yield Change.ANNOTATIONS


def _annotation_changes(before: Snapshot, after: Snapshot, *, certified: bool) -> Iterator[Change]:
    if [key for key in before.annotations if key in after.annotations] != [
        key for key in after.annotations if key in before.annotations
    ]:
        # What is drawn later covers what is drawn before.
        yield Change.ANNOTATIONS
    for key in before.annotations.keys() | after.annotations.keys():
        old, new = before.annotations.get(key), after.annotations.get(key)
        if old == new:
            continue
        if {"/Sig"} != {item.kind for item in (old, new) if item is not None}:
            is_field = any(item is not None and item.kind.startswith("/") for item in (old, new))
            yield Change.FORM if is_field else Change.ANNOTATIONS
        elif new is None or new.signature is None or _put_elsewhere(old, new, certified=certified):
            yield Change.ANNOTATIONS
        elif old is not None and old.signature is not None:
            yield Change.REPLACED_SIGNATURE
        elif new.signature in before.signatures:
            # A picture of its own for a signature that was there before.
            yield Change.ANNOTATIONS


def _put_elsewhere(old: _Widget | None, new: _Widget, *, certified: bool) -> bool:
    """Whether a signature appears where no place was kept for it: a reserved field keeps its box."""
    return (certified and new.visible) if old is None else old.place != new.place


# --- looking at one revision -------------------------------------------------------------------------------


def _pages(tree: object) -> Iterator[tuple[Key | None, generic.DictionaryObject]]:
    """The leaves of the page tree in order with their numbers; loops and endless trees are refused."""
    stack: list[tuple[object, int]] = [(tree, 0)]
    seen = 0
    while stack:
        item, depth = stack.pop()
        node = resolved(item)
        seen += 1
        if not isinstance(node, generic.DictionaryObject) or depth > DEEPEST or seen > _MOST_NODES:
            raise TooTangled("page tree")
        if "/Kids" not in node:
            yield key_of(item), node
            continue
        kids = entry(node, "/Kids")
        if not isinstance(kids, generic.ArrayObject):
            raise TooTangled("page tree")
        stack.extend((kid, depth + 1) for kid in reversed(list.copy(kids)))


def _page_hash(page: generic.DictionaryObject, hasher: "_Hasher") -> Hash:
    own = hasher.of(page, without=_UNSEEN_OF_PAGE | frozenset(_PAGE_KEYS))
    return sha256(b"".join([own, *(hasher.of(inherited(page, key)) for key in _PAGE_KEYS)])).digest()


def _annotations(
    pages: list[generic.DictionaryObject], signatures: Mapping[Key, Hash], hasher: "_Hasher"
) -> Iterator[tuple[Place, _Widget]]:
    for number, page in enumerate(pages):
        times: Counter[int] = Counter()
        for place, item in enumerate(items(entry(page, "/Annots"))):
            annotation = resolved(item)
            if isinstance(annotation, generic.DictionaryObject):
                key = item.idnum if isinstance(item, generic.IndirectObject) else -place - 1
                times[key] += 1
                yield (number, key, times[key]), _widget(annotation, key_of(item), signatures, hasher)


def _widget(
    annotation: generic.DictionaryObject,
    itself: Key | None,
    signatures: Mapping[Key, Hash],
    hasher: "_Hasher",
) -> _Widget:
    subtype = str(entry(annotation, "/Subtype"))
    field_type = inherited(annotation, "/FT") if subtype == "/Widget" else None
    shown = hasher.of(annotation, without=_BACKWARDS, itself=itself)
    values = [hasher.of(inherited(annotation, key)) for key in _INHERITED_BY_FIELDS if field_type is not None]
    return _Widget(
        # Field types are names with their slash, other annotations stand without it.
        kind=str(field_type) if field_type is not None else subtype.lstrip("/"),
        hash=sha256(b"".join([shown, *values])).digest(),
        # Only what hangs in the form is judged; a picture that merely calls itself a signature is none.
        signature=None if itself is None else signatures.get(itself),
        visible=has_area(entry(annotation, "/Rect")),
        place=hasher.of(entry(annotation, "/Rect")),
    )


def has_area(rectangle: object) -> bool:
    """Whether a box can show anything; one that is no box is not believed to be empty."""
    if not isinstance(rectangle, generic.ArrayObject) or len(rectangle) != 4:
        return True
    x0, y0, x1, y1 = (float(value) for value in rectangle)
    return x0 != x1 and y0 != y1


def _fields(nodes: list[Node], hasher: "_Hasher") -> Iterator[tuple[str, _Field]]:
    """Every field that can hold a value, by its full name, with what it takes from the fields above it."""
    names: Counter[str] = Counter()
    for node in nodes:
        if node.is_field:
            # Several fields of one name must not hide each other.
            names[node.name] += 1
            shown = [hasher.of(node.itself, without=_BACKWARDS, itself=node.key)]
            shown += [hasher.of(parent, without=_BACKWARDS | {"/Kids"}) for parent in node.above]
            signature = node.signature
            yield (
                f"{node.name}#{names[node.name]}",
                _Field(
                    node.kind, sha256(b"".join(shown)).digest(), signature is not None, _stamps(signature)
                ),
            )


def _stamps(signature: generic.DictionaryObject | None) -> bool:
    return signature is not None and entry(signature, "/SubFilter") == "/ETSI.RFC3161"


def _form_hash(form: object, hasher: "_Hasher") -> Hash:
    """What makes fields look or act otherwise: XFA, calculation order, regenerated appearances."""
    if not isinstance(form, generic.DictionaryObject):
        return hasher.of(None)
    parts = [hasher.of(form.raw_get(key) if key in form else None) for key in _FORM_KEYS]
    return sha256(b"".join([*parts, str(bool(entry(form, "/NeedAppearances"))).encode()])).digest()


class _Hasher:
    """Hashes values with everything they refer to, as graphs: equal hashes mean equal drawings.

    References are replaced by their order of discovery, so that loops and renumbered objects do no harm; the
    pages themselves are leaves (a link to a page stays the same link whatever else the page shows). Streams
    are taken by their stored bytes, never decoded.
    """

    def __init__(self, pages: Mapping[Key, int]) -> None:
        self._pages = pages
        self._streams: dict[Key, Hash] = {}

    def of(self, value: object, *, without: frozenset[str] = frozenset(), itself: Key | None = None) -> Hash:
        """The hash of a value; `without` leaves keys of the outermost dictionary out, `itself` is its number."""
        walk = _Walk(self._pages, {} if itself is None else {itself: 0})
        whole = sha256(walk.text(value, without=without))
        while walk.waiting:
            key, target = walk.waiting.pop()
            whole.update(walk.text(target))
            if isinstance(target, generic.StreamObject):
                whole.update(self._stored(key, target))
        if isinstance(value, generic.StreamObject):
            whole.update(sha256(value.encoded_data).digest())
        return whole.digest()

    def _stored(self, key: Key, stream: generic.StreamObject) -> Hash:
        if key not in self._streams:
            self._streams[key] = sha256(stream.encoded_data).digest()
        return self._streams[key]


class _Walk:
    """One way through a graph of objects; what is still to be looked at waits in `waiting`."""

    def __init__(self, pages: Mapping[Key, int], numbers: dict[Key, int]) -> None:
        self._pages = pages
        self._numbers = numbers
        self.waiting: list[tuple[Key, object]] = []

    def text(self, value: object, depth: int = 0, *, without: frozenset[str] = frozenset()) -> bytes:
        """An unambiguous text of a value: every part is preceded by its kind and its length."""
        if depth > DEEPEST:
            raise TooTangled("objects")
        if isinstance(value, generic.IndirectObject):
            return self._reference(value)
        if isinstance(value, generic.DecryptedObjectProxy):
            return self.text(value.decrypted, depth)
        if isinstance(value, generic.DictionaryObject):
            keys = sorted(set(value.keys()) - without)
            parts = [(key.encode(), self.text(_in_place(value, key), depth + 1)) for key in keys]
            return _framed(b"d", b"".join(_framed(b"k", key) + part for key, part in parts))
        if isinstance(value, generic.ArrayObject):
            return _framed(b"a", b"".join(self.text(item, depth + 1) for item in list.__iter__(value)))
        if isinstance(value, generic.TextStringObject | generic.ByteStringObject):
            return _framed(b"t", value.original_bytes)
        return _framed(b"v", f"{type(value).__name__}:{value}".encode("utf-8", "surrogateescape"))

    def _reference(self, reference: generic.IndirectObject) -> bytes:
        key = (reference.idnum, reference.generation)
        if key in self._pages:
            return _framed(b"p", str(self._pages[key]).encode())
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers)
            self.waiting.append((key, reference.get_object()))
        return _framed(b"r", str(self._numbers[key]).encode())


def _in_place(dictionary: generic.DictionaryObject, key: str) -> object:
    """The value as it stands; a signature's contents are the one string never encrypted (7.6.1)."""
    if key == "/Contents" and is_signature(dictionary):
        return dictionary.raw_get(key, decrypt=generic.EncryptedObjAccess.RAW)
    return dictionary.raw_get(key)


def _framed(kind: bytes, content: bytes) -> bytes:
    return b"%b%d:%b" % (kind, len(content), content)
