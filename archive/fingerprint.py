"""The short sign under every page of a print that tells a swapped page.

It is made of the SHA-256 of the printed revision, the number of the page and the number of pages:
SHA-256("khoso page fingerprint v1" ‖ 0x00 ‖ revision SHA-256 ‖ page as 4 bytes ‖ pages as 4 bytes), its first
40 bits as 8 Crockford characters, `XXXX-XXXX`. The revision is kept unchanged for ever: the digest stands for
the exact content of every page, and no renderer's version can change the answer; a page of another document,
of another revision, or from another place shows another sign. Both inputs stand in the seal, so whoever
scanned the QR code can compute every page's sign without a network. It proves nothing about ink: somebody who
forges a page can copy its sign, and only comparing the page with the document shows that.
"""

from hashlib import sha256

from common import Digest
from signing import CROCKFORD

_CONTEXT = b"khoso page fingerprint v1\0"
_CHARACTERS = 8
_BITS = 5


def page_fingerprint(revision: Digest, page: int, pages: int) -> str:
    """The sign of page `page` (from 1) of a print of `pages` pages of the file with digest `revision`."""
    content = _CONTEXT + revision.value + page.to_bytes(4) + pages.to_bytes(4)
    number = int.from_bytes(sha256(content).digest()[: _CHARACTERS * _BITS // 8])
    signs = [CROCKFORD[number >> _BITS * place & 31] for place in reversed(range(_CHARACTERS))]
    return "".join(signs[:4]) + "-" + "".join(signs[4:])
