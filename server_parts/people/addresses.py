"""Where somebody comes from, as far as limits are concerned. Pure."""

from __future__ import annotations

import ipaddress
from functools import lru_cache


def host_of(address: str) -> str:
    """The host of an address, with a port or without one."""
    has_port = address.startswith("[") or address.count(":") == 1
    return (address.rpartition(":")[0].strip("[]") if has_port else address).partition("%")[0]


def source_of(address: str) -> str:
    """The host of an address; of IPv6 the network, as one machine has all its addresses."""
    return _network(host_of(address))


@lru_cache(maxsize=256)
def _network(host: str) -> str:
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip
    return str(ip) if ip.version == 4 or ip.is_loopback else str(ipaddress.ip_network((int(ip), 64), strict=False))


@lru_cache(maxsize=256)
def is_own(source: str) -> bool:
    """Whether it is this machine, or no address at all: nobody can take its places but its own people."""
    try:
        return ipaddress.ip_network(source).is_loopback
    except ValueError:
        return True
