"""Who stands behind a proxy: what `X-Forwarded-For` and `Forwarded` say, where that is a proxy of the operator's.

Each proxy writes behind what it was sent, and what is at the beginning anybody can have made up. So the list is read
from its end, and the first address that is no proxy of ours is the client's.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from server_parts.web.heads import Head

_PAIR: Final = re.compile(r'\s*([A-Za-z]+)=(?:"([^"\\]*)"|([^\s;,"]*))\s*')


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
        ip = _ip(address)
        return ip is not None and ip in self._addresses

    def client_of(self, head: Head) -> Behind | None:
        """Whom a proxy of ours talks for; None if it does not say."""
        hops = _forwarded(head.values("forwarded")) or _x_forwarded(head)
        for address, scheme in reversed(hops):
            ip = _ip(address)
            if ip is None:
                return None
            if ip not in self._addresses:
                return Behind(str(ip), scheme == "https")
        return None


def _x_forwarded(head: Head) -> list[tuple[str, str]]:
    scheme = (head.get("x-forwarded-proto") or "").rpartition(",")[2].strip().lower()
    listed = head.get("x-forwarded-for")
    return [(one.strip(), scheme) for one in listed.split(",")] if listed is not None else []


def _forwarded(values: list[str]) -> list[tuple[str, str]]:
    """Each hop's `for` and `proto`. One that cannot be read is an address that is none."""
    hops = []
    for hop in ",".join(values).split(",") if values else ():
        found = [_PAIR.fullmatch(part) for part in hop.split(";")]
        pairs = {one[1].lower(): one[2] if one[2] is not None else one[3] for one in found if one is not None}
        hops.append((pairs.get("for", "") if None not in found else "", pairs.get("proto", "").lower()))
    return hops


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
