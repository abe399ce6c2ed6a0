"""The program of one process of the page pool: pixels in, readings and pictures out. Not for importing.

It sees pixels only, never a file from outside. Argument: one JSON object (`sys_path`, `parent`, `recogniser`,
`tessdata`). Standard input: frames with a page's header and pixels. Output: a frame with the recogniser's
name, then one per page: its reading, and the picture of the page turned upright as JPEG.
"""

import io
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

_MEMORY = 2_000_000_000
"""Of address space; a page of 300 dpi takes about 400 MB of real memory."""
_ANY_TIME = 1e9
_JPEG_QUALITY = 80
"""At 4:2:0 the eye sees no difference on a scan, and a 200-dpi page takes about 300 KB."""


def picture_of(pixels: Any) -> bytes:
    """The page as baseline JPEG, colour or grey as it came."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=_JPEG_QUALITY, subsampling="4:2:0", optimize=True)
    return out.getvalue()


def answer(order: dict[str, Any], body: bytes, recogniser: Any) -> tuple[dict[str, Any], bytes]:
    """Read one page, or only draw it when `order["read"]` is false."""
    import numpy as np

    from common import Box
    from ingest.model import page_as_json
    from ingest.page_reader import read_page, turned, unread_page
    from ingest.text_layer import LayerWord

    shape = (order["height"], order["width"], 3)[: 3 if order["channels"] == 3 else 2]
    pixels = np.frombuffer(body, np.uint8).reshape(shape)
    number, dpi = order["number"], order["dpi"]
    if order["read"]:
        layer = [LayerWord(text, Box(*box)) for text, *box in order["words"]]
        reading = read_page(pixels, dpi, number, recogniser, layer)
    else:
        reading = unread_page(pixels, dpi, number)
    upright = turned(pixels, reading.page.rotation)
    picture = picture_of(upright) if order["picture"] else b""
    return {"page": page_as_json(reading)}, picture


def main() -> None:
    """Load the engine, put up the walls, then read pages until the parent closes the pipe."""
    setup = json.loads(sys.argv[1])
    sys.path[:] = setup["sys_path"]
    source, out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not fall between the frames
    # Before the walls: loading code and sentences needs more than using them.
    import ingest.page_reader  # noqa: F401
    from common import catalogue
    from ingest.recogniser import open_recogniser
    from ingest.walls import Bounds, bound, die_with_parent, stand
    from ingest.wire import receive, send

    die_with_parent(setup["parent"])
    catalogue()
    bound(Bounds(_ANY_TIME, _MEMORY, _MEMORY))
    tessdata = Path(setup["tessdata"])
    recogniser = open_recogniser(setup["recogniser"], tessdata)
    picture_of(__import__("numpy").zeros((8, 8), "uint8"))
    if setup["recogniser"] == "tesserocr":  # the other one starts a program for every page
        stand(readable=[tessdata], writable=None)
    send(out, {"recogniser": recogniser.name})
    while (frame := receive(source)) is not None:
        try:
            send(out, *answer(*frame, recogniser))
        except Exception:
            # The border of the process: the parent hears why, and starts a fresh one.
            send(out, {"failure": traceback.format_exc(limit=-8)[-4000:]})


if __name__ == "__main__":
    main()
