"""A bot that rolls dice: say `!roll` or `!roll 3d6` in the lobby, or write it to dice in private.

Start it with any Python from 3.11 on; nothing needs to be installed: `python examples/dice.py [HOST [PORT]]`.
It speaks the protocol of docs/protocol.md itself, and ends when the server does.
"""

import json
import random
import re
import secrets
import socket
import sys
from typing import Any

ROLL = re.compile(r"!roll(?: ([1-9]\d?)d([1-9]\d{0,2}))?\s*")


def answer(text: str) -> str | None:
    """What to say to a text; None if it does not ask for dice."""
    if (asked := ROLL.fullmatch(text)) is None:
        return None
    dice, sides = int(asked[1] or 1), int(asked[2] or 6)
    rolled = [random.randint(1, sides) for _ in range(dice)]
    return f"{' + '.join(map(str, rolled))} = {sum(rolled)}" if dice > 1 else str(rolled[0])


def run(connection: socket.socket) -> str:
    """Answer until the connection ends. Returns why it ended."""

    def send(**frame: Any) -> None:
        connection.sendall(json.dumps(frame).encode() + b"\n")

    me, seq = "", 0
    send(type="hello", protocol=1, name="dice", session=secrets.token_urlsafe(16), history=0, client="dice.py")
    for line in connection.makefile("rb"):
        if not line.startswith(b"{"):
            continue  # for people, from a server that was waiting for one
        match json.loads(line):
            case {"type": "welcome", "name": name}:
                me = name
            case {"type": "message", "from": sender, "room": room, "text": text} if sender != me:
                if said := answer(text):
                    seq += 1
                    send(type="say", room=room, text=said, seq=seq)
            case {"type": "error", "accepted": int(accepted)} if me:
                seq = accepted  # an answer that could not be stored is given up
            case {"type": "error", "text": reason, "fatal": fatal} if fatal or not me:
                return str(reason)
            case {"type": "bye", "text": reason}:
                return str(reason)
    return "The connection was lost."


if __name__ == "__main__":
    host, port = sys.argv[1:3] + ["127.0.0.1", "3030"][len(sys.argv[1:3]) :]
    try:
        sys.exit(run(socket.create_connection((host, int(port)))))
    except (KeyboardInterrupt, OSError) as end:
        sys.exit(str(end) or None)
