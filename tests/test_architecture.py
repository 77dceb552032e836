"""Imports run one way, pure modules know no socket, and importing does nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("server_parts", "client_parts", "terminal_parts")
FILES = sorted([*ROOT.glob("*.py"), *(file for part in PARTS for file in (ROOT / part).glob("*.py"))])
MOST_LINES = 550

# Who may import what of the project. Nothing may import the two programs.
ALLOWED = {
    "server": ("server_parts", "terminal_parts", "chat_common"),
    "server_parts": ("server_parts", "terminal_parts", "chat_common"),
    "client": ("client_parts", "terminal_parts", "chat_common"),
    "client_parts": ("client_parts", "terminal_parts", "chat_common"),
    "terminal_parts": ("terminal_parts", "chat_common"),
    "chat_common": (),
}
OURS = frozenset(ALLOWED)
PURE = (
    "chat_common",
    "client_parts.conversation.delivery",
    "server_parts.hub.batch",
    "server_parts.protocol.doorway",
    "server_parts.hub.live_rooms",
    "server_parts.hub.hub",
    "server_parts.people.names",
    "server_parts.protocol.native_door",
    "server_parts.people.rate_limit",
    "server_parts.protocol.plain_door",
    "server_parts.people.presence",
    "server_parts.protocol.requests",
    "terminal_parts.editor",
    "terminal_parts.input_row",
    "terminal_parts.keys",
)
WIRE = frozenset({"socket", "select", "selectors", "ssl", "socketserver", "asyncio"})
# Wanted only when it is asked for, and so imported inside a function.
OPTIONAL = frozenset({"redis", "yaml"})


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(source: str, package: str = "") -> Iterator[tuple[str, bool]]:
    """(module, whether at the top) for every import, wherever it stands; also those that are spelled as a call."""
    tree = ast.parse(source)
    inside = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef | ast.Lambda) for n in ast.walk(f)}
    for node in ast.walk(tree):
        at_top = id(node) not in inside
        if isinstance(node, ast.Import):
            yield from ((alias.name, at_top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(part for part in (package if node.level else "", node.module or "") if part)
            yield base, at_top
            yield from ((f"{base}.{alias.name}", at_top) for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
            "__import__",
            "import_module",
        ):
            yield (ast.literal_eval(node.args[0]) if isinstance(node.args[0], ast.Constant) else "?"), at_top


def wrong_imports(module: str, source: str) -> list[str]:
    """What this module imports and may not."""
    side = module.split(".")[0]
    wrong = []
    for name, at_top in imports(source, side):
        top = name.split(".")[0]
        ours = top in OURS and top not in ALLOWED[side]
        optional = top in OPTIONAL and not at_top
        foreign = top not in OURS and top != "termcolor" and not optional and top not in sys.stdlib_module_names
        if ours or foreign:
            wrong.append(name)
    return wrong


def project_imports(module: str, sources: dict[str, str]) -> set[str]:
    """The project's modules that this one pulls in, directly or through others."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        current = waiting.pop()
        if current in found or current not in sources:
            continue
        found.add(current)
        waiting += [name for name, _ in imports(sources[current], current.split(".")[0])]
    return found


def reaches_the_wire(module: str, sources: dict[str, str]) -> list[str]:
    """By which of its modules a pure one would come to know sockets."""
    return [
        f"{part} imports {name}"
        for part in sorted(project_imports(module, sources))
        for name, _ in imports(sources[part], part.split(".")[0])
        if name.split(".")[0] in WIRE
    ]


SOURCES = {module_of(file): file.read_text() for file in FILES}


def test_there_is_something_to_look_at() -> None:
    """The walk finds the three named files and both sides' parts."""
    assert {"server", "client", "chat_common"} <= set(SOURCES)
    assert len(SOURCES) > 20


@pytest.mark.parametrize("module", SOURCES)
def test_imports_run_one_way(module: str) -> None:
    """Each side uses its own parts and what both share; of other people's packages, termcolor alone."""
    assert wrong_imports(module, SOURCES[module]) == []


