"""Commands that people know from other chats (irssi, WeeChat, Slack), and what does the same here.

It must not know what a command does: a wrong guess costs a sentence, because none of these is ever carried out.
"""

from __future__ import annotations

from types import MappingProxyType

HABITS = MappingProxyType(
    {
        "query": "switch @NAME",
        "q": "switch @NAME",
        "dm": "msg NAME TEXT",
        "pm": "msg NAME TEXT",
        "tell": "msg NAME TEXT",
        "whisper": "msg NAME TEXT",
        "notice": "msg NAME TEXT",
        "list": "rooms",
        "channels": "rooms",
        "ls": "rooms",
        "close": "leave",
        "wc": "leave",
        "win": "switch",
        "window": "switch",
        "buffer": "switch",
        "open": "switch",
        "goto": "switch",
        "users": "who",
        "lastlog": "search TEXT",
        "find": "search TEXT",
        "grep": "search TEXT",
        "op": "role NAME moderator",
        "deop": "role NAME member",
        "devoice": "role NAME member",
        "remove": "kick NAME",
        "upload": "send FILE",
        "download": "get N",
        "register": "password",
        "bye": "exit",
        "signoff": "exit",
    }
)
