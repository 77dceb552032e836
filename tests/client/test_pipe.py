"""The client as a part of other programs: pipes, JSON events, signals; with the real server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client.programs import Pipe, ServerProgram
from tests.faults.actors import slowly
from tests.programs import server_program

Run = Callable[..., Pipe]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProgram]:
    program = ServerProgram(tmp_path_factory.mktemp("server") / "data")
    yield program
    program.close()


@pytest.fixture
def run(server: ServerProgram, tmp_path: Path) -> Iterator[Run]:
    """Starts clients in pipes; all are gone afterwards."""
    pipes: list[Pipe] = []

    def run_one(name: str, *arguments: str, port: int = server.port, stdin: int = subprocess.PIPE) -> Pipe:
        pipes.append(Pipe(port, tmp_path / f"token-{name}", "--name", name, *arguments, stdin=stdin))
        return pipes[-1]

    yield run_one
    for pipe in pipes:
        pipe.close()


def events(pipe: Pipe) -> Iterator[dict[str, object]]:
    assert pipe.process.stdout is not None
    return map(json.loads, pipe.process.stdout)


def wait_for_event(stream: Iterator[dict[str, object]], kind: str) -> dict[str, object]:
    return next(event for event in stream if event["type"] == kind)


def test_a_builds_output_is_sent_line_by_line(run: Run) -> None:
    """Every line that is not blank, in order, whatever it looks like; then status 0; not one escape code."""
    lines = [
        "make: entering",
        "",
        "   ",
        "\tcc -c x.c",
        "/usr/bin/ld: warning",
        "over",
        "// comment",
        "exit",
        "\u3164\u200b",
        "x" * 12_000,
    ]
    status, out, err = run("ci", "--room", "pipe-builds").finish("\n".join(lines))
    assert (status, err) == (0, "")
    assert "\x1b" not in out
    said = [line.partition(" said -> ")[2] for line in out.splitlines() if "✓" in line]
    x = "x" * 5000
    assert said == [
        f"{text} ✓"
        for text in (
            "make: entering",
            "    cc -c x.c",
            "/usr/bin/ld: warning",
            "over",
            "// comment",
            "exit",
            x,
            x,
            x[:2000],
        )
    ]


def test_a_pipe_prints_what_was_said_before_only_if_it_is_asked_to(run: Run) -> None:
    """A build's log is no place for other people's words, least of all private ones."""
    first = run("piper", "--json", "--room", "pipe-logs")
    stream = events(first)
    wait_for_event(stream, "history")
    assert run("writer", "--room", "pipe-logs").finish("before\n/msg piper secret\n")[0] == 0
    while wait_for_event(stream, "message")["text"] != "secret":
        pass
    assert first.finish("/exit\n")[0] == 0
    _, out, _ = run("piper", "--room", "pipe-logs").finish("build done\n")
    [line] = [line for line in out.splitlines() if " said -> " in line]
    assert re.fullmatch(r"\d\d:\d\d \[COLOR \(magenta\)\] piper said -> build done ✓", line)
    _, out, _ = run("piper", "--room", "pipe-logs", "--history", "5").finish("build done\n")
    assert ["before" in out, "secret" in out] == [True, True]


def test_a_pipe_shows_nothing_old_wherever_it_goes(run: Run) -> None:
    """Of a room that it joins later as little as of the first."""
    run("elder", "--room", "pipe-old").finish("long ago\n")
    status, out, _ = run("joiner").finish("/join pipe-old\nin pipe-old\n")
    assert (status, "in pipe-old ✓" in out, "long ago" in out) == (0, True, False)


def test_ten_thousand_lines_arrive_in_order(run: Run) -> None:
    """More than may wait at once: the pipe is held back, and nothing is lost or doubled."""
    numbers = [str(number) for number in range(10_000)]
    status, out, _ = run("many", "--room", "pipe-many").finish("\n".join(numbers) + "\n")
    said = [line.split(" said -> ")[1].split(" ")[0] for line in out.splitlines() if "✓" in line]
    assert (status, said) == (0, numbers)


def test_what_could_not_be_delivered_fails(run: Run) -> None:
    """A refused text is a sentence on standard error and a status."""
    status, _, err = run("sorry").finish("/msg nobody-here hello\n")
    assert status == 1
    assert "1 text was refused." in err
    assert "hello" in err


def test_nobody_there_fails(run: Run) -> None:
    """One sentence on standard error, nothing on standard output."""
    assert run("ci", port=1).finish("x\n") == (
        1,
        "",
        "No server answers at 127.0.0.1:1; start one with: python server.py\n",
    )


def test_events_are_all_that_is_on_standard_output(run: Run) -> None:
    """Every line is a JSON object; sentences for people are elsewhere."""
    status, out, err = run("bot", "--json", "--room", "pipe-json").finish("hello\n/who\n/nonsense\n")
    kinds = [json.loads(line)["type"] for line in out.splitlines()]
    assert status == 0
    assert kinds[:3] == ["welcome", "link", "joined"]
    assert kinds.count("message") == 2
    assert "who" in kinds
    assert "Connected to server" in err


def test_a_bot_that_only_listens_goes_on_listening(run: Run) -> None:
    """With nothing on standard input, events keep coming until a signal."""
    bot = run("listener", "--json", "--room", "pipe-listen", stdin=subprocess.DEVNULL)
    stream = events(bot)
    wait_for_event(stream, "history")
    assert run("talker", "--room", "pipe-listen").finish("are you there\n")[0] == 0
    assert wait_for_event(stream, "message")["text"] == "are you there"
    bot.process.send_signal(signal.SIGTERM)
    assert bot.process.wait(10) == 128 + signal.SIGTERM


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="hanging up is a Unix thing")
def test_a_bot_under_nohup_outlives_its_terminal(run: Run) -> None:
    """Whoever starts it may have said that nobody's hanging up is to end it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # which programs inherit
    try:
        with open(os.devnull, "w") as unreadable:  # what nohup gives for a terminal
            bot = run("nightly", "--json", "--room", "pipe-nohup", stdin=unreadable.fileno())
    finally:
        signal.signal(signal.SIGHUP, before)
    stream = events(bot)
    wait_for_event(stream, "history")
    bot.process.send_signal(signal.SIGHUP)
    assert run("caller", "--room", "pipe-nohup").finish("still there?\n")[0] == 0
    assert wait_for_event(stream, "message")["text"] == "still there?"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are a Unix thing")
