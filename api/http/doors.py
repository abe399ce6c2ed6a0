"""Doors that can be guessed at, or that cost much: passwords, client secrets, short codes, share tokens, files that
citizens send. Each is knocked on so often.

Promised: a knock is counted before anything is looked at, so twenty at once are twenty; what is counted by (an
address, a name) leaves this module only as an HMAC, because it may be a personal number; with a Redis broker all web
processes count together, and when Redis is away each counts alone: a door is never left without a count.

Not promised: that a million addresses are kept out; each account has a lockout of its own in `datastore`.
"""

import hashlib
import hmac
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from threading import Lock
from typing import Protocol

import redis

from api.http.faults import TooManyRequests
from api.logs import log

_REDIS_SECONDS = 0.5
"""A count that takes longer is made here instead."""


@dataclass(frozen=True, slots=True)
class Door:
    """How many knocks within how long, by one address or on one name."""

    name: str
    most: int
    within: timedelta


SIGN_IN = Door("sign_in", 60, timedelta(minutes=5))
"""By address. An office behind one address signs in in the morning."""
ACCOUNT = Door("account", 20, timedelta(minutes=5))
"""On one account name, there or not; the lockout of an account is stricter."""
CLIENT = Door("client", 30, timedelta(minutes=5))
"""Failures on one client id of a system by one address: who knows the id must not shut the system itself out."""
CLIENTS = Door("clients", 60, timedelta(minutes=5))
"""Failures by one address on whatever ids: whoever asks chooses the id."""
OWN_UPLOAD = Door("own_upload", 60, timedelta(minutes=10))
"""Files that one citizen sends, whether they are taken or not."""
SHORT_CODE = Door("short_code", 30, timedelta(minutes=1))
LOOK_UP = Door("look_up", 60, timedelta(minutes=1))
SHARE = Door("share", 30, timedelta(minutes=1))

_CUSTOMER_BYTES = 8
"""Of an IPv6 address: what follows them is the customer's own."""
_IPV4_MAPPED = bytes(10) + b"\xff\xff"


def counted_as(host: str | None) -> str:
    """The address of a peer as it is counted: an IPv6 network of one customer (/64) counts as one.

    Whose address it is behind proxies of ours, the server decides (`KHOSO_TRUSTED_PROXIES`).
    """
    # Not by `ipaddress`, which takes ten times as long: it is asked for nearly every request of a stranger.
    address = (host or "").partition("%")[0]
    if _packed(socket.AF_INET, address) is not None:
        return address
    packed = _packed(socket.AF_INET6, address)
    if packed is None:
        return "unknown"
    if packed.startswith(_IPV4_MAPPED):
        return socket.inet_ntop(socket.AF_INET, packed[len(_IPV4_MAPPED) :])
    network = packed[:_CUSTOMER_BYTES] + bytes(len(packed) - _CUSTOMER_BYTES)
    return f"{socket.inet_ntop(socket.AF_INET6, network)}/{_CUSTOMER_BYTES * 8}"


def _packed(family: socket.AddressFamily, address: str) -> bytes | None:
    try:
        return socket.inet_pton(family, address)
    except (OSError, ValueError):  # of another form; with a NUL in it
        return None


@dataclass(frozen=True, slots=True)
class Counted:
    """How often a name was counted in its window, and the seconds until the window ends."""

    times: int
    seconds: float


class Tally(Protocol):
    """Counts in windows that begin with the first count."""

    def add(self, keys: Sequence[str], amount: int, within: timedelta) -> list[Counted]:
        """Add so much to each, one after the other."""


@dataclass
class LocalTally:
    """The counts of one process. At most `most_keys` are kept: the window that ends first is forgotten first."""

    seconds: Callable[[], float] = time.monotonic
    most_keys: int = 100_000
    _counts: dict[str, tuple[int, float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def add(self, keys: Sequence[str], amount: int, within: timedelta) -> list[Counted]:
        now = self.seconds()
        with self._lock:
            return [self._added(key, amount, now, within) for key in keys]

    def _added(self, key: str, amount: int, now: float, within: timedelta) -> Counted:
        times, ends = self._counts.get(key, (0, 0.0))
        if ends <= now:
            times, ends = 0, now + within.total_seconds()
            self._make_room(now)
        times = max(0, times + amount)
        self._counts[key] = times, ends
        return Counted(times, ends - now)

    def _make_room(self, now: float) -> None:
        if len(self._counts) < self.most_keys:
            return
        self._counts = {key: count for key, count in self._counts.items() if count[1] > now}
        while len(self._counts) >= self.most_keys:
            del self._counts[min(self._counts, key=lambda key: self._counts[key][1])]


# One turn of the server for all of them, so that a window cannot end between its beginning and its count.
_ADD = """
local counted = {}
for _, key in ipairs(KEYS) do
  redis.call("SET", key, 0, "EX", ARGV[2], "NX")
  local times = redis.call("INCRBY", key, ARGV[1])
  if times < 0 then
    redis.call("SET", key, 0, "KEEPTTL")
    times = 0
  end
  counted[#counted + 1] = times
  counted[#counted + 1] = redis.call("PTTL", key)
end
return counted
"""


class RedisTally:
    """The counts of all web processes, in the broker's Redis; each process by itself while that is away."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS
        )
        self._add = self._redis.register_script(_ADD)
        self._alone = LocalTally()

    def add(self, keys: Sequence[str], amount: int, within: timedelta) -> list[Counted]:
        names = [f"khoso:door:{key}" for key in keys]
        try:
            counted = self._add(keys=names, args=[amount, ceil(within.total_seconds())])
        except redis.RedisError as error:
            log.warning("doors_counted_alone", fault=[type(error).__name__])
            return self._alone.add(keys, amount, within)
        return [
            Counted(int(times), max(0, int(milliseconds)) / 1000)
            for times, milliseconds in zip(counted[::2], counted[1::2], strict=True)
        ]

    def close(self) -> None:
        """Give back the connections."""
        self._redis.close()


def tally_for(broker_url: str | None) -> Tally:
    """Shared counts where the broker is Redis; else the counts of this process."""
    if broker_url is not None and broker_url.startswith(("redis://", "rediss://", "unix://")):
        return RedisTally(broker_url)
    return LocalTally()


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Counts knocks. `secret` makes names unreadable in Redis; all web processes share it."""

    tally: Tally
    secret: bytes = field(repr=False)

    def knock(self, door: Door, who: str) -> None:
        """Count one; TooManyRequests with the seconds to wait when it is one too many."""
        if (refused := self.knocks(door, [who])[0]) is not None:
            raise refused

    def knocks(self, door: Door, who: Sequence[str]) -> list[TooManyRequests | None]:
        """Count one of each, one after the other; the refusal of each that was one too many."""
        counted = self.tally.add([self._key(door, one) for one in who], 1, door.within)
        return [
            TooManyRequests(seconds=max(1, ceil(one.seconds))) if one.times > door.most else None
            for one in counted
        ]

    def forgive(self, door: Door, who: str) -> None:
        """Take one knock back: it was no guess."""
        self.tally.add([self._key(door, who)], -1, door.within)

    def _key(self, door: Door, who: str) -> str:
        named = f"{door.name}\0{who}".encode("utf-8", "surrogatepass")
        return hmac.new(self.secret, named, hashlib.sha256).hexdigest()[:32]
