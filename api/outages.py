"""What is out of reach for a while, whichever part it is: nobody's fault who asks, and over one day.

Work that meets one of these waits for its end and counts no attempt (`steps/queue`, `steps/sweeper`, `steps/courier`);
any other error that comes up there is about the work itself, or a fault of ours.

What answers, and refuses, may be about the work as well, or last until somebody acts: such work is set aside in the
end, where it is shown with its reason.
"""

from datetime import timedelta

import datastore
from api.connectors.clamd import ScannerUnreachable
from signing import TimeStampUnusable

OUTAGES = (*datastore.OUTAGES, ScannerUnreachable, TimeStampUnusable)
"""A time stamp that cannot be used is the authority's doing: the signature under it was compared before."""

_REFUSALS = (datastore.ObjectStoreRefused, TimeStampUnusable)
_PATIENCE = timedelta(days=3)
"""Over a weekend everything goes on by itself; after that somebody looks."""


def patience_with(outage: Exception) -> timedelta | None:
    """How long work waits for the end of this; None: for ever."""
    return _PATIENCE if isinstance(outage, _REFUSALS) else None
