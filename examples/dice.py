"""A bot that rolls dice: say `!roll` or `!roll 3d6` in the lobby, or write it to dice in private.

Start it with any Python from 3.11 on; nothing needs to be installed: `python examples/dice.py [HOST [PORT]]`.
It speaks the protocol of docs/protocol.md. It comes back after a lost connection, and ends if its name is taken.
"""

import json
import random
import re
import secrets
import signal
import socket
import sys
import time

ROLL = re.compile(r"!roll(?: ([1-9]\d?)d([1-9]\d{0,2}))?\s*")


def answer(text: str) -> str:
    """What to say to a text; nothing if it does not ask for dice."""
    asked = ROLL.fullmatch(text)
    rolled = [random.randint(1, int(asked[2] or 6)) for _ in range(int(asked[1] or 1))] if asked else []
    return " + ".join(map(str, rolled)) + (f" = {sum(rolled)}" if len(rolled) > 1 else "")


def run(connection: socket.socket, hello: dict[str, object]) -> None:
    """Answer until the connection ends. `hello` is kept up to date, so that the next one goes on from there."""

    def send(**frame: object) -> None:
        connection.sendall(json.dumps(frame).encode() + b"\n")

    send(**hello)
    for line in connection.makefile("rb"):
        match json.loads(line) if line.startswith(b"{") else {}:  # other lines are for people
            case {"type": "welcome", "name": name, "epoch": epoch, "accepted": seq}:
                hello |= {"name": name, "epoch": epoch}
            case {"type": "message"} | {"type": "history"} as frame:
                for said in frame.get("messages", [frame]):
                    if said["room"] == "lobby":
                        hello["rooms"] = {"lobby": said["id"]}
                    if said["from"] != hello["name"] and (rolled := answer(said["text"])):
                        send(type="say", room=said["room"], text=rolled, seq=(seq := seq + 1))
            case {"type": "error", "seq": _}:
                return  # the next welcome tells how far the answers were counted
            case {"type": "error", "text": why} | {"type": "bye", "retry": False, "text": why}:
                sys.exit(why)


if __name__ == "__main__":
    host, port = sys.argv[1:3] + ["127.0.0.1", "3030"][len(sys.argv[1:3]) :]
    me = {"type": "hello", "protocol": 1, "name": "dice", "session": secrets.token_urlsafe(16), "history": 0}
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C ends it at once
    while True:
        try:
            with socket.create_connection((host, int(port))) as connection:
                run(connection, me)
        except OSError as problem:
            print(f"No connection to {host}:{port} ({problem.strerror or problem}); trying again.", file=sys.stderr)
        time.sleep(random.uniform(1, 3))
