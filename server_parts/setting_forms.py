"""What the values of settings may be: each function makes one of a text, or says what is wrong with that. Pure."""

from __future__ import annotations

import ipaddress
import re
import shutil
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, urlsplit

from chat_common import MAX_DIGITS, is_name

_HOST_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?\.?")
_SIZE: Final = re.compile(r"([0-9]{1,12})([KMGT])?(?:i?B)?", re.IGNORECASE)


def count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise ValueError(f"use a whole number, 0 or more, of at most {MAX_DIGITS} digits")
    return int(text)


def at_least_one(text: str) -> int:
    if count(text) < 1:
        raise ValueError("use 1 or more")
    return int(text)


def days(text: str) -> float:
    try:
        days = rate(text)
    except ValueError:
        days = 0.0
    if not days:
        raise ValueError("use a number above 0")
    return days


def rate(text: str) -> float:
    if not (text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= MAX_DIGITS):
        raise ValueError(f"use a number, 0 or more, of at most {MAX_DIGITS} digits")
    return float(text)


def backlog(text: str) -> int:
    length = count(text)
    if length < 65_536:
        raise ValueError("use at least 65536 bytes: one line must fit")
    return length


def size(text: str) -> int:
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError("use a number of bytes, or one with K, M, G or T, like 100M")
    size = int(found[1])
    for _ in range("KMGT".find(found[2].upper()) + 1 if found[2] else 0):
        size *= 1024
    return size


def folder(text: str) -> str:
    if not text:
        raise ValueError("name a folder, or :memory: to keep nothing")
    return text


def database(text: str) -> str:
    """The address of a database. It must be clear what of it is a password: else that could be shown somewhere."""
    parts = urlsplit(text)
    if parts.scheme not in ("postgresql", "postgres") or "://" not in text:
        raise ValueError("use an address like postgresql://USER@HOST/DATABASE")
    if parts.netloc.count("@") > 1 or "@" in parts.path + parts.query or "#" in text:
        raise ValueError("write @ / ? # in a user's name or password as %40 %2F %3F %23")
    if not parts.path.strip("/"):
        raise ValueError("name the database, as in postgresql://USER@HOST/DATABASE")
    return text


def without_password(address: str) -> str:
    parts = urlsplit(address)
    who, at, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{who.partition(':')[0]}{at}{host}{parts.path}"


def has_password(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.password) or any(name in ("password", "sslpassword") for name in parse_qs(parts.query))


def file(text: str) -> str:
    if not text:
        raise ValueError("name a file")
    return text


def program(text: str) -> str:
    found = shutil.which(text) if text else None
    if found is None:
        raise ValueError("name a program that can be run")
    return found


def operator_name(text: str) -> str:
    if not is_name(text):
        raise ValueError("use 1 to 32 of A-Z a-z 0-9 _ . -, and start with a letter or a digit")
    return text


def host_name(text: str) -> str:
    if not _HOST_NAME.fullmatch(text):
        raise ValueError("use a host name like chat.example.org, without https:// and without a port")
    return text.lower()


def address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("use an IP address like 192.0.2.1") from None


def one_of(*words: str) -> Callable[[str], str]:
    def choice(text: str) -> str:
        if text not in words:
            raise ValueError(f"use {', '.join(words[:-1])} or {words[-1]}")
        return text

    return choice
