"""What PostgreSQL's errors mean to a person: one sentence, in which no password can be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import errors

from server_parts.storage.records import StorageError

# Of errors that have a code, how it begins decides; the longest that fits comes first.
_CODES: Final = {
    "28P01": "the password is wrong, or none was given",
    "28": "it does not let this user in",
    "3D000": "there is no such database",
    "42501": "this user has not the rights for it",
    "40": "another server was in the way",
    "53100": "the disk is full",
    "53300": "it has too many connections",
    "53": "it lacks memory, space or connections",
    "57014": "it took too long",
    "57P": "it is stopping or starting",
    "57P04": "it was removed",
    "57P05": "this server was silent for too long",
    "58": "its disk or system reports an error",
    "XX001": "it is damaged",
    "XX002": "it is damaged",
    "25006": "it may only be read",
}
# Errors of a connection that cannot be made have only words, in the database's own language; English is understood.
_WORDS: Final = (
    ("password authentication failed", "the password is wrong"),
    ("no password supplied", "it wants a password"),
    ("authentication failed", "it does not let this user in"),
    ("no pg_hba.conf entry", "it does not let this user in from here"),
    ("does not exist", "there is no such database or user"),
    ("Connection refused", "nothing listens there"),
    ("No such file or directory", "nothing listens there"),
    ("timeout expired", "it does not answer"),
    ("translate host name", "there is no such host"),
    ("resolve host", "there is no such host"),
    ("starting up", "it is starting"),
    ("shutting down", "it is stopping"),
    ("too many", "it has too many connections"),
    ("terminating connection", "the connection was ended"),
    ("closed the connection", "the connection was lost"),
    ("server closed", "the connection was lost"),
    ("non-socket", "it did not answer in time"),
)
# What is said of an address from which nothing comes back, not even a refusal.
_SILENCE: Final = ("timeout expired", "timed out", "No route to host", "unreachable")


def is_silence(error: psycopg.Error) -> bool:
    """Whether there was no answer at all to an attempt to connect, as when the network is gone."""
    return isinstance(error, errors.ConnectionTimeout) or any(sign in str(error) for sign in _SILENCE)


def reason(error: psycopg.Error) -> str:
    """Why, in words; of errors that nobody foresaw, their code."""
    code = error.sqlstate or ""
    known = next((_CODES[code[:size]] for size in (5, 3, 2) if code[:size] in _CODES), None)
    if known:
        return f"{known} ({code})"
    if not code:
        text = str(error)
        return next((words for sign, words in _WORDS if sign in text), "the connection failed")
    return f"{errors.lookup(code).__name__} ({code})" if _is_known(code) else f"error {code}"


def _is_known(code: str) -> bool:
    try:
        errors.lookup(code)
    except KeyError:
        return False
    return True


@contextmanager
def told(sentence: str) -> Iterator[None]:
    """PostgreSQL's errors as the log's own: `sentence`, a colon and the reason."""
    try:
        yield
    except psycopg.Error as error:
        # Not `from error`: its text may hold parts of what somebody typed for a password.
        raise StorageError(f"{sentence}: {reason(error)}") from None
