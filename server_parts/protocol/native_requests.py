"""The one place where the fields of native frames are checked. It must not know who asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, Final

from chat_common import (
    MAX_LINE,
    Frame,
    FrameError,
    check_values,
    encode_frame,
    harmless_line,
    is_blank,
    is_guest,
    is_name,
    storable,
)
from server_parts.protocol.account_requests import ACCOUNT_MAKERS, Secret, secret
from server_parts.protocol.entries import about_in, file_in, kinds_in, problem_of, said, text_in
from server_parts.protocol.fields import (
    END_OF_NUMBERS,
    color_of,
    count_of,
    name_of,
    number,
    optional_room_of,
    optional_string,
    place_of,
    room_of,
    string,
)
from server_parts.protocol.file_requests import FILE_MAKERS
from server_parts.protocol.native_moderation import MODERATION_MAKERS, room_invitation, room_role
from server_parts.protocol.requests import (
    DEFAULT_HISTORY,
    DEFAULT_PAGE,
    LIST_LIMIT,
    MAX_LIST,
    MAX_PAGE,
    MAX_UTC_OFFSET,
    MAX_WITHOUT,
    Away,
    Bye,
    Color,
    Hello,
    History,
    Join,
    Leave,
    Nick,
    Ping,
    Read,
    Refusal,
    Request,
    Rooms,
    Say,
    Search,
    Who,
    are_sayable,
    in_runs,
    text_refusal,
)
from server_parts.storage.search_query import MAX_ECHO, query_problem

MAX_RESULTS: Final = 100


MAX_ROOMS_AT_ONCE: Final = 1_000


MAX_AWAY: Final = 200


MAX_CLIENT: Final = 60


MANY: Final = 5  # frames from which on it is quicker to look at all of them at once

_FIELDS_OF_A_SAY: Final = itemgetter("type", "room", "text", "seq")


_SESSION = re.compile(r"[A-Za-z0-9_-]{16,64}")


_TOKEN = re.compile(r"[!-~]{16,256}")


def from_frame(frame: Frame) -> Request:
    """The request that a native frame makes; FrameError says what is wrong with it."""
    kind = frame.get("type")
    if kind == "say":
        return _say(frame)
    check_values(frame)
    if not isinstance(kind, str):
        raise FrameError("bad_field", "every frame has a type, a string", "type")
    make = _MAKERS.get(kind)
    if make is None:
        raise FrameError("unknown_type", f"there is no request of the type {kind[:MAX_ECHO]}", "type")
    return make(frame)


def _say(frame: Frame) -> Say:
    """A say that is refused for what it says still counts, so only a wrong `seq` is an error of the frame."""
    seq = number(frame, "seq", low=1)
    kinds = kinds_in(frame)
    try:
        check_values(frame)
        has_file = frame.get("file") is not None
        text = text_in(frame, kinds, has_file=has_file)
        room = place_of(string(frame, "room"), "room")
        about = about_in(frame, kinds)
        file = file_in(frame, about) if has_file else None
    except FrameError as error:
        return Say("", [""], seq, Refusal(error.code, error.text, error.field, seq))
    if file is not None and is_blank(text):
        return Say(room, [""], seq, None, about, file)
    return Say(room, [said(about, text)], seq, problem_of(about, text, seq), about, file)


def plain_says(values: Sequence[Any]) -> list[Request] | None:
    """What nearly all frames are: texts with nothing to object to, in runs. None: look at each by itself."""
    try:
        return _few_says(values) if len(values) < MANY else _many_says(values)
    except (AttributeError, KeyError, TypeError, FrameError):
        return None


def _few_says(values: Iterable[Any]) -> list[Request] | None:
    says: list[Request] = []
    for frame in values:
        text = string(frame, "text")
        if frame["type"] != "say" or len(frame) != 4 or text_refusal(text) or text != storable(text):
            return None
        says.append(Say(place_of(frame["room"], "room"), [text], number(frame, "seq", low=1)))
    return in_runs(says) if len(says) > 1 else says


def _many_says(values: Sequence[Any]) -> list[Request] | None:
    """The same, field by field: in a third of the time."""
    types, rooms, texts, seqs = zip(*map(_FIELDS_OF_A_SAY, values), strict=True)
    if types.count("say") < len(types) or {*map(len, values)} != {4} or {*map(type, seqs)} != {int}:
        return None
    if min(seqs) < 1 or max(seqs) >= END_OF_NUMBERS or {*map(type, texts)} != {str} or not are_sayable(texts):
        return None
    if rooms.count(rooms[0]) == len(rooms) and seqs == tuple(range(seqs[0], seqs[0] + len(seqs))):
        return [Say(place_of(rooms[0], "room"), list(texts), seqs[0])]
    return in_runs(Say(place_of(room, "room"), [text], seq) for room, text, seq in zip(rooms, texts, seqs, strict=True))


def _hello(frame: Frame) -> Hello:
    if number(frame, "protocol") != 1:
        raise FrameError("protocol_version", "this server speaks protocol 1", "protocol")
    session = string(frame, "session")
    if not _SESSION.fullmatch(session):
        raise FrameError("bad_field", "a session is 16 to 64 characters of A-Z a-z 0-9 _ -", "session")
    token, former_token = _token(frame, "token"), _token(frame, "former_token")
    return Hello(
        name=_own_name(frame),
        session=session,
        color=None if frame.get("color") is None else color_of(frame),
        token=token,
        rooms=_rooms_of(frame),
        epoch=optional_string(frame, "epoch"),
        history=_recent(frame),
        client=harmless_line(optional_string(frame, "client") or "")[:MAX_CLIENT],
        shares_name="by" in _features(frame),
        password=secret(frame, "password"),
        invite=secret(frame, "invite"),
        former_token=former_token,
        by_cookie=frame.get("cookie") is True,
    )


def _token(frame: Frame, field: str) -> Secret | None:
    token = optional_string(frame, field)
    if token is not None and not _TOKEN.fullmatch(token):
        raise FrameError("bad_field", "a token is 16 to 256 visible ASCII characters", field)
    return None if token is None else Secret(token)


def _features(frame: Frame) -> list[Any]:
    """What the client knows of what was added to the protocol; what we do not know of it means nothing here."""
    features = frame.get("features")
    if features is not None and not isinstance(features, list):
        raise FrameError("bad_field", "features is a list of strings", "features")
    return features or []


def _rooms_of(frame: Frame) -> dict[str, int | None] | None:
    rooms = frame.get("rooms")
    if rooms is None:
        return None
    if not isinstance(rooms, dict):
        raise FrameError("bad_field", "rooms is an object: room name to the last id seen, or null", "rooms")
    if len(rooms) > MAX_ROOMS_AT_ONCE:
        raise FrameError("bad_field", f"too many rooms at once: {len(rooms)} > {MAX_ROOMS_AT_ONCE}", "rooms")
    for last in rooms.values():
        if last is not None and (type(last) is not int or last < 0):
            raise FrameError("bad_field", "the last id seen in a room is a whole number or null", "rooms")
    return {place_of(room, "rooms"): last for room, last in rooms.items()}


def _join(frame: Frame) -> Join:
    after = None if frame.get("after") is None else number(frame, "after", low=0)
    return Join(room_of(frame), after, _recent(frame))


def _history(frame: Frame) -> History:
    before = None if frame.get("before") is None else number(frame, "before", low=0)
    return History(room_of(frame), before, count_of(frame, "limit", DEFAULT_PAGE, MAX_PAGE))


def _search(frame: Frame) -> Search:
    text = string(frame, "text")
    if problem := query_problem(text):
        raise FrameError("bad_field", problem, "text")
    limit = count_of(frame, "limit", DEFAULT_PAGE, MAX_RESULTS)
    count = frame.get("count") is True
    return Search(text, optional_room_of(frame), limit, _before(frame), _utc_offset(frame), _without(frame), count)


def _before(frame: Frame) -> tuple[str, int] | None:
    """The message that an older page of results goes on from."""
    place = frame.get("before")
    if place is None:
        return None
    if not isinstance(place, dict):
        raise FrameError("bad_field", "before is an object with the room and the id of a message", "before")
    return room_of(place), number(place, "id")


def _utc_offset(frame: Frame) -> int:
    offset = frame.get("utc_offset")
    if offset is None:
        return 0
    if type(offset) is not int or abs(offset) > MAX_UTC_OFFSET:
        problem = f"utc_offset is a whole number of minutes, from -{MAX_UTC_OFFSET} to {MAX_UTC_OFFSET}"
        raise FrameError("bad_field", problem, "utc_offset")
    return offset


def _without(frame: Frame) -> tuple[str, ...]:
    names = frame.get("without")
    if names is None:
        return ()
    if (
        not isinstance(names, list)
        or len(names) > MAX_WITHOUT
        or not all(isinstance(name, str) and is_name(name) for name in names)
    ):
        raise FrameError("bad_field", f"without is a list of at most {MAX_WITHOUT} names", "without")
    return tuple(names)


def _away(frame: Frame) -> Away:
    text = optional_string(frame, "text")
    if text is not None and len(text) > MAX_AWAY:
        raise FrameError("bad_field", f"that note is too long: {len(text)} > {MAX_AWAY} characters", "text")
    return Away(text)


def _who(frame: Frame) -> Who:
    limit = count_of(frame, "limit", LIST_LIMIT, MAX_LIST)
    return Who(optional_room_of(frame), optional_string(frame, "after"), limit)


def _list_rooms(frame: Frame) -> Rooms:
    limit = count_of(frame, "limit", LIST_LIMIT, MAX_LIST)
    return Rooms(optional_string(frame, "prefix") or "", optional_string(frame, "after"), limit)


def _ping(frame: Frame) -> Ping:
    n = frame.get("n")
    size = len(encode_frame({"type": "pong", "n": n}))  # may be longer than what was sent: 1e15 comes back in full
    if size > MAX_LINE:
        raise FrameError("bad_field", f"n is too long: its answer would have {size} > {MAX_LINE} bytes", "n")
    return Ping(n)


def _own_name(frame: Frame) -> str:
    """In a hello: the hub knows whose a guest's name was."""
    name = frame.get("name")
    return name if isinstance(name, str) and is_guest(name) and is_name(name) else name_of(frame)


def _recent(frame: Frame) -> int:
    """How many recent messages to start with: as many as asked, up to a page."""
    return DEFAULT_HISTORY if frame.get("history") is None else min(number(frame, "history"), MAX_PAGE)


_MAKERS: Final[dict[str, Callable[[Frame], Request]]] = {
    "hello": _hello,
    "join": _join,
    "leave": lambda frame: Leave(room_of(frame)),
    "nick": lambda frame: Nick(name_of(frame), secret(frame, "password")),
    "color": lambda frame: Color(color_of(frame)),
    "away": _away,
    "read": lambda frame: Read(room_of(frame), number(frame, "id")),
    "who": _who,
    "rooms": _list_rooms,
    "history": _history,
    "search": _search,
    "ping": _ping,
    "bye": lambda frame: Bye(),
    **MODERATION_MAKERS,
    **ACCOUNT_MAKERS,
    **FILE_MAKERS,
    "role": lambda frame: (ACCOUNT_MAKERS["role"] if frame.get("room") is None else room_role)(frame),
    "invite": lambda frame: (ACCOUNT_MAKERS["invite"] if frame.get("room") is None else room_invitation)(frame),
}
