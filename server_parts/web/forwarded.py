"""Who stands behind a proxy: what `X-Forwarded-For` says, where that is a proxy of the operator's.

Each proxy writes behind what it was sent, and what is at the beginning anybody can have made up. So the list is read
from its end, and the first address that is no proxy of ours is the client's. `Forwarded` counts for nothing: a proxy
that does not write it passes on the client's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

from server_parts.web.heads import Head


class Behind(NamedTuple):
    """The client of a proxy: its address, and whether it talks to the proxy encrypted."""

    address: str
    is_encrypted: bool


class Proxies:
    """Those that are believed."""

    def __init__(self, addresses: Iterable[str] = ()) -> None:
        self._addresses = frozenset(map(ipaddress.ip_address, addresses))

    def __bool__(self) -> bool:
        return bool(self._addresses)

    def has(self, address: str) -> bool:
        if not self._addresses:  # as nearly everywhere, and every connection asks several times
            return False
        ip = _ip(address)
        return ip is not None and ip in self._addresses

    def client_of(self, head: Head) -> Behind | None:
        """Whom a proxy of ours talks for; None if it does not say."""
        scheme = (head.get("x-forwarded-proto") or "").rpartition(",")[2].strip().lower()
        client = None
        for hop in reversed((head.get("x-forwarded-for") or "").split(",")):
            ip = _ip(hop.strip())
            if ip is None:
                return None
            client = Behind(str(ip), scheme == "https")
            if ip not in self._addresses:
                break
        return client  # somebody on a proxy's own machine, if all are proxies


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, perhaps with a port: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    return ip.ipv4_mapped or ip if isinstance(ip, ipaddress.IPv6Address) else ip
