"""What the queue can be asked to do with a paper, and whose work it is: the names stand in the job rows."""

from datastore import JobKind, JobRole

READ = JobKind("read", JobRole.READER)
"""Draw and read its pages, make the searchable PDF."""
SIGN = JobKind("sign", JobRole.SIGNER)
"""The clerk's signature; then it is provisional."""
MAKE_VALID = JobKind("make_valid", JobRole.SIGNER)
"""Look at its ground; the agency's signature."""
TELL_OUTSIDE = JobKind("tell_outside", JobRole.ARCHIVIST)
"""Write what others read: its entry in the stores, the status list."""
SEAL_PRINTS = JobKind("seal_prints", JobRole.SIGNER)
LIST_PRINTS = JobKind("list_prints", JobRole.ARCHIVIST)
MAKE_SHEETS = JobKind("make_sheets", JobRole.READER)
PRINT_KINDS = (SEAL_PRINTS, LIST_PRINTS, MAKE_SHEETS)
"""What brings a print from its request to its sheets (`steps/printing`)."""
PROTECT = JobKind("protect", JobRole.ARCHIVIST)
"""Make its objects undeletable for a while, where the store can."""
