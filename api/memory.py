"""How a process that answers all day keeps its memory: docs/decisions/0017.

What the C library gave back to the system and took again for each buffer of 1 MiB that a cipher asks for, and Python's
search for garbage in all that was loaded, were a third of the computing of an intake.
"""

import ctypes
import gc

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
"""`M_MMAP_THRESHOLD` and `M_TRIM_THRESHOLD` of mallopt(3)."""
_BUFFER = 4 << 20
"""Bytes; what is smaller lies in the heap and is used again. A segment of a sealed object is, with its frame."""
_KEPT_FREE = 32 << 20
"""Bytes that a heap may keep, so that it does not shrink and grow with each request."""
_NEW_OBJECTS = 50_000
"""So many more than went are looked through at once. An answer makes a few thousand, and hardly one in a circle."""
_ROUNDS = 20


def settle_memory() -> None:
    """Called once, when all is loaded and before the first request."""
    gc.collect()
    gc.freeze()  # what was loaded stays as long as the process: nobody looks through it for garbage again
    gc.set_threshold(_NEW_OBJECTS, _ROUNDS, _ROUNDS)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # other C libraries have no such choice
        mallopt(_MMAP_THRESHOLD, _BUFFER)
        mallopt(_TRIM_THRESHOLD, _KEPT_FREE)
