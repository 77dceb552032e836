"""The layout of the code: one row for each folder, imports that run one way, pure modules, imports without effects."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]
PROGRAMS: Final = ("server", "client")
PARTS: Final = ("server_parts", "client_parts", "terminal_parts", "tls_parts")
MOST_LINES, MOST_LINES_OF_TESTS = 400, 500
LONGER: Final = {"chat_common": 510}  # both sides need all of it, and it has to stay one file
MOST_METHODS, MOST_PARAMETERS = 29, 6  # of a class, and of its constructor
WIRE: Final = frozenset({"socket", "select", "selectors", "ssl", "socketserver", "asyncio"})


class Row(NamedTuple):
    """What the modules of a folder may import of the project, besides each other."""

    imports: tuple[str, ...]
    pure: bool = False  # neither they nor anything that they import knows sockets


# From the bottom to the top: a row names only rows above it. A top-level file is a row of its own.
FOLDERS: Final = {
    "chat_common": Row((), pure=True),
    "terminal_parts": Row(("chat_common",)),
    "tls_parts": Row(("chat_common",)),
    "server_parts.folders": Row((), pure=True),
    "server_parts.setting_forms": Row(("chat_common",), pure=True),
    "server_parts.settings": Row(("chat_common", "terminal_parts", "server_parts.setting_forms")),
    "server_parts.wire": Row(("chat_common", "tls_parts", "server_parts.folders")),
    "server_parts.storage": Row(("chat_common", "server_parts.folders"), pure=True),
    "server_parts.storage.sqlite": Row(("chat_common", "server_parts.folders", "server_parts.storage"), pure=True),
    "server_parts.storage.postgres": Row(("chat_common", "server_parts.storage"), pure=True),
    "server_parts.opening": Row(
        (
            "server_parts.settings",
            "server_parts.storage",
            "server_parts.storage.sqlite",
            "server_parts.storage.postgres",
        )
    ),
    "server_parts.protocol": Row(("chat_common", "server_parts.storage"), pure=True),
    "server_parts.web": Row(("chat_common", "server_parts.storage", "server_parts.protocol"), pure=True),
    "server_parts.export": Row(
        (
            "chat_common",
            "server_parts.settings",
            "server_parts.storage",
            "server_parts.storage.sqlite",
            "server_parts.opening",
            "server_parts.protocol",
        )
    ),
    "server_parts.importing": Row(
        (
            "chat_common",
            "terminal_parts",
            "server_parts.settings",
            "server_parts.storage",
            "server_parts.storage.sqlite",
            "server_parts.storage.postgres",
            "server_parts.opening",
        )
    ),
    "server_parts.moderation": Row(("chat_common", "server_parts.storage"), pure=True),
    "server_parts.people": Row(
        ("chat_common", "server_parts.storage", "server_parts.protocol", "server_parts.moderation"), pure=True
    ),
    "server_parts.files": Row(
        ("chat_common", "server_parts.storage", "server_parts.protocol", "server_parts.web"), pure=True
    ),
    "server_parts.hub": Row(
        (
            "chat_common",
            "server_parts.settings",
            "server_parts.storage",
            "server_parts.protocol",
            "server_parts.moderation",
            "server_parts.people",
            "server_parts.files",
        )
    ),
    "server_parts.operator": Row(
        (
            "chat_common",
            "terminal_parts",
            "server_parts.settings",
            "server_parts.storage",
            "server_parts.protocol",
            "server_parts.people",
            "server_parts.hub",
        )
    ),
    "server_parts.own_certificate": Row(("server_parts.settings", "server_parts.wire")),
    "server_parts.starting": Row(
        (
            "chat_common",
            "terminal_parts",
            "tls_parts",
            "server_parts.settings",
            "server_parts.wire",
            "server_parts.own_certificate",
        )
    ),
    "server_parts.reading": Row(
        (
            "server_parts.settings",
            "server_parts.wire",
            "server_parts.storage",
            "server_parts.protocol",
            "server_parts.web",
            "server_parts.people",
            "server_parts.files",
            "server_parts.hub",
        )
    ),
    "server_parts.signals": Row(()),
    "server": Row(("chat_common", "server_parts", "terminal_parts", "tls_parts")),
    "client_parts.kept": Row(("chat_common", "terminal_parts", "tls_parts")),
    "client_parts.files": Row(("chat_common",), pure=True),
    "client_parts.input": Row(("chat_common", "terminal_parts", "client_parts.kept", "client_parts.files")),
    "client_parts.screen": Row(
        ("chat_common", "terminal_parts", "client_parts.kept", "client_parts.files", "client_parts.input")
    ),
    "client_parts.conversation": Row(
        ("chat_common", "client_parts.kept", "client_parts.files", "client_parts.input", "client_parts.screen"),
        pure=True,
    ),
    "client_parts.link": Row(
        (
            "chat_common",
            "terminal_parts",
            "tls_parts",
            "client_parts.kept",
            "client_parts.files",
            "client_parts.input",
            "client_parts.screen",
            "client_parts.conversation",
        )
    ),
    "client_parts.transfer": Row(
        (
            "chat_common",
            "client_parts.files",
            "client_parts.screen",
            "client_parts.conversation",
            "client_parts.link",
        )
    ),
    "client_parts.addresses": Row(("chat_common", "terminal_parts", "tls_parts", "client_parts.kept")),
    "client_parts.command_line": Row(
        (
            "chat_common",
            "terminal_parts",
            "tls_parts",
            "client_parts.kept",
            "client_parts.files",
            "client_parts.addresses",
        )
    ),
    "client": Row(("chat_common", "client_parts", "terminal_parts", "tls_parts")),
}
# Used if it is installed: by a module, or by a folder.
OPTIONAL: Final = {
    "server_parts.wire.cryptography_package": "cryptography",
    "server_parts.storage.postgres": "psycopg",
}
PURE_MODULES: Final = ("client_parts.link.accepted_frames", "client_parts.link.course")


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


FILES = sorted([*ROOT.glob("*.py"), *(file for part in PARTS for file in (ROOT / part).rglob("*.py"))])
SOURCES = {module_of(file): file.read_text() for file in FILES}
MODULES = [module for module in SOURCES if not module.endswith("__init__")]
PACKAGES = [module for module in SOURCES if module.endswith("__init__")]


def row_of(module: str) -> str:
    """The row that stands for a module: its own, or its folder's."""
    return module if module in FOLDERS else module.rpartition(".")[0]


