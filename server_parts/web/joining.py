"""Many small modules of JavaScript become one script, so that a browser asks once. Pure: it knows no files and no HTTP.

The modules stay as they are: each becomes a function that runs once and returns what it exports, after those that it
imports. Lines stay lines, so a source map only has to say where each module begins. What would not mean the same in a
function as in a module (a circle, a name that nobody exports, an import at run time) is a JoinError.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

# Each begins with characters that are quickly found.
_COMMENT: Final = re.compile(r"\n[ \t]*//.*")  # a whole line
_STATEMENT: Final = re.compile(r"\n((?:import|export)\b.*)")
_AT_RUN_TIME: Final = re.compile(r"import\s*[(.]")
_IMPORT: Final = re.compile(r'import (?:\{ (.+) \}|\* as (\w+)) from "\./(\w+)\.js";')
_EXPORT_ALL: Final = re.compile(r'export \* from "\./(\w+)\.js";')
_EXPORT: Final = re.compile(r"export ((?:const|class|function|async function) ([\w$]+)(?![\w$]).*)")


class JoinError(ValueError):
    """A module cannot be joined with others: which line of which, and why."""


class Part(NamedTuple):
    """A module within the script: its own lines, between one that begins a function and one that ends it."""

    name: str
    body: str
    exports: Mapping[str, str]  # what others import, and what it is called here

    def __str__(self) -> str:
        exported = _braced(self.exports.items())
        return f"const ${self.name} = (() => {{ // {self.name}.js\n{self.body}\nreturn {exported}; }})();\n"


class Joined(NamedTuple):
    """The modules, each after those that it imports."""

    parts: tuple[Part, ...]

    def script(self, map_url: str) -> str:
        return "".join(map(str, self.parts)) + f"//# sourceMappingURL={map_url}\n"

    def source_map(self, folder: str) -> str:
        """A source map, version 3, for a debugger that finds the modules in that folder."""
        sources = [f"{folder}{part.name}.js" for part in self.parts]
        return json.dumps({"version": 3, "sources": sources, "names": [], "mappings": "".join(self._mappings())})

    def _mappings(self) -> Iterator[str]:
        """Each line by how it differs from the one before: column, module, line, column. Those added have none."""
        before = 0
        for number, part in enumerate(self.parts):
            lines = part.body.count("\n") + 1
            yield f";A{'C' if number else 'A'}{_vlq(-before)}A;" + "AACA;" * (lines - 1) + ";"
            before = lines - 1


def joined(entry: str, sources: Mapping[str, str]) -> Joined:
    """The module of that name, and before it all that it needs; `sources` are without comments, and by their names."""
    joining = _Joining(sources)
    joining.add(entry, ())
    return Joined(tuple(joining.parts.values()))


def without_comments(source: str) -> str:
    """Comments are for those who read the source; without them, lines keep their numbers."""
    return _COMMENT.sub("\n", f"\n{source}")[1:]


class _Joining:
    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources
        self.parts: dict[str, Part] = {}

    def add(self, name: str, above: tuple[str, ...]) -> None:
        """The module, after all that it imports. `above`: those that wait for it."""
        exports: dict[str, str] = {}
        source = f"\n{self._sources[name]}"

        def replaced(found: re.Match[str]) -> str:
            try:
                return f"\n{self._replaced(found[1], exports, (*above, name))}"
            except JoinError as error:
                raise JoinError(f"{_place(name, found)}: {error}") from None

        if found := _AT_RUN_TIME.search(source):
            raise JoinError(f"{_place(name, found)}: what is imported at run time cannot be joined")
        self.parts[name] = Part(name, _STATEMENT.sub(replaced, source)[1:], exports)

    def _replaced(self, statement: str, exports: dict[str, str], above: tuple[str, ...]) -> str:
        """What means the same within a function. What is exported is added to `exports`."""
        if found := _IMPORT.fullmatch(statement):
            names, whole, needed = found.groups()
            part = self._needed(needed, above)
            return f"const {whole or _picked(names, part)} = ${needed};"
        if found := _EXPORT_ALL.fullmatch(statement):
            part = self._needed(found[1], above)
            _add(exports, {name: f"${part.name}.{name}" for name in part.exports})
            return ""
        if found := _EXPORT.fullmatch(statement):
            _add(exports, {found[2]: found[2]})
            return found[1]
        raise JoinError(f"this form cannot be joined: {statement}")

    def _needed(self, name: str, above: tuple[str, ...]) -> Part:
        if name not in self._sources:
            raise JoinError(f"there is no {name}.js")
        if name in above:
            raise JoinError(f"{name}.js imports this module, too")
        if name not in self.parts:
            self.add(name, above)
        return self.parts[name]


def _place(name: str, found: re.Match[str]) -> str:
    return f"{name}.js, line {found.string.count(chr(10), 0, found.start() + 1)}"


def _add(exports: dict[str, str], more: Mapping[str, str]) -> None:
    if twice := exports.keys() & more.keys():
        raise JoinError(f"{min(twice)} is exported twice")
    exports |= more


def _picked(names: str, part: Part) -> str:
    """Those of its exports, each perhaps under another name."""
    pairs = [pair.partition(" as ")[::2] for pair in names.split(", ")]
    for name, _ in pairs:
        if name not in part.exports:
            raise JoinError(f"{part.name}.js does not export {name}")
    return _braced(pairs)


def _braced(pairs: Iterable[tuple[str, str]]) -> str:
    """An object, or a pattern: names, each with what else it is called."""
    return f"{{ {', '.join(f'{name}: {other}' if other not in ('', name) else name for name, other in pairs)} }}"


_DIGITS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _vlq(number: int) -> str:
    """A number as source maps write it: base 64, five bits a digit, the lowest first, the sign below them."""
    rest = abs(number) << 1 | (number < 0)
    digits = []
    while rest > 31:
        digits.append(_DIGITS[rest & 31 | 32])
        rest >>= 5
    return "".join((*digits, _DIGITS[rest]))
