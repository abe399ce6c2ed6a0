"""Whether this machine's clock is kept right, as the kernel knows it (adjtimex(2)); nothing is changed."""

import ctypes
import struct

_ROOM = 256
"""Bytes; more than any `struct timex`."""
_STATUS = 40
"""Where `status` stands in it on machines of 64 bits."""
_UNSYNCHRONISED = 0x40
_REFUSED = -1


def is_synchronised() -> bool | None:
    """Whether a time service (chrony, systemd-timesyncd, ntpd) keeps the clock; None where the kernel does not say."""
    if struct.calcsize("P") != 8:
        return None
    try:
        ask = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return None  # no Linux
    told = ctypes.create_string_buffer(_ROOM)
    if ask(told) == _REFUSED:
        return None  # a container that may not ask
    (status,) = struct.unpack_from("=i", told, _STATUS)
    return not status & _UNSYNCHRONISED