def test_ctrl_c_in_a_pipe_is_130_without_a_traceback(run: Run) -> None:
    """An interrupted pipe says so the way shells expect."""
    bot = run("interrupted", "--json", "--room", "pipe-int")
    wait_for_event(events(bot), "history")
    bot.process.send_signal(signal.SIGINT)
    assert bot.process.wait(10) == 130
    assert bot.process.stderr is not None
    assert "Traceback" not in bot.process.stderr.read()


@pytest.mark.skipif(sys.platform == "win32", reason="head is a Unix thing")
def test_a_reader_that_goes_away_is_no_drama(run: Run) -> None:
    """`client.py | head -1` ends quietly, although input is still open."""
    client = run("broken", "--json", "--room", "pipe-broken")
    wait_for_event(events(client), "history")
    assert client.process.stdout is not None
    client.process.stdout.close()
    assert run("breaker", "--room", "pipe-broken").finish("a line\n")[0] == 0
    assert client.process.wait(10) == 0
    assert client.process.stderr is not None
    assert "Traceback" not in client.process.stderr.read()
    client.process.stdout = None


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is told in another way")
def test_a_pipe_sends_on_when_nobody_reads_what_it_shows(run: Run) -> None:
    """`make | client.py | head -1`: the lines arrive all the same, and the status says so."""
    deaf = run("deaf", "--room", "pipe-deaf")
    assert deaf.process.stdin is not None
    assert deaf.process.stdout is not None
    deaf.process.stdout.close()
    deaf.process.stdin.write("one\ntwo\nthree\n")
    deaf.process.stdin.close()
    assert deaf.process.wait(10) == 0
    deaf.process.stdin = deaf.process.stdout = None
    history = wait_for_event(events(run("reader", "--json", "--room", "pipe-deaf")), "history")
    assert [message["text"] for message in history["messages"]] == ["one", "two", "three"]  # type: ignore[attr-defined]


def test_a_chosen_name_that_is_occupied_is_an_error(run: Run, server: ServerProgram, tmp_path: Path) -> None:
    """A name that was asked for and is taken ends with one sentence and status 1."""
    first = run("original", "--json", "--room", "pipe-names")
    wait_for_event(events(first), "history")
    second = Pipe(server.port, tmp_path / "other-token", "--name", "original")
    status, _, err = second.finish("x\n")
    assert status == 1
    assert err == (
        f"The name original is taken at 127.0.0.1:{server.port}; choose another with --name, "
        "or prove that it is yours with --login.\n"
    )


def test_the_promised_library_use(server: ServerProgram, tmp_path: Path) -> None:
    """ChatClient(color="red").connect_to_server() is the program."""
    code = f"from client import ChatClient; ChatClient(port={server.port}, color='red').connect_to_server()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input="from the library\n",
        capture_output=True,
        text=True,
        timeout=20,
        env={"CHAT_TOKEN_FILE": str(tmp_path / "token"), "PATH": "", "LANG": "C.UTF-8"},
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.returncode == 0
    assert "[COLOR (red)]" in done.stdout
    assert "from the library ✓" in done.stdout


def test_importing_does_nothing() -> None:
    """No output, no thread, no socket."""
    code = "import threading, client; print(threading.active_count())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=20,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert (done.stdout, done.stderr) == ("1\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are a Unix thing")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pipe_ended_by_a_signal_ends_at_once_and_falls_silent(
    run: Run, number: signal.Signals, at_its_pace: None
) -> None:
    """What the rate held back is not said; standard error tells how many texts were not confirmed."""
    with server_program("--rate", "20") as slow:
        watcher = run("watcher", "--json", port=slow.port)
        stream = events(watcher)
        wait_for_event(stream, "history")
        cut = run("cut", port=slow.port)
        assert cut.process.stdin is not None
        cut.process.stdin.write("".join(f"line {number}\n" for number in range(300)))
        cut.process.stdin.flush()
        # The rate holds texts back by then, so the client has read more than it could have confirmed.
        while wait_for_event(stream, "message")["text"] != "line 60":
            pass
        begun = time.monotonic()
        cut.process.send_signal(number)
        assert cut.process.wait(10) == 128 + number
        assert time.monotonic() - begun < slowly(3)  # the usual goodbye takes at least three seconds
        said = 61
        while (event := next(stream)).get("left") != ["cut"]:
            said += event["type"] == "message"
        assert said < 250
        assert cut.process.stderr is not None
        assert re.fullmatch(r"\d+ texts were not confirmed, and may be lost\.\n", cut.process.stderr.read())
