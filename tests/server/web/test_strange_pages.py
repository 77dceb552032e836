"""Pages that are not this server's, cookies, proxies, and who is counted for what."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from server_parts.protocol import doorway
from server_parts.protocol.moderation_requests import Ban
from server_parts.reading import counted_as
from server_parts.storage.memory_log import MemoryLog
from server_parts.web.forwarded import Proxies
from tests.browsers import Answer, Web, ask
from tests.conftest import Chat, ChatLog, Serve
from tests.peers import Native, Peer, Plain, codes, wait_until
from tests.server.account_holders import PASSWORD, by_the_owner, set_password
from tests.tls.certificates import needs_openssl, trusting_context


def web(chat: Chat, name: str | None = None, **hello: Any) -> Web:
    return chat.admit(Web(chat.port, name, **hello))


def own(chat: Chat) -> str:
    return f"http://127.0.0.1:{chat.port}"


# --- foreign pages ---


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": None, "Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 421),
        ({"Host": "evil.example", "Origin": None}, 421),
        ({"Host": "localhost.evil.example:80", "Origin": "http://localhost.evil.example:80"}, 421),
        ({"Origin": None}, 101),
        ({"Host": "localhost", "Origin": "http://localhost"}, 101),
        ({"Host": "chat.example", "Origin": "https://chat.example"}, 101),
    ],
)
def test_who_may_open_a_websocket(serve: Serve, fields: dict[str, str | None], status: int) -> None:
    """The page of this server under its own names, and programs that are no pages."""
    chat = serve(web_host=("chat.example",))
    assert web(chat, fields=fields).upgrade.status == status


def test_a_page_whose_name_leads_here_reads_nothing(chat: Chat) -> None:
    """Its browser says the page is this server's; the name says that it is not."""
    for path in ("/", "/index.html", "/robots.txt", "/favicon.ico", "/chat"):
        got = ask(chat.port, path, host="rebound.example:80", Origin="http://rebound.example:80")
        assert got.status == 421
        assert b"chat" not in got.body.lower()
    assert ask(chat.port, "/session", "POST", host="rebound.example", Origin="http://rebound.example").status == 421


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://evil.example", "Sec_Fetch_Site": "same-origin"}, 403),
        ({"Origin": "OWN", "Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "none"}, 403),
        ({"Origin": "OWN"}, 204),
        ({"Sec_Fetch_Site": "same-origin"}, 204),
    ],
)
@pytest.mark.parametrize("path", ["/session", "/logout"])
def test_only_the_page_may_change_something(chat: Chat, path: str, fields: dict[str, str], status: int) -> None:
    """No form and no script of another page."""
    fields = {name: own(chat) if value == "OWN" else value for name, value in fields.items()}
    got = ask(chat.port, path, "POST", **fields)
    assert got.status == status
    assert ("set-cookie" in got.fields) is (status == 204)