@cache
def tree_of(source: str) -> ast.Module:
    return ast.parse(source)


@cache
def imports(source: str, package: str = "") -> tuple[tuple[str, str], ...]:
    """(module, name) for every import, wherever it stands; also those that are spelled as a call."""
    return tuple(_imports(source, package))


def _imports(source: str, package: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(part for part in (package if node.level else "", node.module or "") if part)
            yield from ((base, alias.name) for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
            "__import__",
            "import_module",
        ):
            yield (ast.literal_eval(node.args[0]) if isinstance(node.args[0], ast.Constant) else "?"), ""


def imported(module: str, sources: Mapping[str, str]) -> set[str]:
    """Everything that a module imports; what is a module of ours by its whole name."""
    found = imports(sources[module], module.rpartition(".")[0])
    return {inner if (inner := f"{base}.{name}") in sources else base for base, name in found}


def wrong_imports(module: str, sources: Mapping[str, str]) -> list[str]:
    """What a module imports and may not."""
    allowed = FOLDERS[row_of(module)].imports
    return [name for name in sorted(imported(module, sources)) if not _may_import(module, name, allowed)]


def _may_import(module: str, name: str, allowed: tuple[str, ...]) -> bool:
    top = name.split(".")[0]
    if top not in ("chat_common", *PROGRAMS, *PARTS):
        optional = OPTIONAL.get(module, OPTIONAL.get(row_of(module)))
        return top in ("termcolor", optional) or top in sys.stdlib_module_names
    if module in PROGRAMS:  # they compose everything of their own side
        return top in allowed
    return row_of(name) in (*allowed, row_of(module))


def circles(sources: Mapping[str, str]) -> list[str]:
    """The modules that import themselves through others."""
    graph = {module: imported(module, sources) & set(sources) for module in sources}
    return sorted(module for module in graph if module in _reachable(graph, graph[module]))


def _reachable(graph: Mapping[str, set[str]], begin: set[str]) -> set[str]:
    found: set[str] = set()
    waiting = set(begin)
    while waiting:
        module = waiting.pop()
        found.add(module)
        waiting |= graph.get(module, set()) - found
    return found


def reaches_the_wire(module: str, sources: Mapping[str, str]) -> list[str]:
    """By which of its modules a pure one would come to know sockets."""
    graph = {name: imported(name, sources) for name in sources}
    ours = sorted({module, *_reachable(graph, graph[module])} & set(sources))
    return [f"{part} imports {name}" for part in ours for name in sorted(graph[part]) if name.split(".")[0] in WIRE]


def is_pure(module: str) -> bool:
    return FOLDERS[row_of(module)].pure or module in PURE_MODULES


# --- the rules ---


def test_every_folder_has_a_row() -> None:
    """A new folder, or a new file beside the folders, says what it may know; no row is left of an old one."""
    assert {row_of(module) for module in MODULES} == set(FOLDERS)


def test_rows_run_one_way() -> None:
    """A row names only rows that stand above it."""
    names = [*FOLDERS, *PARTS]
    for number, (folder, row) in enumerate(FOLDERS.items()):
        above = {*names[:number], *(PARTS if folder in PROGRAMS else ())}
        assert set(row.imports) <= above, folder


def test_imports_run_one_way() -> None:
    """A module imports what its row allows; of other people's packages, termcolor alone."""
    assert {module: wrong for module in MODULES if (wrong := wrong_imports(module, SOURCES))} == {}


def test_no_module_imports_itself_through_others() -> None:
    """There is no circle, not even inside a folder."""
    assert circles({module: SOURCES[module] for module in MODULES}) == []


def test_pure_modules_know_no_socket() -> None:
    """Neither themselves nor through what they import."""
    pure = [module for module in MODULES if is_pure(module)]
    assert len(pure) > 100
    assert {module: why for module in pure if (why := reaches_the_wire(module, SOURCES))} == {}


def test_every_module_says_what_it_is() -> None:
    """It opens with a docstring."""
    assert [module for module in SOURCES if not ast.get_docstring(tree_of(SOURCES[module]))] == []


def test_a_folder_says_one_line() -> None:
    """Its `__init__.py` is the line that says what belongs there, and nothing else."""
    assert [package for package in PACKAGES if SOURCES[package].count("\n") != 1] == []


def test_no_file_is_too_long() -> None:
    """A longer file holds more than one idea."""
    assert [name for name in SOURCES if SOURCES[name].count("\n") > LONGER.get(name, MOST_LINES)] == []


def long_files(folder: Path) -> list[str]:
    """Which files of tests, or of what they share, are too long."""
    files = folder.rglob("*.py")
    return sorted(one.name for one in files if one.read_bytes().count(b"\n") > MOST_LINES_OF_TESTS)


def test_no_file_of_tests_is_too_long() -> None:
    """Divide it along its ideas: also because a worker gets whole files."""
    assert long_files(ROOT / "tests") == []


def test_a_file_of_tests_that_is_too_long_is_found(tmp_path: Path) -> None:
    """Wherever it lies; and one that is just as long as it may be is not."""
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "test_a.py").write_text("#\n" * (MOST_LINES_OF_TESTS + 1))
    (tmp_path / "test_b.py").write_text("#\n" * MOST_LINES_OF_TESTS)
    assert long_files(tmp_path) == ["test_a.py"]


