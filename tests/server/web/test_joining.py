"""The page's modules as one script: nothing is forgotten, and every line can be found again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from server_parts.web import files
from server_parts.web.joining import JoinError, joined, without_comments

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

CAKE = {
    "cake": 'import { flour, sugar as sweet } from "./larder.js";\nimport * as oven from "./oven.js";\n\n'
    "export const cake = oven.bake(flour, sweet);",
    "larder": "export const flour = 1;\nexport const sugar = 2;\nconst mouse = 3;\n",
    "oven": 'import { flour } from "./larder.js";\nexport function bake(...all) {\n  return [flour, ...all];\n}\n',
    "party": 'export * from "./cake.js";\nexport async function sing() {}\nexport class Guest {}\n',
    "unasked": "export const nothing = 0;\n",
}


def test_a_module_comes_after_those_it_imports() -> None:
    """Each once, as a function that returns what it exports; nothing that nobody asked for."""
    assert joined("party", CAKE).script("party.js.map") == "\n".join(
        [
            "const $larder = (() => { // larder.js",
            "const flour = 1;",
            "const sugar = 2;",
            "const mouse = 3;",
            "",
            "return { flour, sugar }; })();",
            "const $oven = (() => { // oven.js",
            "const { flour } = $larder;",
            "function bake(...all) {",
            "  return [flour, ...all];",
            "}",
            "",
            "return { bake }; })();",
            "const $cake = (() => { // cake.js",
            "const { flour, sugar: sweet } = $larder;",
            "const oven = $oven;",
            "",
            "const cake = oven.bake(flour, sweet);",
            "return { cake }; })();",
            "const $party = (() => { // party.js",
            "",
            "async function sing() {}",
            "class Guest {}",
            "",
            "return { cake: $cake.cake, sing, Guest }; })();",
            "//# sourceMappingURL=party.js.map",
            "",
        ]
    )


WRONG = {
    "there is no such module": ('import { a } from "./nowhere.js";', "x.js, line 1: there is no nowhere.js"),
    "a name that nobody exports": (
        '\nimport { flour, mouse } from "./larder.js";',
        "x.js, line 2: larder.js does not export mouse",
    ),
    "a circle": ('import * as x from "./x.js";', "x.js, line 1: x.js imports this module, too"),
    "a larger circle": (
        'import { y } from "./y.js";',
        "x.js, line 1: y.js, line 1: x.js imports this module, too",
    ),
    "at run time": ('\n\nconst later = () => import("./larder.js");', "x.js, line 3: what is imported at run time"),
    "about itself": ("const here = import.meta.url;", "x.js, line 1: what is imported at run time"),
    "exported twice": ('export const cake = 1;\nexport * from "./cake.js";', "x.js, line 2: cake is exported twice"),
    "a variable": ("export let counter = 0;", "x.js, line 1: this form cannot be joined: export let counter"),
    "a list": ("const a = 1;\nexport { a };", "x.js, line 2: this form cannot be joined: export { a };"),
    "no name": ("export default 1;", "x.js, line 1: this form cannot be joined"),
    "from afar": ('import { a } from "https://example.org/a.js";', "x.js, line 1: this form cannot be joined"),
    "over several lines": ('import {\n  flour,\n} from "./larder.js";', "x.js, line 1: this form cannot be joined"),
}


@pytest.mark.parametrize(("source", "why"), WRONG.values(), ids=WRONG.keys())
def test_what_would_mean_something_else_is_refused(source: str, why: str) -> None:
    """With the line where it stands."""
    with pytest.raises(JoinError) as caught:
        joined("x", {**CAKE, "x": source, "y": 'import * as x from "./x.js";'})
    assert str(caught.value).startswith(why)


def test_comments_go_and_lines_stay() -> None:
    """Only whole lines: what looks like a comment in a text is none."""
    source = '// one\nconst a = "//"; // two\n  // three\n//\n\nb();\n'
    assert without_comments(source) == '\nconst a = "//"; // two\n\n\n\nb();\n'


# --- the page ---


def numbers(mapping: str) -> list[int]:
    """What a piece of a source map says."""
    found, value, shift = [], 0, 0
    for digit in map(DIGITS.index, mapping):
        value += (digit & 31) << shift
        shift += 5
        if not digit & 32:
            found.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return found


def origins(source_map: Mapping[str, str]) -> Iterator[tuple[str, int] | None]:
    """For each line of a script, its source and the number of the line there, from 0."""
    source = line = 0
    for mapping in source_map["mappings"].split(";"):
        if not mapping:
            yield None
            continue
        column, more_sources, more_lines, first_column = numbers(mapping)
        assert column == first_column == 0
        source, line = source + more_sources, line + more_lines
        yield source_map["sources"][source], line


def misplaced(script: str, source_map: Mapping[str, str], sources: Mapping[str, str]) -> list[str]:
    """The lines of a script that are not those at which the map points."""
    found = []
    for line, origin in zip(script.split("\n"), origins(source_map), strict=False):
        if origin is None:
            continue
        original = sources[origin[0]].split("\n")[origin[1]]
        is_same = line == original.removeprefix("export ") or (not line and original.lstrip().startswith("//"))
        if not is_same and not original.startswith(("import ", "export * ")):
            found.append(line)
    return found


def in_folder(name: str) -> str:
    return files.folder()[name].body.decode()


SOURCES = {f"..{path}": file.body.decode() for path, file in files.page().items() if path.endswith(".js")}


def test_a_line_of_the_page_s_script_is_found_again() -> None:
    """The map leads a debugger to the module and the line, at the address where it can be had."""
    source_map = json.loads(in_folder("/page.js.map"))
    script = in_folder("/page.js")
    assert source_map["version"] == 3
    assert script.endswith("\n//# sourceMappingURL=page.js.map\n")
    assert misplaced(script, source_map, SOURCES) == []
    mapped = [origin for origin in origins(source_map) if origin is not None]
    lines = {(name, number) for name in source_map["sources"] for number in range(SOURCES[name].count("\n") + 1)}
    assert len(mapped) == len(lines)
    assert set(mapped) == lines


def test_a_line_that_is_not_found_again_is_noticed() -> None:
    """A script with one line more is another one than that of the map."""
    source_map = json.loads(in_folder("/page.js.map"))
    first, rest = in_folder("/page.js").split("\n", 1)
    assert misplaced(f"{first}\n\n{rest}", source_map, SOURCES)


def test_every_module_of_the_page_is_in_its_script() -> None:
    """All but the one that is there before."""
    assert set(json.loads(in_folder("/page.js.map"))["sources"]) == set(SOURCES) - {"../early.js"}


def test_modules_can_be_had_one_by_one() -> None:
    """As they are in the source, with their comments; in the page's folder without."""
    page = files.page()
    assert page["/log.js"].body.startswith(b"// The messages of one room")
    assert b"import { Drawing }" in page["/page.js"].body
    assert not in_folder("/log.js").strip().startswith("//")
    assert in_folder("/log.js").count("\n") == page["/log.js"].body.count(b"\n")
