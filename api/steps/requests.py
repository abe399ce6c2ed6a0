"""A request with a key that failed: its key is freed, so that it may be sent again.

Promised: at once, or as soon as the database is back when that is why it failed. Till then the key is held by a process
that lives, so that whoever sends the request again would be told that it is in progress for as long as a claim counts.
"""

import threading
import time

from api.logs import log
from api.outages import OUTAGES
from datastore import CLAIM_LEASE, Claim, Requests

_PAUSE_SECONDS = 0.5


def release(requests: Requests, claim: Claim) -> None:
    """Nothing was done under this claim; an answer that was kept stays."""
    try:
        requests.release(claim)
    except OUTAGES as error:
        log.warning("request_not_freed", code=error.code)
        threading.Thread(
            target=_release_late, args=(requests, claim), name="late-release", daemon=True
        ).start()


def _release_late(requests: Requests, claim: Claim) -> None:
    """Tries until it is done, or the claim counts no more; whoever has the claim by then keeps it."""
    until = time.monotonic() + CLAIM_LEASE.total_seconds()
    while time.monotonic() < until:
        time.sleep(_PAUSE_SECONDS)
        try:
            requests.release(claim)
        except OUTAGES:
            continue
        return
