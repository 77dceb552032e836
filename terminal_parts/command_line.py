"""What the command lines of both programs share: the form of `--help`, and one sentence for each error.

It must not know which options there are, or what they mean.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

from chat_common import VERSION, harmless_line, nearest, paint
from terminal_parts.fitting import fitted_for

T = TypeVar("T")

_LONGEST = 60  # characters of a wrong value that are shown
_ARGPARSE = (  # what argparse says, and how it is said here
    (r"argument (?:-\w/)?(.+): expected one argument", r"option \1 needs a value, as in \1=VALUE"),
    (r"argument (?:-\w/)?(.+): ignored explicit argument .+", r"option \1 takes no value"),
    (r"ambiguous option: (.+) could match (.+)", r"option \1 is ambiguous: it may be \2"),
)


def how_to_start(side: str) -> str:
    """How a person starts the server or the client, installed or not, by how this program was started."""
    started = Path(sys.argv[0] or ".")
    if started.stem in ("chat-server", "chat-client"):
        return f"chat-{side}"
    return f"python {started.parent.name} {side}" if started.parent.suffix == ".pyz" else f"python {side}.py"


class CommandLine(argparse.ArgumentParser):
    """Reads the command line. What is wrong with it is told in one sentence, and ends the program with status 2."""

    def __init__(self, program: str, usage: str, description: str, epilog: str, *, allow_abbrev: bool) -> None:
        started = how_to_start(program.removesuffix(".py"))
        super().__init__(
            prog=program,
            usage=f"{started} {usage}",
            description=description.replace(f"python {program}", started),
            epilog=epilog.replace(f"python {program}", started),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=allow_abbrev,
            add_help=False,
        )

    def group(self, title: str) -> Callable[..., argparse.Action]:
        """Begin a group of options in the help page. Returns what adds an option to it."""
        return self.add_argument_group(title).add_argument

    def add_general(self) -> Callable[..., argparse.Action]:
        """Begin the last group, which both programs have."""
        add = self.group("General")
        add("-h", "--help", action="help", help="show this page and exit")
        add("--version", action="version", version=f"{self.prog} {VERSION}", help="show the version and exit")
        return add

    def read(self, argv: Sequence[str] | None, hint: Callable[[str, argparse.Namespace], str]) -> argparse.Namespace:
        """The options. `hint` says what to do about an argument too many."""
        options, unknown = self.parse_known_args(argv)
        if wrong := next((word.partition("=")[0] for word in unknown if word.startswith("-")), None):
            near = nearest(wrong, self._option_string_actions)
            advice = f"did you mean {near}?" if near else "--help lists the options"
            self.error(f"unknown option {_shown(wrong)}; {advice}")
        if unknown:
            self.error(f"unexpected argument {_shown(unknown[0])}; {hint(unknown[0], options)}")
        return options

    def value(self, source: str, text: str, kind: Callable[[str], T]) -> T:
        """`text` as `kind` reads it; `source` is the option or the variable that holds it."""
        try:
            return kind(text)
        except ValueError as problem:
            self.error(f"invalid {source} {_shown(text)}: {problem}")

    def error(self, message: str) -> NoReturn:
        for pattern, replacement in _ARGPARSE:
            message = re.sub(f"^{pattern}$", replacement, message, flags=re.DOTALL)
        sentence = harmless_line(message[:1].upper() + message[1:])
        sentence += "" if sentence.endswith(("?", ".")) else "."
        sentence = fitted_for(sentence, sys.stderr)
        self.exit(2, (paint(sentence, "red") if sys.stderr.isatty() else sentence) + "\n")


def _shown(text: str) -> str:
    shown = harmless_line(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
    return shown if shown and " " not in shown else f'"{shown}"'
