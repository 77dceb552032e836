"""What people ask about accounts: passwords, devices, codes, roles, and who somebody is. Run only by the hub's thread.

Secrets come hashed or are made here for whoever asks; none of them goes to a room or into the service log. It must not
know sockets, nor how a secret is checked: see proving.py.
"""

from __future__ import annotations

import time
from typing import Final

from chat_common import Frame, lasting
from server_parts.hub.departures import Departures
from server_parts.hub.state import HubState
from server_parts.moderation.sentences import with_article
from server_parts.people.allowance import Allowance
from server_parts.people.clients import Client
from server_parts.people.held_back import hold_back
from server_parts.people.lookalikes import passes_for_the_server
from server_parts.people.one_time_codes import hash_of_code, new_code
from server_parts.people.roles import Role, role_of
from server_parts.protocol import account_requests as ask
from server_parts.protocol import events
from server_parts.protocol.requests import EndConnection, Refusal
from server_parts.storage import account_records as change
from server_parts.storage.account_records import Account, AccountChange, Code, Device, Purpose
from server_parts.storage.records import hashed
from server_parts.storage.search_query import DAY

LINK_TIME: Final = 600  # seconds that such a code can be used
RECOVER_TIME: Final = DAY
MOST_INVITATIONS: Final = 10  # of one member that can be used at a time …
MOST_USES: Final = 10  # … and how often each
INVITATIONS: Final = 100  # of one member in a day, however soon they expire
REAL_NAMES: Final = 100  # of one person in a day
_PASSES_FOR_THE_SERVER: Final = Refusal("bad_field", "that display name could pass for one of the server's", "text")
_NO_ACCOUNT: Final = Refusal("not_allowed", "you have no account here", "type")
_CHANGED: Final = Refusal("password_wrong", "the password was changed meanwhile: try again", "old")
_LAST_WAY_IN: Final = Refusal(
    "not_allowed", "that is the only way into your account: link another device or set a password first", "type"
)
_NO_CODE: Final = Refusal(
    "encryption_needed", "codes are given over an encrypted connection only: connect with --tls, or ncat --ssl", "type"
)
_NO_BROWSERS: Final = Refusal("not_allowed", "browsers are not let in on this server", "type")
_SUPERIOR: Final = Refusal("not_allowed", "only the owner of this server may do that to an operator", "name")
_NO_INVITATIONS: Final = Refusal("not_allowed", "only operators invite people to this server", "type")
_TOO_MANY: Final = Refusal(
    "too_many", f"{MOST_INVITATIONS} of your invitations are not used yet, with {MOST_USES} uses at most", "type"
)