@needs_openssl
def test_a_page_in_clear_is_not_the_encrypted_one_s(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sits on the line can make one up."""
    monkeypatch.setattr(Peer, "tls", trusting_context())
    assert web(chat, fields={"Origin": own(chat)}).upgrade.status == 403
    assert ask(chat.port, "/session", "POST", Origin=own(chat)).status == 403
    cookie = ask(chat.port, "/session", "POST", Origin=f"https://127.0.0.1:{chat.port}").fields["set-cookie"]
    assert cookie.startswith(f"__Host-chat-{chat.port}=")
    assert "; Secure" in cookie


def test_who_has_to_encrypt_is_told_so(serve: Serve) -> None:
    """In clear, where that is not allowed: with the reason and what to do, and no more than that."""
    chat = serve(plain="nobody")
    got = ask(chat.port, "/")
    assert (got.status, got.fields["content-type"]) == (403, "text/plain; charset=utf-8")
    assert b"https" in got.body
    assert web(chat).upgrade.status == 403
    head = ask(chat.port, "/", "HEAD")
    assert (head.status, head.body) == (403, b"")


# --- cookies ---


def new_cookie(chat: Chat, **fields: str) -> str:
    """What a browser has then."""
    return ask(chat.port, "/session", "POST", Origin=own(chat), **fields).fields["set-cookie"].partition(";")[0]


def log_out(chat: Chat, cookie: str, path: str = "/logout") -> Answer:
    return ask(chat.port, path, "POST", Origin=own(chat), Cookie=cookie)


def page(chat: Chat, name: str, cookie: str, **hello: Any) -> Web:
    return web(chat, name, cookie=True, client="page", fields={"Cookie": cookie}, **hello)


def test_a_cookie_is_a_device(chat: Chat) -> None:
    """The name is claimed for it, and nobody gets in without it; a second session of the browser has the same."""
    cookie = new_cookie(chat)
    assert new_cookie(chat, Cookie=cookie) == cookie
    ann = page(chat, "ann", cookie)
    assert (ann.welcome["account"], ann.tell("mine")["id"]) == (False, 1)
    (device,) = ann.ask("devices")[0]["devices"]
    assert (device["label"], device["yours"]) == ("page", True)
    ann.leave()
    stranger = page(chat, "bob", new_cookie(chat))
    assert codes(stranger.ask("nick", name="ann")) == ["name_taken"]
    assert page(chat, "ann", cookie).welcome["account"]


def test_the_hello_has_to_name_the_cookie(chat: Chat) -> None:
    """Else it counts for nothing; and a native client's `cookie` means nothing."""
    cookie = new_cookie(chat)
    page(chat, "ann", cookie).tell("mine")
    without = web(chat, fields={"Cookie": cookie})
    without.hello("ann")
    assert without.until("error")["code"] == "name_taken"
    assert chat.native("carol", cookie=True).welcome["name"] == "carol"


@pytest.mark.usefixtures("cheap_passwords")
def test_a_password_makes_the_browser_a_device(chat: Chat) -> None:
    """It is needed once."""
    ann = chat.native("ann", token="t" * 40, features=["by"])
    ann.tell("mine")
    set_password(ann)
    cookie = new_cookie(chat)
    assert page(chat, "ann", cookie, features=["by"], password=PASSWORD).welcome["account"]
    assert page(chat, "ann", cookie, features=["by"]).welcome["account"]
    assert len(ann.ask("devices")[-1]["devices"]) == 2


@pytest.mark.usefixtures("cheap_passwords")
def test_logging_out_forgets_cookie_and_device(chat: Chat) -> None:
    """The connections of that browser end; other devices stay."""
    terminal = chat.native("ann", token="t" * 40, features=["by"])
    terminal.tell("mine")
    set_password(terminal)
    cookie = new_cookie(chat)
    tab = page(chat, "ann", cookie, features=["by"], password=PASSWORD)
    got = log_out(chat, cookie)
    assert (got.status, "Max-Age=0" in got.fields["set-cookie"]) == (204, True)
    assert tab.until("bye")["code"] == "forgotten"
    assert [device["yours"] for device in terminal.ask("devices")[-1]["devices"]] == [True]
    again = web(chat, fields={"Cookie": cookie})
    again.hello("ann", cookie=True, features=["by"])
    assert again.until("error")["code"] == "name_taken"


@pytest.mark.usefixtures("cheap_passwords")
def test_a_browser_that_is_not_connected_names_the_account(chat: Chat) -> None:
    """That is forgotten, too; a name that is not its own changes nothing."""
    ann = chat.native("ann", token="t" * 40, features=["by"])
    ann.tell("mine")
    set_password(ann)
    cookie = new_cookie(chat)
    page(chat, "ann", cookie, features=["by"], password=PASSWORD).leave()
    assert log_out(chat, new_cookie(chat), "/logout?name=ann").status == 204
    assert len(ann.ask("devices")[-1]["devices"]) == 2
    assert log_out(chat, cookie, "/logout?name=ann").status == 204
    assert len(ann.ask("devices")[-1]["devices"]) == 1


def test_the_only_way_into_an_account_is_kept(chat: Chat) -> None:
    """The browser is told, and goes on."""
    cookie = new_cookie(chat)
    ann = page(chat, "ann", cookie)
    ann.tell("mine")
    got = log_out(chat, cookie)
    assert (got.status, "set-cookie" in got.fields) == (409, False)
    assert b"password" in got.body
    assert ann.tell("still here")["id"] == 2


def test_a_guest_logs_out(chat: Chat) -> None:
    """Nothing is forgotten but the cookie, and its connections end."""
    cookie = new_cookie(chat)
    guest = page(chat, "ann", cookie)
    assert log_out(chat, cookie).status == 204
    assert guest.until("bye")["code"] == "forgotten"


def test_a_removed_device_is_logged_out(chat: Chat) -> None:
    """By another one, in the list of devices."""
    ann = chat.native("ann", token="t" * 40, features=["by"])
    ann.tell("mine")
    code = ann.ask("link")[-1]["code"]
    tab = page(chat, "ann", new_cookie(chat), features=["by"], password=code)
    (other,) = [device["id"] for device in ann.ask("devices")[-1]["devices"] if not device["yours"]]
    ann.send("devices", forget=other)
    assert tab.until("bye")["code"] == "forgotten"


def test_a_link_opens_the_page_as_the_same_person(chat: Chat) -> None:
    """Once: what stands behind its sign are a name and a code, and then the browser is a device."""
    ann = chat.native("ann", token="t" * 40, features=["by"])
    assert codes(ann.ask("link", browser=True)) == ["not_allowed"]
    ann.tell("mine")
    told = ann.ask("link", browser=True)[-1]
    address, _, behind_it = told["page"].partition("#")
    assert address == own(chat) + "/"
    name, _, code = behind_it.partition("/")
    assert (name, code, told["purpose"]) == ("ann", told["code"], "link")
    cookie = new_cookie(chat)
    tab = page(chat, name, cookie, features=["by"], password=code)
    assert tab.welcome["account"]
    assert len(ann.ask("devices")[-1]["devices"]) == 2
    other = web(chat, fields={"Cookie": new_cookie(chat)})
    other.hello(name, cookie=True, features=["by"], password=code)
    assert other.until("error")["code"] == "password_wrong"


def test_the_address_of_the_page(serve: Serve) -> None:
    """By the name that the operator has given; behind a proxy, at its port."""
    for settings, address in (
        ({"web": "off"}, None),
        ({"web_host": ("chat.example",)}, "http://127.0.0.1:{port}/"),
        ({"web_host": ("chat.example",), "trusted_proxy": ("127.0.0.1",)}, "https://chat.example/"),
    ):
        chat = serve(**settings)
        ann = chat.native("ann", token="t" * 40)
        ann.tell("mine")
        told = ann.ask("link", browser=True)[-1]
        assert told.get("page", "").partition("#")[0] == (address or "").format(port=chat.port)


@needs_openssl
def test_the_address_of_the_page_encrypted(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """With https, and the name."""
    monkeypatch.setattr(Peer, "tls", trusting_context())
    chat = serve(web_host=("chat.example",))
    ann = chat.native("ann", token="t" * 40)
    ann.tell("mine")
    assert ann.ask("link", browser=True)[-1]["page"].startswith(f"https://chat.example:{chat.port}/#ann/")


# --- proxies ---


def behind(chat: Chat, name: str | None, address: str, **more: str) -> Web:
    """Somebody who comes through a proxy on this machine."""
    return web(chat, name, fields={"X-Forwarded-For": address, **more})


def test_behind_a_proxy_people_have_their_own_addresses(serve: Serve, chat_log: ChatLog) -> None:
    """For the log, for limits and for bans. What is made up at the beginning of the list counts for nothing."""
    chat = serve(trusted_proxy=("127.0.0.1",), per_address=2)
    for number in range(2):
        behind(chat, f"ann-{number}", "10.9.9.9, 192.0.2.9")
    third = behind(chat, None, "192.0.2.9")
    assert third.upgrade.status == 503
    assert behind(chat, "bob", "192.0.2.10").welcome
    assert chat.native("carol").welcome  # the proxy's own machine is not limited
    connected = [r.getMessage() for r in chat_log.records if r.getMessage().startswith("Client connected")]
    assert connected[0].startswith("Client connected from 192.0.2.9: ann-0")


def test_a_place_is_free_again_when_somebody_behind_a_proxy_leaves(serve: Serve) -> None:
    """It was counted for that address."""
    chat = serve(trusted_proxy=("127.0.0.1",), per_address=1)
    for number in range(3):
        behind(chat, f"ann-{number}", "192.0.2.9").leave()
        assert wait_until(lambda: not chat.server.clients)


@pytest.mark.parametrize(
    ("address", "banned", "other"),
    [("192.0.2.9", "192.0.2.9", "192.0.2.10"), ("2001:db8::9", "2001:db8::/64", "2001:db8:1::9")],
)
def test_a_ban_hits_whoever_is_behind_a_proxy(serve: Serve, address: str, banned: str, other: str) -> None:
    """And not the others who come through it. Whoever comes back, with another cookie, stays out."""
    chat = serve(trusted_proxy=("127.0.0.1",))
    bad, good = behind(chat, "bad", address), behind(chat, "good", other)
    by_the_owner(chat, Ban(address=banned, sure=True))
    assert bad.until("bye")["code"] == "banned"
    again = behind(chat, None, address, Cookie=new_cookie(chat))
    again.hello("innocent", cookie=True)
    assert again.until("bye")["code"] == "banned"
    assert good.tell("still here")["id"] == 1


def test_ipv6_behind_a_proxy_has_limits_too(serve: Serve) -> None:
    """It is no less far away; one machine has all addresses of its network."""
    chat = serve(trusted_proxy=("127.0.0.1",), per_address=2)
    for number in range(2):
        behind(chat, f"ann-{number}", f"2001:db8::{number}")
    assert behind(chat, None, "2001:db8::9").upgrade.status == 503


def test_a_proxy_may_have_an_ipv6_address() -> None:
    """It is that one address, and not its network."""
    proxies = Proxies(["2001:db8::1"])
    assert counted_as("[2001:db8::1]:4711", proxies) == "proxy 2001:db8::/64"
    assert counted_as("[2001:db8::2]:4711", proxies) == "2001:db8::/64"


def test_who_is_behind_a_proxy_delays_no_greeting_on_its_machine(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only after a browser of its own would nc have to wait there."""
    monkeypatch.setattr(doorway, "FIRST_BYTE_WAIT", 0.05)
    chat = serve(trusted_proxy=("127.0.0.1",))
    assert ask(chat.port, "/", X_Forwarded_For="192.0.2.9").status == 200
    assert chat.plain().enter()


def test_a_page_may_be_loaded_again_and_again(serve: Serve) -> None:
    """Each of its files takes a connection, but they cost little; there is a limit to that, too."""
    chat = serve(trusted_proxy=("127.0.0.1",))
    asked = [ask(chat.port, "/", X_Forwarded_For="192.0.2.9").status for _ in range(40)]
    assert asked == [200] * 40
    assert behind(chat, "ann", "192.0.2.9").welcome


def test_without_a_proxy_nobody_is_believed(serve: Serve) -> None:
    """Anybody can send such a field."""
    chat = serve(per_address=1)
    for number in range(3):
        assert behind(chat, f"ann-{number}", "192.0.2.9", Forwarded="for=192.0.2.9").welcome


def test_a_proxy_says_whether_it_is_encrypted(serve: Serve) -> None:
    """Passwords are taken only if it is; so is the cookie that goes nowhere in clear."""
    chat = serve(trusted_proxy=("127.0.0.1",), web_host=("chat.example",))
    for scheme, code in (("http", "encryption_needed"), ("https", "password_wrong")):
        fields = {"X-Forwarded-Proto": scheme, "Host": "chat.example", "Origin": f"{scheme}://chat.example"}
        one = behind(chat, None, "192.0.2.9", **fields)
        one.hello("ann", password="wrong password")
        assert one.until("error")["code"] == code
    got = ask(
        chat.port,
        "/session",
        "POST",
        host="chat.example",
        Origin="https://chat.example",
        X_Forwarded_For="192.0.2.9",
        X_Forwarded_Proto="https",
    )
    assert got.fields["set-cookie"].startswith("__Host-chat-443=")


def test_a_browser_on_the_proxy_s_machine_is_as_encrypted_as_it_says(serve: Serve) -> None:
    """Its address is the proxy's. It may say a password in any case: nobody else reads along there."""
    chat = serve(trusted_proxy=("127.0.0.1",))
    for scheme, cookie in (("http", "chat-443="), ("https", "__Host-chat-443=")):
        host, proxied = "localhost:443", {"X_Forwarded_For": "127.0.0.1", "X_Forwarded_Proto": scheme}
        got = ask(chat.port, "/session", "POST", host=host, Origin=f"{scheme}://{host}", **proxied)
        assert got.fields["set-cookie"].startswith(cookie)
    one = behind(chat, None, "127.0.0.1", **{"X-Forwarded-Proto": "http"})
    one.hello("ann", password="wrong password")
    assert one.until("error")["code"] == "password_wrong"


# --- places ---


def test_a_full_server_tells_browsers_too(serve: Serve) -> None:
    """As it tells native clients: each in its own form."""
    chat = serve(max_clients=1)
    ann = chat.native("ann")
    for _ in range(5):
        got = ask(chat.port, "/")
        assert (got.status, b"full" in got.body) == (503, True)
        late = chat.native()
        late.hello("late")
        assert late.next()["code"] == "server_full"
    assert b"server_full" in chat.admit(Plain(chat.port)).rest()
    assert ann.tell("still here")["id"] == 1


def test_a_crowd_at_a_full_server_is_turned_away(serve: Serve) -> None:
    """Also those who say nothing, and nobody waits for them."""
    chat = serve(max_clients=1, store=MemoryLog())
    chat.native("ann")
    silent = [chat.admit(Peer(chat.port)) for _ in range(100)]
    assert all(b"server_full" in one.rest() for one in silent)
    assert threading.active_count() < 20
    assert isinstance(chat.native(), Native)
