"""Whatever strangers send, two people who chat beside them notice nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from server_parts.hub.live_rooms import LiveRooms
from server_parts.storage.records import Run
from tests.faults import hostile
from tests.faults.actors import ServerProcess, chosen_seed
from tests.faults.links import LocalServer
from tests.faults.neighbours import Case, cases, chat_beside, run


@pytest.mark.usefixtures("at_its_pace")
def test_every_malformed_case() -> None:
    """All of them beside a pair that chats."""
    finding = run(True, chosen_seed())
    print(finding)
    assert finding.met, finding.figure


def test_there_are_many_cases() -> None:
    """By name and out of the corpus, through both doors, welcomed and not."""
    kinds = [case.greeted for case in cases()]
    assert kinds.count(True) > 80
    assert kinds.count(False) > 150


@pytest.mark.thorough
def test_a_server_that_stands_still_is_found_out(tmp_path: Path) -> None:
    """A door that takes seconds over one line, and holds the interpreter meanwhile, is reported as late."""
    telnet = Case("telnet", hostile.PLAIN_LINES["telnet beginnings"][:32_000] + b"\n", greeted=False)
    with ServerProcess(tmp_path / "data", lie="slow") as server:
        report = chat_beside(server.port, [telnet], 0)
    print(report)
    assert report.kinds()["late"] == 1, str(report)


def test_a_wrong_message_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that shows one text in the place of another is reported."""
    publish = LiveRooms.publish

    def publish_wrongly(self: LiveRooms, name: str, runs: list[Run]) -> None:
        wrong = [run._replace(texts=["text 4" if text == "text 3" else text for text in run.texts]) for run in runs]
        publish(self, name, wrong)

    monkeypatch.setattr(LiveRooms, "publish", publish_wrongly)
    with LocalServer() as server:
        report = chat_beside(server.port, list(cases())[:40], 0)
    print(report)
    assert report.kinds()["order"] == 1, str(report)
