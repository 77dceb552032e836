"""Whose page may talk to this server: rules for Host, Origin and Sec-Fetch-Site.

A page on a foreign name can have that name lead to this machine, and then counts as a page of this server for its
browser: Origin and Host are equal. What the browser cannot be made to lie about is the name. So only names count that
nobody else can have lead here: addresses, localhost, this machine's own name, and those that the operator has named.
"""

from __future__ import annotations

import ipaddress
import platform
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from server_parts.web.heads import Head

_PORTS: Final = {"http": 80, "https": 443}
_AUTHORITY: Final = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::([0-9]{1,5}))?"
_HOST: Final = re.compile(_AUTHORITY)
_ORIGIN: Final = re.compile(rf"(https?)://{_AUTHORITY}")
OWN_SITE: Final = ("same-origin", "none")


class Hosts:
    """The names under which this server is reached."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.named = tuple(map(_plain, names))
        own = _plain(platform.node())
        short = own.partition(".")[0]
        self._known = {"localhost", own, short, f"{short}.local", *self.named} - {"", ".local"}

    def knows(self, host: str) -> bool:
        """Whether that Host, with a port or without, is one of them."""
        found = _HOST.fullmatch(host)
        if found is None or int(found[2] or 0) > 65_535:
            return False
        name = _plain(found[1])
        return name in self._known or is_address(name.strip("[]"))


@lru_cache(maxsize=256)
def is_address(name: str) -> bool:
    """Whether it is an address, which nobody can have lead somewhere else."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _plain(name: str) -> str:
    return name.lower().removesuffix(".")


def port_of(host: str, scheme: str) -> int:
    """The port in a Host that is known to be one."""
    found = _HOST.fullmatch(host)
    return int(found[2]) if found is not None and found[2] else _PORTS[scheme]


def is_own_page(head: Head, *, is_encrypted: bool) -> bool:
    """Whether a request comes from no foreign page. Programs, which send no Origin, are no pages."""
    site = head.get("sec-fetch-site")
    origin = head.get("origin")
    if site is not None and site not in OWN_SITE:
        return False
    return origin is None or is_same(origin, head.get("host") or "", is_encrypted=is_encrypted)


def is_certainly_own_page(head: Head, *, is_encrypted: bool) -> bool:
    """The same for requests that change something, and that nobody but the page makes: the browser has to say so."""
    if not is_own_page(head, is_encrypted=is_encrypted):
        return False
    return head.get("origin") is not None or head.get("sec-fetch-site") == "same-origin"


def is_same(origin: str, host: str, *, is_encrypted: bool) -> bool:
    """Whether an Origin is the page of that Host. Where the channel is encrypted, so must the page be."""
    page, here = _ORIGIN.fullmatch(origin), _HOST.fullmatch(host)
    if page is None or here is None or (is_encrypted and page[1] != "https"):  # behind a proxy, only the page may be
        return False
    default = _PORTS[page[1]]
    return (_plain(page[2]), int(page[3] or default)) == (_plain(here[1]), int(here[2] or default))
