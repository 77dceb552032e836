"""Which servers a command line and the environment name: one, several that run one chat, or those of a link.

It must not know what else a command line asks for.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from chat_common import DEFAULT_HOST, DEFAULT_PORT, format_address, parse_address, parse_port
from client_parts.kept.values import Saved
from terminal_parts.command_line import CommandLine
from tls_parts.invitation import SCHEME, Invitation, read_link

Address = tuple[str, int]
_Place = tuple[str | None, int | None]  # as far as it is given

_MOST: Final = 16  # servers of one chat
_VARIABLES: Final = ("CHAT_SERVER", "CHAT_HOST", "CHAT_PORT")


class Chosen(NamedTuple):
    """The servers, in the order in which they were named, and the link that names them, if there is one."""

    first: Address
    others: tuple[Address, ...]
    link: Invitation | None
    saved: Saved | None = None  # if they were named by a short name


class _Named(NamedTuple):
    """Addresses or a link, and the argument or the variable that holds them."""

    texts: list[str]
    source: str
    saved: Saved | None = None

    def __str__(self) -> str:
        return " ".join(self.texts)


def chosen_servers(
    parser: CommandLine, options: argparse.Namespace, saved: Mapping[str, Saved], usual: str | None = None
) -> Chosen:
    """The addresses, or --host and --port, before the environment, before the settings.

    `saved` are the servers with a short name, `usual` is the one of those who name none. SystemExit if they contradict
    each other.
    """
    named = _named(parser, options, _Shortened(saved, usual))
    link = _link(parser, named)
    found = _places(link) if link else [parser.value(named.source, text, _address) for text in named.texts]
    found = found or [(None, None)]
    host = parser.value("--host", options.host, _host) if options.host else None
    port = None if options.port is None else parser.value("--port", options.port, parse_port)
    _refuse_others(parser, "--host", host, [host for host, _ in found], named)
    _refuse_others(parser, "--port", port, [port for _, port in found], named)
    first, *others = [_whole(parser, place, host, port) for place in found]
    return Chosen(first, tuple(others), link, named.saved)


def _whole(parser: CommandLine, place: _Place, host: str | None, port: int | None) -> Address:
    """With what the options or the environment say where it says nothing."""
    host = place[0] or host or os.environ.get("CHAT_HOST") or DEFAULT_HOST
    port = port if place[1] is None else place[1]
    if port is None:
        port = parser.value("CHAT_PORT", os.environ.get("CHAT_PORT") or str(DEFAULT_PORT), parse_port)
    return host, port


class _Shortened(NamedTuple):
    """What the settings know of servers."""

    saved: Mapping[str, Saved]
    usual: str | None

    def named(self, word: str) -> _Named | None:
        if (saved := self.saved.get(word)) is None:
            return None
        return _Named(_split(saved.address), f"servers.{word}", saved)

    def named_usual(self) -> _Named | None:
        if self.usual is None:
            return None
        return self.named(self.usual) or _Named(_split(self.usual), "server")


def _named(parser: CommandLine, options: argparse.Namespace, shortened: _Shortened) -> _Named:
    given = [text for argument in options.addresses if argument for text in _parts(argument)]
    if len(given) == 1 and (short := shortened.named(given[0])):
        return short
    _refuse_a_port_alone(parser, given)
    usual = _usual()
    is_silent = not (given or options.host or options.port or any(map(os.environ.get, _VARIABLES)))
    if is_silent and (named := shortened.named_usual()):
        return named
    if options.host or not usual.texts or any(_address_has_host(text) for text in given):
        return _Named(given, "address")
    if given:
        what = "link" if _is_link(usual.texts[0]) else "address"
        parser.error(f"{given[0]} contradicts the {what} in {usual.source}; give one of them")
    return usual


def _address_has_host(text: str) -> bool:
    return text.startswith("::") or not text.startswith(":")


def _usual() -> _Named:
    """What the environment names, besides a host alone."""
    if servers := os.environ.get("CHAT_SERVER", "").strip(" ,"):
        return _Named(_split(servers), "CHAT_SERVER")
    host = os.environ.get("CHAT_HOST", "")
    return _Named([host] if _is_link(host) else [], "CHAT_HOST")


def _split(text: str) -> list[str]:
    """Addresses that are separated by spaces or commas, or a link."""
    return [text] if _is_link(text) else re.split(r"[\s,]+", text.strip(" ,"))


def _parts(argument: str) -> list[str]:
    return [argument] if _is_link(argument) else argument.split(",")


def _refuse_a_port_alone(parser: CommandLine, given: list[str]) -> None:
    """Somebody has written HOST PORT."""
    for before, text in pairwise(given):
        if text.isascii() and text.isdigit() and len(text) <= 5 and ":" not in before.removeprefix("::"):
            parser.error(f"unexpected argument {text}; write {format_address(before, int(text))}")


def _refuse_others(
    parser: CommandLine, option: str, asked: str | int | None, given: Sequence[str | int | None], named: _Named
) -> None:
    """An option says the same as the addresses, or what they leave open."""
    if asked is not None and any(value is not None and value != asked for value in given):
        parser.error(f"option {option} {asked} contradicts {named}; give one of them")


def _link(parser: CommandLine, named: _Named) -> Invitation | None:
    links = [text for text in named.texts if _is_link(text)]
    if links and len(named.texts) > 1:
        parser.error("a link names all servers; give it alone")
    if len(named.texts) > _MOST:
        parser.error(f"too many servers: {len(named.texts)} > {_MOST}")
    return parser.value(named.source, links[0], read_link) if links else None


def _places(link: Invitation) -> list[_Place]:
    return [(link.host, link.port), *link.others]


def _is_link(text: str) -> bool:
    return text.startswith(SCHEME)


def _host(text: str) -> str:
    if _is_link(text):
        raise ValueError("give a link without --host")
    if text.count(":") == 1 or text.startswith("["):
        raise ValueError("write the host alone, and its port with --port")
    return text


def _address(text: str) -> _Place:
    scheme, found, rest = text.partition("://")
    if found:
        raise ValueError(f"write it without {scheme}://, like {rest.strip('/') or 'HOST'}")
    if text.isascii() and text.isdigit():
        raise ValueError(f"write HOST:{text}, or :{text} for a port on this machine")
    if not text.strip() or (text.count(":") == 1 and text.endswith(":")):
        raise ValueError("write HOST, HOST:PORT or [IPV6]:PORT")
    host, port = parse_address(text, default_port=-1)
    return host if _address_has_host(text) else None, None if port < 0 else port
