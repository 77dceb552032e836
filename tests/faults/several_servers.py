"""One chat of several servers on one PostgreSQL, with its clients: what the faults of item 19 and 20 are done to.

Each server is a process, and reaches the database by a link of its own that can be cut.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Final, Self

from tests.faults.actors import Client, Report, ServerProcess, judge, settle
from tests.faults.crash import Talker
from tests.faults.database_link import DatabaseLink
from tests.faults.mind import Frame, Mind
from tests.faults.roaming import ARENA, Contender, Roaming
from tests.peers import WAIT, wait_until
from tests.postgres import OPERATOR, Cluster

SERVERS: Final = 3
TALKERS: Final = 6
CONTENDERS: Final = 5
BURSTS: Final = 10.0  # a second and talker, of one to six texts
ROOMS: Final = ("lobby", "den")
DATABASE: Final = "chat"
EXPECTED: Final = (
    "the database ",
    "the log cannot be written",
    "this server",
    "the other servers",
    "declared this one dead",
)
_CLEAR: Final = "sslmode=disable&gssencmode=disable"  # or the links could not read who connects
_LOG: Final = """
    SELECT r.name, m.id, m.sender, m.text, m.session FROM chat.messages AS m JOIN chat.rooms AS r ON r.id = m.room
    ORDER BY m.n"""


def url(*ports: int) -> str:
    """Of the database, or of whichever of several can be written."""
    hosts, which = ",".join("127.0.0.1" for _ in ports), ",".join(map(str, ports))
    several = "&target_session_attrs=read-write" if len(ports) > 1 else ""
    return f"postgresql://{OPERATOR}@/{DATABASE}?host={hosts}&port={which}&{_CLEAR}{several}"


class Listener:
    """Says nothing of its own accord, and so never misses an answer: its server has to let it go."""

    def __init__(self) -> None:
        self.orders: SimpleQueue[str] = SimpleQueue()

    def __call__(self, client: Client) -> None:
        try:
            client.mind.say("lobby", self.orders.get_nowait())
        except Empty:
            pass


class Several:
    """Entered, the servers run and everybody is there; on leaving all of it is gone."""

    def __init__(self, folder: Path, rng: random.Random, *, lie: str | None = None) -> None:
        self.random = rng
        self._folder, self._lie = folder, lie
        self._opened = ExitStack()
        self.load = threading.Event()
        self.links: list[DatabaseLink] = []
        self.servers: list[ServerProcess] = []
        self.talkers: list[Roaming] = []
        self.listeners: list[Roaming] = []
        self.contenders: list[Contender] = []

    def open(self, databases: Sequence[int], prepare: Callable[[], object] = lambda: None) -> Self:
        """Everybody comes in. `prepare` is called when the tables are there, and nobody has said anything."""
        for number in range(SERVERS):
            links = [self._opened.enter_context(DatabaseLink(port)) for port in databases]
            self.links += links
            store = url(*(link.port for link in links))
            server = ServerProcess(self._folder / f"server-{number}", lie=self._lie, store=store)
            self.servers.append(server)
            self._opened.callback(server.kill)
        self.servers[0].start()
        prepare()
        for server in self.servers[1:]:
            server.start()
        self._come_in()
        return self

    def _come_in(self) -> None:
        ports = [server.port for server in self.servers]
        for number in range(TALKERS):
            mind = Mind(f"c{number}", ROOMS, window=self.random.choice((1, 4, 16, 40)))
            talker = Talker(self.random.randrange(10**9), f"c{number ^ 1}", self.load, BURSTS)
            self.talkers.append(Roaming(ports, mind, talker))
        for number in range(SERVERS):
            self.listeners.append(Roaming(ports, Mind(f"listener-{number}", ROOMS), Listener(), talks=False))
        self.contenders = [Contender(ports, self.random.randrange(10**9)) for _ in range(CONTENDERS)]
        for client in self.clients:
            client.start()
        self._opened.callback(self._end_clients)
        assert wait_until(lambda: all(map(is_known, self.talkers)), 2 * WAIT), "not all come in"
        self._spread()
        for contender in self.contenders:
            contender.start()
        self.load.set()

    def _spread(self) -> None:
        for number, client in enumerate(self.clients):
            client.move_to(number % SERVERS)
        assert wait_until(lambda: all(client.has_moved and client.mind.online for client in self.clients)), "not spread"

    @property
    def clients(self) -> list[Roaming]:
        return self.talkers + self.listeners

    def lives_since(self, moment: float) -> Callable[[], bool]:
        """Asks whether everybody is connected, and every talker has had a receipt since then."""
        return lambda: all(client.lives_since(moment) for client in self.clients)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._opened.close()

    def _end_clients(self) -> None:
        for client in self.clients:
            client.done.set()
        for contender in self.contenders:
            contender.finish()
        for client in self.clients:
            client.thread.join(2 * WAIT)

    # --- the end ---

    def settle(self, wait: float = 4 * WAIT) -> list[str]:
        """Everybody says what they wanted to, has all, and is gone; the servers end. What went wrong with that."""
        self.load.clear()
        for contender in self.contenders:
            contender.finish()
        wrong = settle(self.clients, ROOMS, wait)
        for server in self.servers:
            server.ask_to_stop()
        for server in self.servers:
            assert server.process is not None
            if code := server.process.wait(2 * WAIT):
                wrong.append(f"exit: code {code} when asked to stop")
        return wrong

    def judge(self, report: Report, rows: Sequence[tuple[str, int, str, str, int]]) -> None:
        """Hold what everybody was told against what the database holds."""
        log: dict[str, list[Frame]] = {}
        for room, id, sender, text, _ in rows:
            log.setdefault(room, []).append({"id": id, "from": sender, "text": text})
        arena = log.pop(ARENA, [])
        log.pop("@+", None)  # what is decided about people and rooms
        minds = [client.mind for client in self.clients]
        judge(report, minds, log)
        report.wrong += [wrong for mind in minds for wrong in overheard(mind)]
        report.wrong += shared_names([row for row in rows if row[0] == ARENA])
        report.wrong += unkept(self.contenders, [message["text"] for message in arena])
        report.wrong += [wrong for contender in self.contenders for wrong in contender.wrong]
        report.wrong += [f"complaint: {line}" for server in self.servers for line in grave(server.complaints)]


def is_known(client: Roaming) -> bool:
    return isinstance(client.talk, Talker) and client.talk.introduced and not client.mind.pending


def overheard(mind: Mind) -> list[str]:
    """Private rooms that are not this client's."""
    private = [room for room in mind.tracks if room.startswith("@")]
    return [f"overheard: {mind.name} hears {room}" for room in private if mind.name not in room[1:].split("+")]


