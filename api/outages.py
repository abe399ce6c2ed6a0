"""What is out of reach for a while, whichever part it is: nobody's fault who asks, and over one day.

Work that meets one of these waits for its end and counts no attempt (`steps/queue`, `steps/sweeper`, `steps/courier`);
any other error that comes up there is about the work itself, or a fault of ours.
"""

import datastore
from api.connectors.clamd import ScannerUnreachable
from signing import TimeStampUnusable

OUTAGES = (*datastore.OUTAGES, ScannerUnreachable, TimeStampUnusable)
"""A time stamp that cannot be used is the authority's doing: the signature under it was compared before."""