def large_classes(source: str) -> list[str]:
    """Classes with too many methods, or with a constructor that wants too much."""
    classes = [node for node in ast.walk(tree_of(source)) if isinstance(node, ast.ClassDef)]
    methods = {node.name: [one for one in node.body if isinstance(one, ast.FunctionDef)] for node in classes}
    wanted = {
        name: len(one.args.args) + len(one.args.kwonlyargs) - 1
        for name, functions in methods.items()
        for one in functions
        if one.name == "__init__"
    }
    return [name for name in methods if len(methods[name]) > MOST_METHODS or wanted.get(name, 0) > MOST_PARAMETERS]


def test_no_class_is_too_large() -> None:
    """A larger one holds more than one idea."""
    assert {module: large for module in MODULES if (large := large_classes(SOURCES[module]))} == {}


def test_a_large_class_is_found_out() -> None:
    """With one method or one parameter too many."""
    methods = "".join(f"    def m{number}(self): ...\n" for number in range(MOST_METHODS + 1))
    parameters = ", ".join(f"p{number}" for number in range(MOST_PARAMETERS + 1))
    assert large_classes(f"class A:\n{methods}") == ["A"]
    assert large_classes(f"class B:\n    def __init__(self, {parameters}): ...") == ["B"]


@pytest.mark.parametrize("side", ["server", "client"])
def test_the_tests_mirror_the_folders(side: str) -> None:
    """Tests of one folder's modules stand in a folder of the same name."""
    folders = {path.name for path in (ROOT / f"{side}_parts").iterdir() if (path / "__init__.py").exists()}
    mirrored = {path.name for path in (ROOT / "tests" / side).iterdir() if (path / "__init__.py").exists()}
    assert mirrored == folders


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
    missing = [name for name, package in OPTIONAL.items() if importlib.util.find_spec(package) is None]
    modules = [module for module in MODULES if row_of(module) not in missing]
    command = [sys.executable, "-W", "error", "-c", IMPORT_AND_LOOK, *modules]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


