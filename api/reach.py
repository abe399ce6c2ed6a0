"""Where this installation may send events: the public Internet, and what its settings name besides.

A subscriber names the address to which our server connects from inside our network. So every address that may be of
our own (private, loopback, link-local, shared, reserved, or in the disguise of IPv6) is refused unless it is listed.
"""

import ipaddress
import re
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_DISGUISES = tuple(map(ipaddress.IPv6Network, ("::/96", "64:ff9b::/96", "64:ff9b:1::/48")))
"""IPv6 networks whose addresses stand for those of IPv4, besides the ones that `ipaddress` knows."""
_HOST = re.compile(r"(?=.*[a-z])[a-z0-9-]+(\.[a-z0-9-]+)*")


@dataclass(frozen=True, slots=True)
class Reach:
    """Names and networks of our own that may be reached, and in development this machine."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[_Network, ...] = ()
    this_machine: bool = False

    @classmethod
    def parse(cls, listed: str, *, this_machine: bool = False) -> "Reach":
        """Names, addresses and networks with commas between them; ValueError for what is none of these."""
        items = [part.strip().lower() for part in listed.split(",") if part.strip()]
        hosts = frozenset(item for item in items if _HOST.fullmatch(item))
        networks = tuple(ipaddress.ip_network(item, strict=False) for item in items if item not in hosts)
        return cls(hosts, networks, this_machine)

    def allows(self, host: str, address: Address) -> bool:
        """Whether `host` may be talked to at `address`."""
        if self.this_machine and address.is_loopback:
            return True
        if host.lower() in self.hosts or any(address in network for network in self.networks):
            return True
        return _is_public(address)


def _is_public(address: Address) -> bool:
    """Of the public Internet, and no other address in disguise."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.is_site_local:
            return False
        disguised = address.ipv4_mapped, address.sixtofour, address.teredo
        if any(one is not None for one in disguised) or any(address in network for network in _DISGUISES):
            return False
    return address.is_global and not address.is_multicast
