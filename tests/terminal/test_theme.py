"""Every theme can be read on its background, and the safe one by eyes that take red for green."""

from __future__ import annotations

import math
import re

import pytest
from termcolor import COLORS

from terminal_parts.theme import AS_PAINTED, THEMES, Theme, first_theme, theme_named

# The sixteen colours as xterm and as GNOME's terminal show them, in the order of their codes.
PALETTES = {
    "xterm": "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff "
    "ffffff",
    "gnome": "171421 c01c28 26a269 a2734c 12488b a347ba 2aa1b3 d0cfcc 5e5c64 f66151 33da7a e9ad0c 2a7bde c061cb 33c7de "
    "ffffff",
}
BACKGROUNDS = {"dark": ("000000",), "light": ("ffffff",), "safe": ("000000", "ffffff")}
READABLE = 3.0  # contrast, as the accessibility guidelines count it, that large text and signs must have
APART = 20.0  # a difference of two colours that nobody overlooks
MANY, FEW = {"TERM": "xterm-256color"}, {"TERM": "vt100"}
# What a colour becomes without one kind of cone (Machado, Oliveira and Fernandes 2009), in linear light.
BLINDNESS = {
    "red": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "green": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "blue": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}
Light = tuple[float, float, float]


def light(color: str) -> Light:
    """Linear light of a colour like 00cd00."""
    parts = [int(color[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def dot(one: Light, other: Light) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def contrast(one: str, other: str) -> float:
    darker, brighter = sorted(dot((0.2126, 0.7152, 0.0722), light(color)) for color in (one, other))
    return (brighter + 0.05) / (darker + 0.05)


def lab(linear: Light) -> Light:
    """Where it is in a space in which distances are differences as people see them."""
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    x, y, z = (dot(row, linear) / w for row, w in zip(rows, white, strict=True))
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * max(t, 0.0) + 16 / 116 for t in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: str, other: str, blindness: str) -> float:
    """How far apart two colours are to such eyes."""
    red, green, blue = BLINDNESS[blindness]
    seen = [lab((dot(red, light(c)), dot(green, light(c)), dot(blue, light(c)))) for c in (one, other)]
    return math.dist(*seen)


def shown(theme: Theme, color: str, palette: str) -> str:
    """The colour that reaches the eye, like 00cd00."""
    code = re.fullmatch(r"\x1b\[(?:38;5;)?(\d+)m", theme.apply(f"\x1b[{COLORS[color]}m"))
    assert code is not None
    number = int(code[1])
    if "38;5;" not in code[0]:
        return PALETTES[palette].split()[number - 30 if number < 90 else number - 82]
    if number >= 232:
        return f"{8 + 10 * (number - 232):02x}" * 3
    levels = (0, 95, 135, 175, 215, 255)
    return "".join(f"{levels[(number - 16) // step % 6]:02x}" for step in (36, 6, 1))


@pytest.mark.parametrize("terminal", [MANY, FEW], ids=["256 colours", "16 colours"])
@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("name", THEMES)
def test_every_colour_can_be_read(name: str, palette: str, terminal: dict[str, str]) -> None:
    """Whatever colour somebody chose, on the background that the theme is for."""
    theme = theme_named(name, terminal)
    for background in BACKGROUNDS[name]:
        ratios = {color: contrast(shown(theme, color, palette), background) for color in COLORS}
        assert {color: ratio for color, ratio in ratios.items() if ratio < READABLE} == {}


@pytest.mark.parametrize(("background", "color"), [("000000", "blue"), ("ffffff", "yellow"), ("ffffff", "green")])
def test_what_cannot_be_read_is_noticed(background: str, color: str) -> None:
    """The check above can fail: these are why there are themes."""
    assert contrast(shown(AS_PAINTED, color, "xterm"), background) < READABLE


@pytest.mark.parametrize("terminal", [MANY, FEW], ids=["256 colours", "16 colours"])
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_the_safe_theme_keeps_good_and_bad_apart(blindness: str, terminal: dict[str, str]) -> None:
    """What is good or said (green, cyan) is far from what is bad, lost or missed (red, yellow) for everybody."""
    theme = theme_named("safe", terminal)
    for calm in ("green", "cyan"):
        for alarming in ("red", "yellow"):
            one, other = (shown(theme, color, "xterm") for color in (calm, alarming))
            assert difference(one, other, blindness) > APART, (calm, alarming)


def test_colours_that_are_one_to_some_are_noticed() -> None:
    """The check above can fail: an olive and a brown of the same lightness are one without green cones."""
    assert difference("6d7d00", "a06000", "green") < APART < difference("0087d7", "d75f00", "green")


@pytest.mark.parametrize("name", THEMES)
def test_a_terminal_of_sixteen_colours_gets_no_others(name: str) -> None:
    """Every code is one of the sixteen; also faint text has one."""
    painted = "".join(f"\x1b[{code}mx" for code in (2, *COLORS.values()))
    assert "38;5" not in theme_named(name, FEW).apply(painted)


def test_the_same_colour_is_always_shown_the_same() -> None:
    """A name keeps its colour, whatever that is in the theme; a second code does not change the first."""
    theme = theme_named("light", MANY)
    once = theme.apply("\x1b[33mbob\x1b[0m")
    assert once != "\x1b[33mbob\x1b[0m"
    assert theme.apply("\x1b[33mbob\x1b[0m\x1b[1m\x1b[32mx").startswith(once)


def test_only_colours_are_changed() -> None:
    """Attributes, the cursor and what looks like a code stay as they are."""
    for untouched in ("\x1b[1m\x1b[4m\x1b[0m", "\x1b[2J\x1b[33;1H\x1b[2K", "[33m", "\x1b[22;2t"):
        assert theme_named("safe", MANY).apply(untouched) == untouched


@pytest.mark.parametrize(
    ("told", "theme"),
    [
        (None, "dark"),
        ("15;0", "dark"),
        ("0;15", "light"),
        ("0;default;15", "light"),
        ("7;8", "dark"),
        ("x", "dark"),
        ("", "dark"),
    ],
)
def test_the_first_theme_follows_the_terminal(told: str | None, theme: str) -> None:
    """COLORFGBG ends in the number of the background's colour."""
    assert first_theme({} if told is None else {"COLORFGBG": told}) == theme
