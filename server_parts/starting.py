"""What is said when a server starts, or cannot: who reaches it, and what is wrong with a port or an address."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterator

from chat_common import LOBBY, format_address, harmless_line, paint
from server_parts.own_certificate import Encryption
from server_parts.settings import EVERYONE, MEMORY, NOBODY, Settings
from server_parts.wire import sockets
from server_parts.wire.certificate import Certificate
from terminal_parts.command_line import how_to_start
from terminal_parts.fitting import fitted_for
from tls_parts.invitation import Invitation
from tls_parts.public_key import words

PASSWORD_SHOWN = (
    "Everybody on this machine can see the password in --store, for instance with ps: "
    "put the address into CHAT_STORE instead, or the password into ~/.pgpass."
)


def warn_of_password() -> None:
    """Beside what the program writes: that may be an export."""
    print(paint(fitted_for(PASSWORD_SHOWN, sys.stderr), "yellow"), file=sys.stderr)


def tell_place(settings: Settings) -> None:
    """Where messages are stored, if that is not on this machine's disk."""
    if settings.store is not None:
        print(f"Messages are stored in {harmless_line(settings.place)}")


def tell_reach(address: str, port: int, encryption: Encryption, settings: Settings) -> None:
    """`address` is the one that the server listens on."""
    if encryption.why_not:
        _warn(f"Connections are not encrypted: {encryption.why_not}.")
    if encryption.certificate is not None and encryption.certificate.warning:
        _warn(as_sentence(encryption.certificate.warning))
    if not sockets.is_loopback(address):
        _tell_others(address, port, encryption.certificate, settings)
    sys.stdout.flush()


def tell_pages(address: str, port: int, certificate: Certificate | None, settings: Settings) -> None:
    """Where browsers find the chat, if they do: on this machine, and elsewhere."""
    if settings.web != "on":
        return
    is_everywhere = address in ("0.0.0.0", "::")
    if is_everywhere or sockets.is_loopback(address):
        scheme = "https" if settings.plain == NOBODY and certificate is not None else "http"
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
        print(f"In a browser: {scheme}://{format_address(here, port)}/")
    if not sockets.is_loopback(address):
        scheme = "http" if certificate is None else "https"
        for host in settings.web_host or (sockets.own_addresses() if is_everywhere else [address]):
            print(f"In a browser on another machine: {scheme}://{format_address(host, port)}/")
    sys.stdout.flush()


def _tell_others(address: str, port: int, certificate: Certificate | None, settings: Settings) -> None:
    client = how_to_start("client")
    for where in _invitations(address, port, certificate):
        print(f"From other machines: {client} {where}")
    if certificate is not None:
        _tell_key(certificate, settings)
    if settings.plain == EVERYONE:
        how = "travel" if certificate is None else "may travel"
        _warn(f"Messages {how} unencrypted: use this server only in networks that you trust.")


def _tell_key(certificate: Certificate, settings: Settings) -> None:
    print(f"The key of this server: {words(certificate.digest)}")
    if settings.data == MEMORY and settings.tls_key is None:
        _warn(
            "This key exists only until the server stops; clients that return are warned. Use --tls-key to keep a key."
        )


def _invitations(address: str, port: int, certificate: Certificate | None) -> Iterator[str]:
    """What others give to their client. In these quotes no shell changes a link, and none passes the quotes on."""
    if certificate is not None and not certificate.is_self_signed:
        # A renewed certificate usually has a new key, so a link that names the key would soon turn people away.
        yield f'"{Invitation("HOST", port, LOBBY)}", where HOST is the name in the certificate'
        return
    hosts = sockets.own_addresses() if address in ("0.0.0.0", "::") else [address]
    yield from (_invitation(host, port, certificate) for host in hosts)
    if not hosts:
        yield f"{_invitation('HOST', port, certificate)}, where HOST is the address of this machine"


def _invitation(host: str, port: int, certificate: Certificate | None) -> str:
    if certificate is None:
        return f"{format_address(host, port)} --no-tls"
    return f'"{Invitation(host, port, LOBBY, certificate.digest)}"'


def _warn(sentence: str) -> None:
    print(paint(harmless_line(sentence), "yellow"))


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
    reason = harmless_line(reason)
    is_word = reason.partition(" ")[0].isalpha()
    return f"{reason[:1].upper() if is_word else reason[:1]}{reason[1:]}."


def complain(sentence: str) -> int:
    print(paint(fitted_for(sentence, sys.stderr), "red"), file=sys.stderr)
    return 1
