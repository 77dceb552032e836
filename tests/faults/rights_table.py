"""What becomes of every request, from everybody, about every kind of room: the expectation, as data.

Written from docs/protocol.md and docs/moderation.md. It must not know the server's own permissions.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

ROLES: Final = ("guest", "member", "voice", "moderator", "owner", "operator", "terminal")  # in rising order
MODES: Final = ("open", "moderated", "read-only", "invite")
# Where somebody stands to the room that is asked about. Outside, a voice, moderator or owner is one of another room.
PLACES: Final = ("in", "out", "hidden", "own", "others")

# A letter for each of these roles, in a word for each of these places; a dot where a request is not tried.
LETTERS: Final = {
    "+": "ok",
    "-": "not_allowed",
    "d": "denied",
    "r": "read_only",
    "n": "no_such_ban",
    "i": "invite_needed",
    "b": "bad_room",
    "o": "not_in_room",
    "f": "bad_field",
    "t": "name_taken",
    "p": "password_wrong",
    "y": "not_yours",
    "m": "no_such_message",
    "x": "no_such_file",
}


class Row(NamedTuple):
    """A request. In capitals: ROOM, its KIND, VICTIM (another one each time), a FILE, and the numbers of texts there.

    These are OWN, and of others TEXT, THEIRS and HIGHER, which is the text of the room's owner; CHANGE is the entry of
    what the owner has changed about the room.
    """

    name: str
    native: tuple[str, dict[str, Any]]
    plain: str | None  # the same as a line in that room; None: the plain door has none
    expected: str
    is_act: bool = False  # where it is done, it is in the audit


def act(name: str, native: tuple[str, dict[str, Any]], plain: str | None, expected: str) -> Row:
    return Row(name, native, plain, expected, is_act=True)


# What is expected in each place: in a public room that one is in, in one that one is not in, in an invite-only one that
# one is not invited to, in one's own private room, in one of two others.
EVERYWHERE: Final = "+++++++ +++++++ +++++++ +++++++ +++++++"
MODERATORS: Final = "---++++ -----++ -----++ ------- ddddddd"
OPERATORS: Final = "-----++ -----++ -----++ ------- ddddddd"
OWNERS: Final = "----+++ -----++ -----++ ------- ddddddd"
READERS: Final = "+++++++ +++++++ +++++++ d+++++d ddddddd"  # only a claimed name has a private past
ON_SERVER: Final = "-----++ -----++ -----++ -----++ -----++"
# A terminal has no account, and comes through no door.
OWN_ACCOUNT: Final = "-+++++. -+++++. -+++++. -+++++. -+++++."
TAKEN: Final = "tttttt. tttttt. tttttt. tttttt. tttttt."
MEMBERS: Final = "-+++++- -+++++- -+++++- -+++++- -+++++-"

ROWS: Final = (
    # --- what everybody may ask for ---
    Row("ping", ("ping", {}), None, EVERYWHERE),
    Row("color", ("color", {"color": "red"}), None, EVERYWHERE),
    Row("away", ("away", {"text": None}), None, EVERYWHERE),
    Row("nick", ("nick", {"name": "SELF"}), "/nick SELF", EVERYWHERE),
    Row("another's name", ("nick", {"name": "founder"}), "/nick founder", TAKEN),
    Row("everybody", ("who", {}), None, EVERYWHERE),
    Row("rooms", ("rooms", {}), "/rooms", EVERYWHERE),
    Row("find all", ("search", {"text": "kept"}), "/search kept", EVERYWHERE),
    Row("find there", ("search", {"text": "kept in:ROOM"}), "/search kept in:ROOM", EVERYWHERE),
    Row("find before", ("search", {"text": "kept", "before": {"room": "vault", "id": 1}}), None, EVERYWHERE),
    Row("realname", ("realname", {"text": "Anna Bell"}), "/realname Anna Bell", EVERYWHERE),
    Row("whois", ("whois", {"name": "founder"}), "/whois founder", EVERYWHERE),
    Row("first contact", ("say", {"room": "@mabel", "text": "hello"}), "/msg mabel hello", EVERYWHERE),
    # --- about the room ---
    Row("who", ("who", {"room": "ROOM"}), "/who", "+++++++ +++++++ +++++++ +++++++ ddddddd"),
    Row("read", ("read", {"room": "ROOM", "id": 1}), None, "+++++++ +++++++ +++++++ +++++++ ddddddd"),
    Row("history", ("history", {"room": "ROOM"}), "/history", READERS),
    Row("search", ("search", {"text": "kept", "room": "ROOM"}), None, READERS),
    Row("files", ("files", {"room": "ROOM"}), "/files", "+++++++ +++++++ +++++++ +++++++ ddddddd"),
    Row("all files", ("files", {}), None, EVERYWHERE),
    Row("file", ("file", {"id": "FILE"}), "/file FILE", "+++++++ +++++++ xxxxx++ +++++++ xxxxxxx"),
    act("report", ("report", {"room": "ROOM", "reason": "rude"}), "/report rude",
        "+++++++ +++++++ bbbbb++ +++++++ ddddddd"),
    act("report of a text", ("report", {"room": "ROOM", "reason": "rude", "id": "TEXT"}), "/report TEXT rude",
        "+++++++ +++++++ bbbbb++ +++++++ ddddddd"),
    # --- of its moderators ---
    act("kick", ("kick", {"room": "ROOM", "name": "VICTIM"}), "/kick VICTIM", MODERATORS),
    act("ban", ("ban", {"room": "ROOM", "name": "VICTIM", "for": 60}), "/ban VICTIM 60s", MODERATORS),
    act("ban of an address", ("ban", {"room": "ROOM", "address": "192.0.2.1", "sure": True}), None, OPERATORS),
    Row("unban", ("unban", {"room": "ROOM", "name": "stranger"}), "/unban stranger",
        MODERATORS.replace("+", "n")),
    act("mute", ("mute", {"room": "ROOM", "name": "VICTIM", "for": 60}), "/mute VICTIM 60s", MODERATORS),
    Row("unmute", ("unmute", {"room": "ROOM", "name": "stranger"}), "/unmute stranger",
        MODERATORS.replace("+", "n")),
    act("topic", ("room", {"room": "ROOM", "topic": "kept topic-of-room"}), "/topic kept topic-of-room", MODERATORS),
    act("slow", ("room", {"room": "ROOM", "slow": 60}), "/slow 60s", MODERATORS),
    act("slow off", ("room", {"room": "ROOM", "slow": 0}), "/slow off", MODERATORS),
    Row("mode", ("room", {"room": "ROOM", "mode": "KIND"}), "/mode KIND", MODERATORS),  # it is so already
    act("voice", ("role", {"room": "ROOM", "name": "mabel", "role": "voice"}), "/voice mabel", MODERATORS),
    act("moderator", ("role", {"room": "ROOM", "name": "mabel", "role": "moderator"}), None, OWNERS),
    act("owner", ("role", {"room": "ROOM", "name": "mabel", "role": "owner"}), None, OWNERS),
    act("delete", ("delete", {"room": "ROOM", "id": "TEXT"}), None, MODERATORS),
    Row("bans", ("bans", {"room": "ROOM"}), "/bans", MODERATORS),
    Row("reports", ("reports", {"room": "ROOM"}), "/reports", MODERATORS),
    # --- of operators, about the whole server ---
    act("kick -s", ("kick", {"name": "VICTIM"}), "/kick -s VICTIM", ON_SERVER),
    act("ban -s", ("ban", {"name": "VICTIM", "for": 60}), "/ban -s VICTIM 60s", ON_SERVER),
    act("ban of a network", ("ban", {"address": "198.51.100.0/24"}), "/ban 198.51.100.0/24", ON_SERVER),
    Row("unban -s", ("unban", {"name": "stranger"}), "/unban -s stranger", ON_SERVER.replace("+", "n")),
    act("mute -s", ("mute", {"name": "VICTIM", "for": 60}), "/mute -s VICTIM 60s", ON_SERVER),
    Row("unmute -s", ("unmute", {"name": "stranger"}), "/unmute -s stranger", ON_SERVER.replace("+", "n")),
    Row("bans -s", ("bans", {}), "/bans -s", ON_SERVER),
    Row("reports -s", ("reports", {}), "/reports -s", ON_SERVER),
    Row("audit", ("audit", {}), "/audit", ON_SERVER),
    act("lockdown", ("lockdown", {"for": 0}), "/lockdown off", ON_SERVER),
    Row("servers", ("servers", {}), "/servers", ON_SERVER),
    # --- of people with an account, about themselves ---
    Row("block", ("block", {"name": "stranger"}), "/block stranger", MEMBERS),
    Row("blocked", ("block", {}), "/block", MEMBERS),
    Row("unblock", ("unblock", {"name": "mabel"}), "/unblock mabel", MEMBERS.replace("+", "n")),
    Row("password", ("password", {"new": None}), None, OWN_ACCOUNT.replace("+", "p")),
    Row("devices", ("devices", {}), "/devices", OWN_ACCOUNT),
    Row("link", ("link", {}), "/link", OWN_ACCOUNT),
    Row("browser", ("link", {"browser": True}), "/browser", OWN_ACCOUNT),
    # --- about accounts of others ---
    act("invitation", ("invite", {}), "/invite-code", ON_SERVER),
    act("recover", ("recover", {"name": "mabel"}), None, ON_SERVER),
    act("release", ("release", {"name": "doomed"}), None, ON_SERVER),
    act("make an operator", ("role", {"name": "mabel", "role": "operator"}), None, ON_SERVER.replace("-+", "--")),
    # --- what changes where somebody is, at last ---
    Row("join", ("join", {"room": "ROOM"}), "/join ROOM", "+++++++ +++++++ iiiii++ +++++++ ddddddd"),
    Row("leave", ("leave", {"room": "ROOM"}), None, "+++++++ +++++++ ooooo++ +++++++ ooooooo"),
)  # fmt: skip

# What depends on the kind of a room: saying something there, which may speak of what was said before.
OUTSIDE: Final = "ooooooo ooooooo +++++++ ddddddd"
INVITING: Final = act("invite", ("invite", {"room": "ROOM", "name": "stranger"}), "/invite stranger", MODERATORS)


def _say(text: str | None = None, **about: Any) -> tuple[str, dict[str, Any]]:
    return "say", {"room": "ROOM", **({} if text is None else {"text": text}), **about}


def _said_in(speakers: str, *, plain: bool = True) -> tuple[Row, ...]:
    """`speakers`: what becomes of an ordinary text there, in a word for all roles."""

    def row(name: str, native: tuple[str, dict[str, Any]], line: str | None, among: str, own: str) -> Row:
        """`among`: for those who may speak there, in a public room; `own`: in one's own private one."""
        here = "".join(may if said == "+" else said for said, may in zip(speakers, among, strict=True))
        outside = OUTSIDE.replace("+++++++", own * len(ROLES))
        is_act = name.startswith("delete") and name != "delete one's own"
        return Row(name, native, line if plain else None, f"{here} {outside}", is_act)

    return (
        row("say", _say("hello"), "hello", "+++++++", "+"),
        row("send a file", ("upload", {"ref": "1", "room": "ROOM", "name": "a.txt", "size": 1}), "/upload a.txt",
            "+++++++", "+"),
        row("say another's file", _say(file="FILE"), None, "xxxxxxx", "x"),
        row("answer", _say("indeed", reply="TEXT"), "/re TEXT indeed", "+++++++", "+"),
        row("answer to one's own", _say("and more", reply="OWN"), "/re OWN and more", "+++++++", "+"),
        row("answer to nothing", _say("indeed", reply="999"), "/re 999 indeed", "mmmmmmm", "m"),
        row("react", _say("+1", react="TEXT"), "/react TEXT +1", "+++++++", "+"),
        row("react otherwise", _say("-1", react="TEXT"), "/react TEXT -1", "+++++++", "+"),
        row("take a reaction back", _say(react="TEXT"), "/react TEXT", "+++++++", "+"),
        row("react to nothing", _say("+1", react="999"), "/react 999 +1", "mmmmmmm", "m"),
        row("edit one's own", _say("mine, corrected", edit="OWN"), "/edit OWN mine, corrected", "+++++++", "+"),
        row("edit another's", _say("forged", edit="THEIRS"), "/edit THEIRS forged", "yyyyyyy", "y"),
        row("edit the owner's", _say("forged", edit="HIGHER"), "/edit HIGHER forged", "yyyyyyy", "y"),
        row("edit nothing", _say("forged", edit="999"), "/edit 999 forged", "mmmmmmm", "m"),
        row("delete one's own", _say(delete="OWN"), "/delete OWN", "+++++++", "+"),
        row("edit what is deleted", _say("back", edit="OWN"), "/edit OWN back", "mmmmmmm", "m"),
        row("delete another's", _say(delete="THEIRS"), "/delete THEIRS", "yyy++++", "y"),
        row("delete the owner's", _say(delete="HIGHER"), "/delete HIGHER", "yyy--++", "y"),
        row("answer to a change", _say("why?", reply="CHANGE"), "/re CHANGE why?", "+++++++", "m"),
        row("react to a change", _say("+1", react="CHANGE"), "/react CHANGE +1", "mmmmmmm", "m"),
        row("edit a change", _say("forged", edit="CHANGE"), "/edit CHANGE forged", "mmmmmmm", "m"),
        row("delete a change", _say(delete="CHANGE"), "/delete CHANGE", "yyy--++", "m"),
        row("delete nothing", _say(delete="999"), "/delete 999", "mmmmmmm", "m"),
    )  # fmt: skip


BY_KIND: Final = {
    "open": _said_in("+++++++"),
    "moderated": _said_in("rr+++++"),
    "read-only": _said_in("rrr++++"),
    "invite": (*_said_in("+++++++"), INVITING),
    "private": _said_in("+++++++", plain=False),
}

# --- What nobody may come to know, by the words that stand for it ---

VISIBLE: Final = {
    "vault": ("operator", "operator"),  # a room that only its keeper is invited to: its name, text, topic, bans
    "kept-there": ("guest", "operator"),  # what was said in ROOM …
    "kept topic-there": ("guest", "operator"),  # … and its topic
    "kept-report": ("moderator", "operator"),  # why somebody reports something there
    "kept-ban": ("moderator", "operator"),  # why somebody is banned there
    "kept-kick": ("operator", "operator"),  # why somebody was kicked there
    "kept-address": ("operator", "operator"),
    "kept-whisper": (None, None),  # what two others say in private, and a file's name
    "kept-deleted": (None, None),
    "kept-draft": (None, None),  # what somebody corrected
    "kept-secret": (None, None),  # another's token, session or password
}
