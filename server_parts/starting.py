"""What is said when a server starts, or cannot: who reaches it, and what is wrong with a port or an address."""

from __future__ import annotations

import errno
import socket
import sys

from chat_common import format_address, harmless_line, paint
from server_parts.wire import sockets
from terminal_parts.command_line import how_to_start
from terminal_parts.fitting import fitted_for


def tell_reach(host: str, port: int) -> None:
    if host in ("0.0.0.0", "::", ""):
        for address in sockets.own_addresses():
            print(f"From other machines: {how_to_start('client')} {format_address(address, port)}")
        print(
            paint("Messages travel unencrypted: use this server only in networks that you trust.", "yellow"), flush=True
        )


def why_not(error: OSError, host: str, port: int) -> str:
    where = format_address(host, port)
    if error.filename:
        return f"{harmless_line(str(error.filename))} cannot be written: {error.strerror}."
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken: stop the other program, or choose another port with --port."
    if error.errno == errno.EACCES:
        return f"{where} needs more rights: choose a port above 1023 with --port."
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{harmless_line(host)} is not an address of this machine: choose another with --host."
    return f"The server cannot start on {harmless_line(where)}: {error.strerror or error}."


def as_sentence(reason: str) -> str:
    """A reason with a capital letter, unless it begins with a path or an option, and a full stop."""
    is_word = reason.partition(" ")[0].isalpha()
    return f"{reason[:1].upper() if is_word else reason[:1]}{reason[1:]}."


def complain(sentence: str) -> int:
    print(paint(fitted_for(sentence, sys.stderr), "red"), file=sys.stderr)
    return 1