# --- the detectors detect ---

WRONG = {
    "a side imports the other": ("server_parts.hub.hub", "from client_parts.conversation import delivery"),
    "what both share imports a side": ("terminal_parts.editor", "from client_parts.screen import rows"),
    "the program is imported": ("server_parts.hub.hub", "import server"),
    "the program is imported by name": ("client_parts.link.link", "from client import ChatClient"),
    "the shared language imports a side": ("chat_common", "import server_parts.hub.hub"),
    "a program imports the other side": ("client", "from server_parts.protocol.requests import Say"),
    "upward": ("server_parts.people.names", "from server_parts.hub.batch import Batch"),
    "upward, the folder as a whole": ("server_parts.people.names", "from server_parts import hub"),
    "a backend from outside": ("server_parts.hub.hub", "from server_parts.storage.sqlite.log import SqliteLog"),
    "inside a function": ("server_parts.hub.hub", "def f():\n    import client"),
    "under a condition": ("server_parts.hub.hub", "if 1:\n    import client_parts.link.link"),
    "a stranger": ("server", "import requests"),
    "a stranger that another module may use": ("server", "import cryptography"),
    "a database from outside its folder": ("server_parts.storage.sqlite.log", "import psycopg"),
    "a stranger's part": ("server", "from rich.console import Console"),
    "as a call": ("server_parts.hub.hub", "import importlib\nimportlib.import_module('client')"),
    "as a call that hides": ("server_parts.hub.hub", "name = 'client'\n__import__(name)"),
}


@pytest.mark.parametrize(("module", "source"), WRONG.values(), ids=WRONG.keys())
def test_wrong_imports_are_seen(module: str, source: str) -> None:
    """Each way of breaking the rule is found."""
    assert wrong_imports(module, SOURCES | {module: source})


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("server", "import socket\nfrom server_parts.hub.hub import Hub\nfrom chat_common import LOBBY"),
        (
            "server_parts.hub.hub",
            "from . import batch\nfrom .pages import PAGE\nfrom server_parts.protocol import door",
        ),
        ("client", "from termcolor import colored\nimport client_parts.link.link"),
        ("server_parts.opening", "from server_parts.storage.sqlite.log import SqliteLog"),
    ],
)
def test_right_imports_pass(module: str, source: str) -> None:
    """What is allowed is not complained about."""
    assert wrong_imports(module, SOURCES | {module: source}) == []


def test_a_socket_behind_a_module_is_seen() -> None:
    """Also two imports away."""
    sources = {
        "chat_common": "from server_parts import a",
        "server_parts.a": "import b\nfrom .c import d",
        "server_parts.c": "import ssl",
    }
    assert reaches_the_wire("chat_common", sources) == ["server_parts.c imports ssl"]
    assert reaches_the_wire("chat_common", sources | {"server_parts.c": "import json"}) == []


def test_a_circle_is_seen() -> None:
    """Also one of three."""
    sources = {"a": "import b", "b": "from c import x", "c": "import a", "d": "import a"}
    assert circles(sources) == ["a", "b", "c"]
    assert circles(sources | {"c": "import os"}) == []