def shared_names(rows: Sequence[tuple[str, int, str, str, int]]) -> list[str]:
    """Names that somebody bore while somebody else did: each time it is got, the session is another one."""
    bearers: dict[str, list[int]] = {}
    for _, _, name, _, session in rows:
        bore = bearers.setdefault(name, [])
        if bore[-1:] != [session]:
            bore.append(session)
    return [f"shared: two bore {name} at a time" for name, bore in bearers.items() if len(bore) > len(set(bore))]


def unkept(contenders: Sequence[Contender], texts: Sequence[str]) -> list[str]:
    """Receipts of theirs that the log does not hold exactly once."""
    counted: dict[str, int] = {}
    for text in texts:
        counted[text] = counted.get(text, 0) + 1
    lost = [f"lost: {text} of a contender" for one in contenders for text in one.receipts if text not in counted]
    return lost + [f"doubled: {text} of a contender" for text, times in counted.items() if times > 1]


def grave(complaints: Sequence[str]) -> list[str]:
    """That a database which is away is complained about is as it should be."""
    return [line for line in complaints if " ERROR " not in line or not any(words in line for words in EXPECTED)]


def log_of(cluster: Cluster) -> list[tuple[str, int, str, str, int]]:
    """All that is stored, in the order in which it was."""
    return [(room, id, sender, text, session) for room, id, sender, text, session in cluster.execute(_LOG, DATABASE)]
