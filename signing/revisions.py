"""Whether a PDF is a sealed revision, or a later one that begins with its very bytes.

A signature adds to a PDF without touching what is there (ISO 32000-1, 7.5.6): the revision that a print's seal
names stays inside every later file, up to one of its `%%EOF` marks. Compares bytes only; opens no structure,
so it may be asked of any file. Says nothing about what the later part does: that is `validate`.
"""

import mmap
import re
from hashlib import sha256
from pathlib import Path

from common import Digest

_END = re.compile(rb"%%EOF(?=(\r\n|\n|\r)?)")
_MOST_REVISIONS = 1000
"""No honest document was added to so often; a file full of end marks must not cost minutes."""


def begins_with_revision(pdf: Path, revision: Digest) -> bool:
    """Whether the file has this SHA-256, whole or up to the end of one of its revisions."""
    if pdf.stat().st_size == 0:
        return Digest.of(b"") == revision
    with pdf.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        hasher, done = sha256(), 0
        for end in _ends(content):
            hasher.update(content[done:end])
            done = end
            if hasher.digest() == revision.value:
                return True
    return False


def _ends(content: mmap.mmap) -> list[int]:
    """Where revisions may end: after an end mark, after the line it stands in, and at the end of the file."""
    ends = {len(content)}
    for number, match in enumerate(_END.finditer(content)):
        if number == _MOST_REVISIONS:
            break
        line_end = match.group(1) or b""
        ends |= {match.end() + taken for taken in range(len(line_end) + 1)}
    return sorted(ends)
