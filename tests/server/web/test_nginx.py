"""The server behind nginx, with the very lines that docs/web.md gives to operators."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browsers import Web, ask
from tests.conftest import Chat, ChatLog, Serve
from tests.peers import WAIT, wait_until
from tests.postgres import free_port
from tests.sending import reserve, send

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
DOCS = Path(__file__).parents[3] / "docs" / "web.md"
MAIN = """
daemon off; master_process off; pid {here}/pid; error_log {here}/errors;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {here}/body; proxy_temp_path {here}/proxy; fastcgi_temp_path {here}/fastcgi;
  uwsgi_temp_path {here}/uwsgi; scgi_temp_path {here}/scgi;
  server {{ listen 127.0.0.1:{port}; {documented} }}
}}
"""

pytestmark = pytest.mark.skipif(NGINX is None, reason="there is no nginx on this machine")


@contextmanager
def nginx(chat: Chat, here: Path) -> Iterator[int]:
    """Its port."""
    assert NGINX is not None
    port = free_port()
    found = re.search(r"```nginx\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert found is not None
    documented = found[1].replace("127.0.0.1:3030", f"127.0.0.1:{chat.port}")
    config = here / "nginx.conf"
    config.write_text(MAIN.format(here=here, port=port, documented=documented))
    with subprocess.Popen([NGINX, "-p", str(here), "-c", str(config), "-e", str(here / "errors")]) as program:
        try:
            assert wait_until(lambda: _listens(port)), (here / "errors").read_text()
            yield port
        finally:
            program.terminate()
            program.wait(WAIT)


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_people_talk_through_it(serve: Serve, tmp_path: Path, chat_log: ChatLog) -> None:
    """They get the page and a conversation, and count as who they are, whatever they make up."""
    chat = serve(trusted_proxy=("127.0.0.1",))
    with nginx(chat, tmp_path) as port:
        own, foreign = (f"http://127.0.0.1:{number}" for number in (port, chat.port))
        assert ask(port, "/", Connection="close").status == 200
        assert ask(port, "/session", "POST", Connection="close", Origin=own).status == 204
        assert ask(port, "/session", "POST", Connection="close", Origin=foreign).status == 403
        assert ask(port, "/", host="evil.example", Connection="close").status == 421
        told = {"X-Forwarded-For": "203.0.113.1, 192.0.2.9", "Forwarded": "for=203.0.113.2;proto=https"}
        page = chat.admit(Web(port, "ann", fields=told))
        assert page.tell("x" * 5_000)["id"] == 1
        body = bytes(range(256)) * 6000  # more than nginx takes by itself
        place = reserve(page, "a.bin", len(body))
        assert send(port, place["url"], body, fields={"Connection": "close"}).status == 201
        id = page.until("message", seq=page.say("", file=place["id"]))["file"]["id"]
        assert ask(port, f"/files/{id}/a.bin", Connection="close", Range="bytes=5-").body == body[5:]
        page.ping(b"hello")
        page.leave()
        assert (page.closed, page.pongs) == ((1000, "goodbye"), [b"hello"])
    connected = [r.getMessage() for r in chat_log.records if r.getMessage().startswith("Client connected")]
    assert connected[0].startswith("Client connected from 192.0.2.9: ann")
