"""What a server may send: the form of each frame that this client reads.

Everything behind this gate may rely on fields being there and of their kind. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from chat_common import Frame, FrameError, check_values, is_name
from client_parts.files.shelf import is_id

Check = Callable[[Any], bool]

_MAX_EPOCH = 100  # it goes back in every hello, which has a bound of its own


def _is(*kinds: type) -> Check:
    return lambda value: type(value) in kinds  # bool is no number here


def _optional(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list_of(check: Check) -> Check:
    return lambda value: type(value) is list and all(map(check, value))


def _object(**fields: Check) -> Check:
    # `from_` stands for `from`, which Python keeps to itself.
    checks = {name.rstrip("_"): check for name, check in fields.items()}
    needed = frozenset(name for name, check in checks.items() if not check(None))

    def is_good(value: Any) -> bool:  # looks only at what is there: most of what may be is not
        if type(value) is not dict or not needed <= value.keys():
            return False
        return all(checks[name](value[name]) for name in value.keys() & checks.keys())

    return is_good


def _epoch(value: Any) -> bool:
    return type(value) is int or (type(value) is str and len(value) <= _MAX_EPOCH)


def _own_name(value: Any) -> bool:
    return type(value) is str and is_name(value)


def _pair(value: Any) -> bool:
    return type(value) is list and [type(item) for item in value] == [str, str]


def _digest(value: Any) -> bool:
    return type(value) is str and re.fullmatch("[0-9a-f]{64}", value) is not None


def _size(value: Any) -> bool:
    return type(value) is int and value > 0


def _reactions(value: Any) -> bool:
    return value is None or (type(value) is dict and all(map(_list_of(_is(str)), value.values())))


_text = _is(str)
_count = _is(int)
_flag = _optional(_is(bool))
_names = _optional(_list_of(_text))
_file_form: dict[str, Check] = {
    "id": lambda value: type(value) is str and is_id(value),
    "name": _text,
    "size": _size,
    "sha256": _digest,
    "mime": _optional(_text),
    "bare": _flag,
}
_message_form = {
    "room": _text,
    "id": _count,
    "ts": _is(int, float),
    "from_": _text,
    "color": _text,
    "text": _text,
    "seq": _optional(_count),
    "by": _optional(_text),
    **dict.fromkeys(("reply", "edit", "delete", "react"), _optional(_count)),
    "edited": _optional(_is(int, float)),
    "deleted": _flag,
    "reactions": _reactions,
    "change": _optional(_object(topic=_optional(_text), mode=_optional(_text), slow=_optional(_count))),
    "file": _optional(_object(**_file_form)),
}
_message = _object(**_message_form)
_time = _is(int, float)
_ROOM_SET = {"topic": _optional(_text), "mode": _optional(_text), "slow": _optional(_count), "role": _optional(_text)}
_device = _object(
    id=_count, added=_optional(_time), last=_optional(_time), label=_optional(_text), here=_flag, yours=_flag
)
_ban = _object(
    id=_count,
    kind=_optional(_text),
    name=_optional(_text),
    address=_optional(_text),
    room=_optional(_text),
    until=_optional(_time),
    by=_optional(_text),
    reason=_optional(_text),
)
_act = _object(id=_count, ts=_time, by=_optional(_text), text=_text)
_report = _object(
    id=_count,
    ts=_time,
    by=_optional(_text),
    room=_optional(_text),
    message=_optional(_count),
    sender=_optional(_text),
    text=_optional(_text),
    reason=_optional(_text),
)


def _records(item: Check) -> Check:
    return _object(items=_list_of(item), more=_flag)


FORMS: dict[str, Check] = {
    "welcome": _object(
        name=_own_name,
        color=_text,
        epoch=_epoch,
        accepted=_count,
        motd=_optional(_text),
        server=_optional(_text),
        tag=_optional(_text),
        away=_optional(_text),
        role=_optional(_text),
        account=_flag,
        password=_flag,
    ),
    "away": _object(text=_optional(_text)),
    "joined": _object(room=_text, last=_count, members=_count, read=_optional(_count), **_ROOM_SET),
    "read": _object(room=_text, id=_count),
    "history": _object(room=_text, messages=_list_of(_message), gap=_flag, more=_flag),
    "message": _message,
    "ack": _object(seq=_count, room=_optional(_text), id=_optional(_count)),
    "presence": _object(
        room=_optional(_text),
        joined=_names,
        left=_names,
        renamed=_optional(_list_of(_pair)),
        members=_optional(_count),
    ),
    "who": _object(
        room=_optional(_text),
        members=_list_of(
            _object(
                name=_text,
                color=_optional(_text),
                away=_optional(_text),
                role=_optional(_text),
                connections=_optional(_count),
                realname=_optional(_text),
            )
        ),
        more=_flag,
        total=_optional(_count),
    ),
    "rooms": _object(
        rooms=_list_of(_object(room=_text, members=_count, last=_count)), more=_flag, total=_optional(_count)
    ),
    "results": _object(
        text=_optional(_text), messages=_list_of(_message), more=_flag, total=_optional(_count), partial=_flag
    ),
    "room": _object(room=_text, by=_optional(_text), **_ROOM_SET),
    "deleted": _object(room=_text, id=_count, by=_optional(_text)),
    "bans": _records(_ban),
    "audit": _records(_act),
    "reports": _records(_report),
    "servers": _object(
        servers=_list_of(
            _object(label=_optional(_text), clients=_count, since=_optional(_time), state=_optional(_text))
        )
    ),
    "devices": _object(devices=_list_of(_device)),
    "code": _object(purpose=_text, name=_text, code=_text, expires=_optional(_time), page=_optional(_text)),
    "invitation": _object(code=_text, uses=_optional(_count), expires=_optional(_time)),
    "whois": _object(
        name=_text,
        role=_optional(_text),
        account=_flag,
        since=_optional(_time),
        connections=_optional(_count),
        away=_optional(_text),
        realname=_optional(_text),
        addresses=_names,
        devices=_optional(_count),
    ),
    "upload": _object(ref=_text, id=_file_form["id"], url=_text, offset=_count),
    "file": _object(**_file_form, url=_text, expires=_optional(_time)),
    "files": _object(
        room=_optional(_text),
        files=_list_of(
            _object(**_file_form, room=_optional(_text), message=_count, from_=_optional(_text), ts=_optional(_time))
        ),
        more=_flag,
    ),
    "blocked": _object(names=_list_of(_text)),
    "notice": _object(text=_text, password=_flag),
    "pong": _object(),
    "error": _object(
        code=_text,
        text=_text,
        seq=_optional(_count),
        accepted=_optional(_count),
        fatal=_flag,
        until=_optional(_time),
        ref=_optional(_text),
    ),
    "bye": _object(code=_text, text=_optional(_text), retry=_flag),
}


def acceptable(frame: Frame) -> bool:
    """Whether the frame is one that this client understands, in the form that it must have."""
    kind = frame.get("type")
    check = FORMS.get(kind) if isinstance(kind, str) else None
    return check is not None and check(frame) and _has_good_values(frame)


def _has_good_values(frame: Frame) -> bool:
    try:
        check_values(frame)
    except FrameError:
        return False
    return True
