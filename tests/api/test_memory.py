"""What a process does with its memory before it answers; in one of its own, for it stays so."""

import ctypes
import subprocess
import sys

from api.memory import _KEPT_FREE, _TRIM_THRESHOLD


def test_what_was_loaded_is_not_looked_through_for_garbage_again() -> None:
    program = (
        "import gc; from api.memory import settle_memory; before = gc.get_threshold()[0];"
        "settle_memory(); print(gc.get_freeze_count() > 1_000, gc.get_threshold()[0] > before, gc.isenabled())"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["True"] * 3


def test_the_c_library_takes_what_it_is_told() -> None:
    assert ctypes.CDLL(None).mallopt(_TRIM_THRESHOLD, _KEPT_FREE) == 1
