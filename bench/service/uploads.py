"""Files that were uploaded, and what hands them in: made by processes of their own, so that their puts can be timed."""

import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor

from api.house import House, open_house
from api.settings import Settings
from bench.service.seed import CLERK
from datastore import NewUpload, original_key
from ingest import MediaType
from tests.api.http.servers import Quiet

_INTAKE_BYTES = 20_000
_PUTS_AT_ONCE = 8


def uploaded(how_many: int) -> tuple[tuple[str, ...], float]:
    """Bodies of submissions whose files this process put, eight at a time, and in how many seconds."""
    with open_house(Settings(), Quiet(), roles=()) as house, ThreadPoolExecutor(_PUTS_AT_ONCE) as threads:
        submission(house)  # opens the connections
        began = time.perf_counter()
        bodies = tuple(threads.map(lambda _: submission(house), range(how_many)))
        return bodies, time.perf_counter() - began


def submission(house: House) -> str:
    """A body of `POST /documents` whose file was uploaded, as the upload before it leaves it there."""
    store = house.datastore
    draft = store.draft()
    kept = store.put(original_key(draft.id, 1), secrets.token_bytes(_INTAKE_BYTES), sealing=draft.data_key)
    with store.begin(CLERK, "upload") as work:
        work.uploads.keep(NewUpload(draft, kept, "scan.jpg", MediaType.JPEG, 1, signed=False))
    owner = {"identifier": f"0400900{secrets.randbelow(100_000):05}", "name": "Lê Thị Cúc"}
    return json.dumps({"uploads": [str(draft.id)], "owners": [owner], "type": "KHAI_SINH", "compared": True})
