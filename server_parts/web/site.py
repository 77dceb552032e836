"""What this server says over HTTP: one table of paths, and the rules that every request has to keep to first.

One for a server. It must not know sockets, threads, or what is said in the chat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, Protocol
from urllib.parse import parse_qs

from chat_common import format_address, is_name
from server_parts.protocol.account_requests import LogOut, Secret
from server_parts.protocol.file_names import FILES
from server_parts.protocol.requests import Reply, Request
from server_parts.web import cookies, file_paths, files, hosts
from server_parts.web.forwarded import Behind, Proxies
from server_parts.web.handshake import HOW, accepted
from server_parts.web.heads import BadHeadError, Head
from server_parts.web.hosts import Hosts
from server_parts.web.responses import Field, done, told
from server_parts.web.visits import Visits

CHAT: Final = "/chat"
ROBOTS: Final = "User-agent: *\nDisallow: /"
_ICON: Final = "/favicon.svg"
_READING: Final = ("GET", "HEAD")
_FOREIGN: Final = "Only the page of this server may ask for that."
NO_PAGE: Final = "This is a chat server, not a web server. Come in with client.py, or with nc."
_IN_CLEAR: Final = "This port speaks https: put https:// before the address, or use client.py."


class Caller(Protocol):
    """Whoever asks, as far as that matters here."""

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection to this server is."""

    @property
    def source(self) -> str:
        """For whom it is counted."""

    @property
    def is_open(self) -> bool:
        """Whether it may talk as it does; else it has to encrypt."""

    def is_behind(self, proxies: Proxies) -> bool:
        """Whether it is one of these."""

    def forward(self, client: Behind) -> str | None:
        """It is a proxy that talks for somebody, who is counted from now on. Returns why there is no place for them."""


class Upgrade(NamedTuple):
    """The connection becomes a WebSocket behind this answer."""

    block: bytes
    token: Secret | None


class _Asked(NamedTuple):
    """A request that has kept to the rules."""

    head: Head
    is_encrypted: bool  # for the browser

    @property
    def has_body(self) -> bool:
        return self.head.method != "HEAD"

    def told(self, status: int, sentence: str, fields: Iterable[Field] = ()) -> Reply:
        return Reply(told(status, sentence, fields, has_body=self.has_body), f"{self.head.method} {status}")


Answered = Request | Upgrade


def _wrong_method(asked: _Asked, methods: Iterable[str]) -> Reply:
    return asked.told(405, f"Here, {' and '.join(methods)} can be asked for.", (("Allow", ", ".join(methods)),))


class Site:
    def __init__(self, names: Iterable[str] = (), proxies: Iterable[str] = (), *, has_page: bool = True) -> None:
        """`names` are those under which this server is reached; `proxies` are believed about whom they talk for."""
        self._hosts = Hosts(names)
        self.has_page = has_page
        self.proxies = Proxies(proxies)
        self.visits = Visits()
        self._paths: dict[str, tuple[tuple[str, ...], Callable[[_Asked], Answered]]] = {
            CHAT: (("GET",), self._open_chat),
            "/session": (("POST",), self._begin_session),
            "/logout": (("POST",), self._log_out),
            "/robots.txt": (_READING, lambda asked: asked.told(200, ROBOTS)),
        }

    def address(self, host: str, port: int, *, is_encrypted: bool) -> str:
        """Where somebody finds the page who is connected to that address of this machine."""
        names = self._hosts.named
        if names and self.proxies:
            return f"https://{names[0]}/"  # the proxy's port
        place = format_address(names[0] if names and is_encrypted else host, port)
        return f"{'https' if is_encrypted else 'http'}://{place}/"

    def note_visit(self, caller: Caller, now: float) -> None:
        """A browser has asked for something. Proxies open nothing ahead, and talk for many."""
        if not caller.is_behind(self.proxies):
            self.visits.note(caller.source, now)

    def answer(self, head: Head, caller: Caller) -> Answered:
        """What becomes of a request. BadHeadError says what is wrong with it."""
        if not caller.is_open:
            raise BadHeadError(403, _IN_CLEAR)
        is_encrypted = caller.is_encrypted
        if caller.is_behind(self.proxies) and (client := self.proxies.client_of(head)) is not None:
            if problem := caller.forward(client):
                raise BadHeadError(503, f"{problem[0].upper()}{problem[1:]}.")
            is_encrypted = client.is_encrypted
        if not self._hosts.knows(head.get("host") or ""):
            raise BadHeadError(421, "This server is not known by that name; its operator can add it with --web-host.")
        if not head.target.startswith("/"):
            raise BadHeadError(400, "This server is no proxy: ask for a path.")
        asked = _Asked(head, is_encrypted)
        if head.path.startswith(FILES):
            return self._about_file(asked)
        if not self.has_page:
            raise BadHeadError(400, NO_PAGE)
        return self._routed(asked)

    @staticmethod
    def _about_file(asked: _Asked) -> Answered:
        head, is_encrypted = asked
        if head.method not in file_paths.METHODS:
            return _wrong_method(asked, file_paths.METHODS)
        if not (hosts.is_own_page(head, is_encrypted=is_encrypted) or file_paths.is_navigation(head)):
            return asked.told(403, _FOREIGN)
        return file_paths.transfer_in(head)

    def _routed(self, asked: _Asked) -> Answered:
        head = asked.head
        file, kept = files.find(_ICON if head.path == "/favicon.ico" else head.path)
        found = self._paths.get(head.path)
        if found is None and file is None:
            return asked.told(404, "There is nothing here; the chat is at /.")
        methods, answer = found or (_READING, None)
        if head.method not in methods:
            return _wrong_method(asked, methods)
        if answer is not None:
            return answer(asked)
        assert file is not None
        return Reply(files.sent(file, head, kept, has_body=asked.has_body), f"{head.method} {head.path}")

    @staticmethod
    def _open_chat(asked: _Asked) -> Answered:
        head, is_encrypted = asked
        if not hosts.is_own_page(head, is_encrypted=is_encrypted):
            return asked.told(403, _FOREIGN)
        try:
            return Upgrade(accepted(head), cookies.token_of(head, is_encrypted=is_encrypted))
        except BadHeadError as error:
            return asked.told(error.status, error.text, HOW if error.status == 426 else ())

    @staticmethod
    def _begin_session(asked: _Asked) -> Answered:
        """A token for this browser, or the one that it has for longer."""
        head, is_encrypted = asked
        if not hosts.is_certainly_own_page(head, is_encrypted=is_encrypted):
            return asked.told(403, _FOREIGN)
        token = cookies.token_of(head, is_encrypted=is_encrypted) or cookies.new_token()
        return Reply(done([cookies.kept(head, token, is_encrypted=is_encrypted)]), "a session")

    @staticmethod
    def _log_out(asked: _Asked) -> Answered:
        head, is_encrypted = asked
        if not hosts.is_certainly_own_page(head, is_encrypted=is_encrypted):
            return asked.told(403, _FOREIGN)
        ended = done([cookies.forgotten(head, is_encrypted=is_encrypted)])
        token = cookies.token_of(head, is_encrypted=is_encrypted)
        if token is None:
            return Reply(ended, "nobody logged out")
        named = parse_qs(head.query, max_num_fields=4).get("name", [""])[-1]
        kept = told(
            409, "This browser is the only way into your account: set a password first, or link another device."
        )
        return LogOut(token, named if is_name(named) else None, ended, kept)