@pytest.mark.parametrize("module", PURE)
def test_decisions_know_no_socket(module: str) -> None:
    """Neither themselves nor through what they import."""
    assert module in SOURCES
    assert reaches_the_wire(module, SOURCES) == []


@pytest.mark.parametrize("module", SOURCES)
def test_every_module_says_what_it_is(module: str) -> None:
    """It opens with a docstring."""
    assert ast.get_docstring(ast.parse(SOURCES[module]))


@pytest.mark.parametrize("module", SOURCES)
def test_no_file_is_too_long(module: str) -> None:
    """Past that, something in it wants a room of its own."""
    assert SOURCES[module].count("\n") <= MOST_LINES


IMPORT_AND_LOOK = """
import sys, threading, signal, os, logging
before = (signal.getsignal(signal.SIGINT), os.getcwd(), dict(os.environ), sys.excepthook, threading.excepthook)
files = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
for name in sys.argv[1:]:
    __import__(name)
after = (signal.getsignal(signal.SIGINT), os.getcwd(), dict(os.environ), sys.excepthook, threading.excepthook)
assert before == after, "process state changed"
assert threading.active_count() == 1, threading.enumerate()
assert not files or set(os.listdir("/proc/self/fd")) == files, "a file was left open"
assert not logging.getLogger().handlers and not logging.getLogger("chat").handlers
"""


def test_importing_does_nothing() -> None:
    """No thread, no open file, no signal handler, no output, no warning: only names."""
    modules = [module for module in SOURCES if not module.endswith("redis_log")]
    command = [sys.executable, "-W", "error", "-c", IMPORT_AND_LOOK, *modules]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


# --- does the detector detect? ---

WRONG = {
    "a side imports the other": ("server_parts.hub.hub", "from client_parts import delivery"),
    "what both share imports a side": ("terminal_parts.editor", "from client_parts import rows"),
    "the program is imported": ("server_parts.hub.hub", "import server"),
    "the program is imported by name": ("client_parts.link.link", "from client import ChatClient"),
    "the shared language imports a side": ("chat_common", "import server_parts.hub.hub"),
    "parts of a part": ("client", "from server_parts.protocol.requests import Say"),
    "inside a function": ("server_parts.hub.hub", "def f():\n    import client"),
    "under a condition": ("server_parts.hub.hub", "if 1:\n    import client_parts.link.link"),
    "a stranger": ("server", "import requests"),
    "a stranger's part": ("server", "from rich.console import Console"),
    "as a call": ("server_parts.hub.hub", "import importlib\nimportlib.import_module('client')"),
    "as a call that hides": ("server_parts.hub.hub", "name = 'client'\n__import__(name)"),
    "an optional package at the top": ("server_parts.redis_log", "import redis"),
}


@pytest.mark.parametrize(("module", "source"), WRONG.values(), ids=WRONG.keys())
def test_wrong_imports_are_seen(module: str, source: str) -> None:
    """Each way of breaking the rule is found."""
    assert wrong_imports(module, source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("server", "import socket\nfrom server_parts.hub.hub import Hub\nfrom chat_common import LOBBY"),
        ("server_parts.hub.hub", "from . import house\nfrom .requests import Say\nfrom server_parts import door"),
        ("client", "from termcolor import colored\nimport client_parts.link.link"),
        ("server_parts.redis_log", "def connect():\n    import redis"),
    ],
)
def test_right_imports_pass(module: str, source: str) -> None:
    """What is allowed is not complained about."""
    assert wrong_imports(module, source) == []


def test_a_socket_behind_a_module_is_seen() -> None:
    """Also two imports away."""
    sources = {
        "chat_common": "from server_parts import a",
        "server_parts.a": "import b\nfrom .c import d",
        "server_parts.c": "import ssl",
    }
    assert reaches_the_wire("chat_common", sources) == ["server_parts.c imports ssl"]
    assert reaches_the_wire("chat_common", sources | {"server_parts.c": "import json"}) == []
