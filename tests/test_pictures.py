"""The README's pictures: that a screen is drawn as it is, and that the drawn ones are there and fit to be shown."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pyte
import pytest

from docs.drawing import CELL_HEIGHT, CELL_WIDTH, DARK, LIGHT, FaintScreen, Theme, draw, shoot

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PICTURES = re.findall(r'(?:src|srcset)="([^"]+\.svg)"', README)
PHOTOGRAPHS = re.findall(r'(?:src|srcset)="([^"]+\.png)"', README)
SVG = "{http://www.w3.org/2000/svg}"
COLUMNS, ROWS = 40, 6
SHOWN = (
    "\x1b[31mred\x1b[0m <&> \x1b[1mbold\x1b[0m \x1b[2mfaint\x1b[22m plain\r\n"
    "漢字 two  spaces 🎉🎉 ✓\r\n"
    "── lobby ──\x1b[38;5;2m·\x1b[0m\r\n"
    "\x1b[7m back \x1b[0m \x1b[4munder\x1b[0m e\u0301!\r\n"
    '   "in" quotes'
)


def screen_with(text: str) -> FaintScreen:
    screen = FaintScreen(COLUMNS, ROWS)
    pyte.Stream(screen).feed(text)
    return screen


def texts_of(picture: str) -> list[ElementTree.Element]:
    """The texts on the screen, without the window's title."""
    return [text for text in ElementTree.fromstring(picture).iter(f"{SVG}text") if "textLength" in text.attrib]


def cells_of(picture: str) -> list[str]:
    """What a viewer shows, read from the picture again: every text in the columns and the row that it takes."""
    rows = [[" "] * COLUMNS for _ in range(ROWS)]
    for text in texts_of(picture):
        x, y = float(text.attrib["x"]) / CELL_WIDTH, int(float(text.attrib["y"]) // CELL_HEIGHT)
        columns = float(text.attrib["textLength"]) / CELL_WIDTH
        assert (x, columns) == (int(x), int(columns)), "it begins or ends within a cell"
        assert rows[y][int(x) : int(x + columns)] == [" "] * int(columns), "it lies on another text"
        rows[y][int(x) : int(x + columns)] = [text.text or "", *[""] * (int(columns) - 1)]
    return ["".join(row).rstrip() for row in rows]


def drawn(text: str, theme: Theme = DARK) -> str:
    return draw([[shoot(screen_with(text), "<title>")]], theme, "a & b")


def look_of(picture: str, part: str) -> dict[str, str]:
    (found,) = [text.attrib for text in texts_of(picture) if text.text == part]
    return {name: found[name] for name in ("fill", "font-weight", "text-decoration", "opacity") if name in found}


def test_every_character_stands_in_its_cell() -> None:
    """Wide characters, spaces, signs of XML: the picture read back is the screen."""
    assert cells_of(drawn(SHOWN)) == [row.rstrip() for row in screen_with(SHOWN).display]


def test_a_character_out_of_its_cell_is_noticed() -> None:
    """The comparison above can fail: one column to the right, half a column, or over another text."""
    picture = drawn(SHOWN)

    def moved(columns: float) -> str:
        return picture.replace('<text x="0"', f'<text x="{columns * CELL_WIDTH}"', 1)

    assert cells_of(moved(0)) == cells_of(picture)
    assert cells_of(moved(1)) != cells_of(picture)
    with pytest.raises(AssertionError, match="within a cell"):
        cells_of(moved(0.5))
    with pytest.raises(AssertionError, match="on another text"):
        cells_of(moved(2))


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_colours_and_weights(theme: Theme) -> None:
    """Each text looks as the program asked, in the theme's own colours."""
    picture = drawn(SHOWN, theme)
    assert look_of(picture, "red") == {"fill": theme.colors["red"]}
    assert look_of(picture, "<&>") == {"fill": theme.text}
    assert look_of(picture, "bold") == {"fill": theme.text, "font-weight": "bold"}
    assert look_of(picture, "faint") == {"fill": theme.text, "opacity": ".65"}
    assert look_of(picture, "plain") == {"fill": theme.text}
    assert look_of(picture, "·") == {"fill": "#00cd00"}
    assert look_of(picture, "under") == {"fill": theme.text, "text-decoration": "underline"}
    assert look_of(picture, "back") == {"fill": theme.background}


def test_reversed_text_has_a_box_behind_it() -> None:
    """As wide as its cells, blank ones too."""
    boxes = [box.attrib for box in ElementTree.fromstring(drawn(SHOWN)).iter(f"{SVG}rect")]
    widths = [float(box["width"]) / CELL_WIDTH for box in boxes if box["fill"] == DARK.text]
    assert widths == [len(" back ")]


def test_the_readme_has_pictures_for_both_themes() -> None:
    """Each as a light file, and a dark one for those who prefer it."""
    light, dark = ([name for name in PICTURES if name.endswith(f"-{theme}.svg")] for theme in ("light", "dark"))
    assert light
    assert [name.replace("-light.", "-dark.") for name in light] == dark
    assert len(re.findall(r'<img alt="[^"]+" src="[^"]+-light\.svg">', README)) == len(light)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_photograph_of_the_page_is_small(name: str) -> None:
    """It exists, light and dark, and costs its readers little."""
    picture = (ROOT / name).read_bytes()
    assert picture.startswith(b"\x89PNG\r\n")
    assert len(picture) < 150_000
    assert {name.replace("-dark.", "-light."), name.replace("-light.", "-dark.")} <= set(PHOTOGRAPHS)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_fit_for_the_readme(name: str) -> None:
    """It exists, is small, well-formed, and neither runs nor fetches anything."""
    picture = (ROOT / name).read_text("utf-8")
    elements = list(ElementTree.fromstring(picture).iter())
    assert len(picture.encode()) < 60_000
    assert {element.tag.removeprefix(SVG) for element in elements} == {
        "svg",
        "title",
        "g",
        "rect",
        "path",
        "circle",
        "text",
    }
    assert not re.search(r"href|url\(|@import|\son\w+=", picture)
    assert texts_of(picture)
