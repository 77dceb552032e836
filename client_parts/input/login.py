"""The password, or one-time code, with which a person logs in: typed unseen before there is a screen, or from a file.

It never comes from the command line, where other users of the machine could read it. It must not know the connection.
"""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from client_parts.kept.identity import exposure

LONGEST = 256  # characters


class LoginError(Exception):
    """Why there is no password to log in with, as one sentence."""


def ask_for_password(name: str) -> str:
    """Ask on the terminal. Raises LoginError where there is none."""
    if not sys.stdin.isatty():
        raise LoginError("Option --login asks for the password in a terminal; in a pipe, use --password-file FILE.")
    try:
        return _checked(getpass.getpass(f"Password or code for {name}: "), "No password was given.")
    except EOFError:
        raise LoginError("No password was given.") from None
    except KeyboardInterrupt:
        print(file=sys.stderr)  # the shell goes on in a row of its own
        raise


def password_in(path: Path) -> str:
    """The first line of a file."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not text"
        raise LoginError(f"Cannot read the password in {path}: {reason}.") from None
    return _checked(lines[0] if lines else "", f"There is no password in the first line of {path}.")


def warning_about(path: Path) -> str | None:
    """One sentence if others can read that file."""
    return exposure(path)


def _checked(password: str, if_none: str) -> str:
    if not password:
        raise LoginError(if_none)
    if len(password) > LONGEST:
        raise LoginError(f"That password is too long: {len(password)} > {LONGEST} characters.")
    return password