class Accounts:
    def __init__(self, state: HubState, departures: Departures) -> None:
        self._state = state
        self._store = state.store
        self._live_rooms = state.live_rooms
        self._names = state.live_rooms.names
        self._departures = departures
        self._invitations = Allowance(INVITATIONS, "invitations")
        self._real_names = Allowance(REAL_NAMES, "new display names")

    # --- one's own account ---

    def _own(self, client: Client) -> Account | None:
        account = self._store.account(client.name) if client.account else None
        return account if account is not None and account.id == client.account else None

    def change_password(self, client: Client, asked: ask.ChangePassword) -> None:
        if not asked.account:
            self._make_account(client, asked)
            return
        account = self._own(client)
        if account is None or account.id != asked.account or account.password != asked.before:
            self._refuse_password(client, _CHANGED)
        elif asked.after is None and not account.devices:
            self._refuse_password(client, _LAST_WAY_IN)
        else:
            self._store.change(change.SetPassword(account.id, asked.after))
            self._end_without_device(client, account)
            text = f"the password of {account.name} is {'set' if asked.after is not None else 'taken away'}"
            for one in self._names.bearers(account.name):
                one.tell(events.password_notice(text, has_one=asked.after is not None))

    @staticmethod
    def _refuse_password(client: Client, refusal: Refusal) -> None:
        for frame in (refusal.frame(), *hold_back(client)):
            client.tell(frame)

    def _end_without_device(self, client: Client, account: Account) -> None:
        """Whoever came with the password of before, and no device: nothing in the list of devices would end that."""
        for one in self._names.connections():
            proved = account.id in (one.account, one.proved) and one is not client
            if proved and not (one.token_hash and account.has(one.token_hash)):
                self._departures.disconnect(one, "forgotten", "the password of this account was changed", retry=False)

    def _make_account(self, client: Client, asked: ask.ChangePassword) -> None:
        """Somebody without an account sets a password: that claims the name at once."""
        refusal = self._names.claim_refusal(client) if self._store.account(client.name) is None else _CHANGED
        if refusal is not None:
            self._refuse_password(client, refusal)
            return
        self._store.change(change.Create(client.name, client.token_hash, client.program, asked.after, client.real_name))
        account = self._store.account(client.name)
        client.proved = account.id if account is not None else 0
        self._live_rooms.claimed(client.name, client.token_hash)
        text = f"{client.name} is your account now: log in with its password from anywhere"
        client.tell(events.password_notice(text, has_one=True))

    def change_real_name(self, client: Client, asked: ask.ChangeRealName) -> None:
        if asked.text is not None and passes_for_the_server(asked.text):
            client.tell(_PASSES_FOR_THE_SERVER.frame())
            return
        account = self._own(client)
        if account is None:  # nobody's name: it holds for this connection
            client.real_name = asked.text
            self._live_rooms.announcer.person(client)
        elif self._real_names.is_used_up(client, time.monotonic()):
            return
        else:
            self._store.change(change.SetRealName(account.id, asked.text))
            for bearer in self._names.bearers(account.name):
                bearer.real_name = asked.text
            self._live_rooms.account_changed(account.name)
        shown = f"lists show you as {client.name}"
        client.tell(events.notice(shown if asked.text is None else f"{shown} ({asked.text})"))

    def devices(self, client: Client, asked: ask.Devices) -> None:
        account = self._own(client)
        if account is not None and asked.forget is not None:
            account = self._forget_device(client, account, asked.forget)
        elif account is None:
            client.tell(_NO_ACCOUNT.frame())
        if account is not None:
            here = {one.token_hash for one in self._names.bearers(account.name)}
            client.tell(events.devices([_listed(device, here, client.token_hash) for device in account.devices]))

    def _forget_device(self, client: Client, account: Account, id: int) -> Account | None:
        """Returns the account as it is then; None if the client was told why not, or has gone with its device."""
        device = next((device for device in account.devices if device.id == id), None)
        if device is None:
            client.tell(Refusal("bad_field", f"you have no device {id}", "forget").frame())
        elif len(account.devices) == 1 and account.password is None:
            client.tell(_LAST_WAY_IN.frame())
        else:
            self._store.change(change.ForgetDevice(account.id, id))
            self._end(account, "this device was removed from the account", device.token_hash)
            return None if client.gone else self._own(client)
        return None

    def _end(self, account: Account, text: str, token_hash: str | None = None) -> None:
        """End the connections of an account; with a token, only those that came with it.

        Also of whoever has proved it and bears another name now: they could go back to this one.
        """
        for one in self._names.connections():
            if account.id in (one.account, one.proved) and token_hash in (None, one.token_hash):
                self._departures.disconnect(one, "forgotten", text, retry=False)

    def log_out(self, client: Client, asked: ask.LogOut) -> None:
        """A browser forgets its token: a device of the accounts that are connected with it, or of that name."""
        token_hash = hashed(asked.token)
        connected = [one for one in self._names.connections() if one.token_hash == token_hash]
        accounts = [self._store.account(name) for name in {asked.name, *(one.name for one in connected)} if name]
        own = [account for account in accounts if account is not None and account.has(token_hash)]
        if any(len(account.devices) == 1 and account.password is None for account in own):
            self._departures.end(client, EndConnection(asked.refused, "not logged out: it has no other way in"))
            return
        devices = [
            (account, device) for account in own for device in account.devices if device.token_hash == token_hash
        ]
        for account, device in devices:
            self._store.change(change.ForgetDevice(account.id, device.id))
        for one in connected:
            self._departures.disconnect(one, "forgotten", "you have logged out", retry=False)
        self._departures.end(client, EndConnection(asked.done, "logged out"))

    def link(self, client: Client, asked: ask.Link) -> None:
        account = self._own(client)
        if account is None:
            client.tell(_NO_ACCOUNT.frame())
        elif not client.is_confidential:  # others would read the code, and use it first
            client.tell(_NO_CODE.frame())
        elif asked.browser and not client.page:
            client.tell(_NO_BROWSERS.frame())
        else:
            code, kept = self._new_code(Purpose.LINK, account.id, 1, LINK_TIME)
            self._store.change(change.AddCode(kept))
            self._tell_code(client, account, code, kept, client.page if asked.browser else "")

    @staticmethod
    def _new_code(purpose: Purpose, account: int, uses: int, seconds: float) -> tuple[str, Code]:
        """A code as it is told, and as it is kept."""
        code = new_code()
        return code, Code(_kept(code), purpose, account, uses, time.time() + seconds)

    @staticmethod
    def _tell_code(client: Client, account: Account, code: str, kept: Code, page: str = "") -> None:
        told = events.code(kept.purpose.value, account.name, code, round(kept.expires))
        # What is behind `#` stays in the browser: no proxy and no log sees it.
        client.tell(told | {"page": f"{page}#{account.name}/{code}"} if page else told)

    def invite(self, client: Client, asked: ask.MakeInvitation) -> None:
        if client.role < Role.OPERATOR and (refusal := self._invitation_refusal(client, asked)):
            client.tell(refusal.frame())
            return
        if not client.is_confidential:
            client.tell(_NO_CODE.frame())
            return
        if self._invitations.is_used_up(client, time.monotonic()):
            return
        code, kept = self._new_code(Purpose.INVITE, client.account, asked.uses, asked.seconds)
        text = f"made an invitation for {asked.uses} within {lasting(asked.seconds)}"
        self._state.change(client.name, text, change.AddCode(kept))
        client.tell(events.invitation(code, asked.uses, round(kept.expires)))

    def _invitation_refusal(self, client: Client, asked: ask.MakeInvitation) -> Refusal | None:
        if self._state.settings.entry != "invite":
            return _NO_INVITATIONS
        waiting = self._store.count_codes(Purpose.INVITE, client.account)
        return _TOO_MANY if waiting >= MOST_INVITATIONS or asked.uses > MOST_USES else None

    # --- other people's ---

    def _of(self, client: Client, name: str) -> Account | Refusal:
        """The account with that name, if the client may do something to it."""
        account = self._store.account(name)
        if account is None:
            return Refusal("no_such_user", f"there is no account called {name}", "name")
        return _SUPERIOR if role_of(account.role) >= client.role else account

    def recover(self, client: Client, asked: ask.Recover) -> None:
        account = self._of(client, asked.name)
        if isinstance(account, Refusal):
            client.tell(account.frame())
            return
        if not client.is_confidential:
            client.tell(_NO_CODE.frame())
            return
        code, kept = self._new_code(Purpose.RECOVER, account.id, 1, RECOVER_TIME)
        text = f"made a code that recovers the account {account.name}"
        self._state.change(client.name, text, change.AddCode(kept))
        self._tell_code(client, account, code, kept)
        self._tell_bearers(account, client, f"{client.name} has made a code that recovers your account")

    def release(self, client: Client, asked: ask.Release) -> None:
        account = self._of(client, asked.name)
        if isinstance(account, Refusal):
            client.tell(account.frame())
            return
        self._state.release(client.name, {account.id: account.name})
        for bearer in self._names.bearers(account.name):
            bearer.role = Role.GUEST  # so its private rooms close, as those of any name that is nobody's
        self._live_rooms.account_changed(account.name)
        self._end(account, f"the account {account.name} was released by {client.name}")
        client.tell(events.notice(f"the account {account.name} is gone: the name is free"))

    def give_role(self, client: Client, asked: ask.GiveRole) -> None:
        account = self._of(client, asked.name)
        if isinstance(account, Refusal):
            client.tell(account.frame())
            return
        changes: list[AccountChange] = [change.SetRole(account.id, asked.role)]
        if role_of(asked.role) > role_of(account.role):  # they were made for less
            changes.append(change.CloseCodes(account.id))
        self._state.change(client.name, f"made {account.name} {with_article(asked.role)}", *changes)
        for bearer in self._names.bearers(account.name):
            bearer.role = role_of(asked.role)
        self._live_rooms.account_changed(account.name)
        self._tell_bearers(account, client, f"you are now {with_article(asked.role)} of this server")
        client.tell(events.notice(f"{account.name} is now {with_article(asked.role)} of this server"))

    def _tell_bearers(self, account: Account, client: Client, text: str) -> None:
        for bearer in self._names.bearers(account.name):
            if bearer is not client:
                bearer.tell(events.notice(text))

    def whois(self, client: Client, asked: ask.Whois) -> None:
        name = client.name if asked.name is None else asked.name
        account, bearers = self._store.account(name), self._names.bearers(name)
        if account is None and not bearers:
            client.tell(Refusal("no_such_user", f"there is nobody called {name}", "name").frame())
            return
        role = bearers[0].role.word if bearers else role_of(account.role).word if account is not None else ""
        frame = events.whois(
            bearers[0].name if bearers else account.name if account is not None else name,
            role,
            account=account is not None,
            since=round(account.since) if account is not None and account.since is not None else None,
            connections=len(bearers),
            away=bearers[0].away if bearers else None,
        )
        real_name = bearers[0].real_name if bearers else account.real_name if account is not None else None
        if real_name is not None:
            frame["realname"] = real_name
        if client.role >= Role.OPERATOR:
            frame["addresses"] = [bearer.address for bearer in bearers]
            frame["devices"] = len(account.devices) if account is not None else 0
        client.tell(frame)


def _listed(device: Device, here: set[str | None], own: str | None) -> Frame:
    is_here = device.token_hash in here
    return {
        "id": device.id,
        "added": None if device.added is None else round(device.added),
        "last": round(time.time()) if is_here else device.used * DAY,
        "label": device.label,
        "here": is_here,
        "yours": device.token_hash == own,
    }


def _kept(code: str) -> str:
    hash = hash_of_code(code)
    assert hash is not None
    return hash
