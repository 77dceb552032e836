"""The servers that this person has reached encrypted, and how each is recognised: by its key, or by its verified name.

A line for each: `HOST:PORT KEY DATE`, where KEY is `verified` if an authority vouches for the name. Other lines and
comments are kept as they are. It must not know connections.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from client_parts.kept.shared_file import one_at_a_time, replace
from tls_parts.public_key import decoded, encoded

_VERIFIED: Final = "verified"
_BEGINNING: Final = "# Servers that were reached encrypted: address, key (or that its name was verified), first seen.\n"


class KnownServersError(Exception):
    """The file cannot be used: why, and what to do, in one sentence."""


class Known(NamedTuple):
    """How a server is recognised: by the digest of its key, or without one by its name."""

    key: bytes | None
    since: str = ""  # a date

    def is_like(self, other: Known | None) -> bool:
        return other is not None and self.key == other.key


def known_today(key: bytes | None) -> Known:
    return Known(key, time.strftime("%Y-%m-%d"))


class KnownServers:
    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, address: str) -> Known | None:
        """What is remembered of the server at that address. KnownServersError if nobody can tell."""
        return self._found(self._lines(), address)

    def remember(self, address: str, known: Known, before: Known | None) -> Known:
        """Remember it in place of what was found before; what is remembered now.

        That is something else if another client was faster. KnownServersError if it cannot be kept.
        """
        with self._changing():
            lines = self._lines()
            if (present := self._found(lines, address)) is not None and not present.is_like(before):
                return present
            self._write([*_without(lines, address), f"{address} {_word(known)} {known.since}"])
        return known

    def forget(self, address: str) -> Known | None:
        """Forget all that is remembered of that address; what that was. KnownServersError if it stays."""
        with self._changing():
            lines = self._lines()
            forgotten = next((_parsed(line) for line in lines if _address(line) == address), None)
            if forgotten is not None:
                self._write(_without(lines, address))
        return forgotten

    def _lines(self) -> list[str]:
        try:
            if self._path.exists() and not self._path.is_file():  # reading a pipe may wait for ever
                raise KnownServersError(f"Cannot use {self._path}: it is not a file. Move it away.")
            return self._path.read_text("utf-8", "replace").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as problem:
            raise self._unusable(problem) from None

    def _found(self, lines: list[str], address: str) -> Known | None:
        known = next((_parsed(line) for line in lines if _address(line) == address), None)
        if known is not None and known.key == b"":
            raise KnownServersError(f"{self._path} has no valid key for {address}; --forget-server removes it.")
        return known

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Nobody else changes the file meanwhile."""
        try:
            with one_at_a_time(self._path.parent):
                yield
        except OSError as problem:
            raise self._unusable(problem) from None

    def _write(self, lines: list[str]) -> None:
        text = "".join(line + "\n" for line in lines)
        replace(self._path, text if text.startswith("#") else _BEGINNING + text)

    def _unusable(self, problem: OSError) -> KnownServersError:
        reason = problem.strerror or str(problem)
        return KnownServersError(f"Cannot use the list of known servers, {self._path}: {reason}.")


def _address(line: str) -> str:
    return line.split()[0] if line.strip() and not line.lstrip().startswith("#") else ""


def _parsed(line: str) -> Known:
    """With an empty key if that cannot be read."""
    _, word, since, *_ = [*line.split(), "", ""]
    if word == _VERIFIED:
        return Known(None, since)
    try:
        return Known(decoded(word), since)
    except ValueError:
        return Known(b"", since)


def _without(lines: list[str], address: str) -> list[str]:
    return [line for line in lines if _address(line) != address]


def _word(known: Known) -> str:
    return _VERIFIED if known.key is None else encoded(known.key)
