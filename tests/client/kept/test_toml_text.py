"""Changes to a TOML file leave the rest of it as a person wrote it."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_parts.kept.toml_text import line_of, with_value

TEXT = """\
# mine
theme = "dark"   # at night
notify_command = 'notify-send # not a comment'

# at work
[servers.work]
address = "chat://a/b" # the big one
rooms = [
  "one",
]

[colors]
"a.b" = "red"
"""


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("theme", "light", 'theme = "dark"   # at night', 'theme = "light"   # at night'),
        (
            "notify_command",
            "bell",
            "notify_command = 'notify-send # not a comment'",
            'notify_command = "bell"',
        ),
        ("autoaway", 5, "not a comment'\n", "not a comment'\nautoaway = 5\n"),
        ("theme", None, 'theme = "dark"   # at night\n', ""),
    ],
)
def test_one_entry_changes_and_nothing_else(key: str, value: str | int | None, before: str, after: str) -> None:
    """Comments, order and the other entries stay."""
    assert with_value(TEXT, "", key, value) == TEXT.replace(before, after)


def test_entries_of_tables() -> None:
    """Of one that is there, behind a list of several lines too, and of a new one."""
    assert with_value(TEXT, "servers.work", "address", "c") == TEXT.replace('"chat://a/b" #', '"c" #')
    changed = with_value(TEXT, "servers.work", "name", "ann")
    assert changed is not None
    assert tomllib.loads(changed)["servers"]["work"] == {"address": "chat://a/b", "rooms": ["one"], "name": "ann"}
    assert with_value(TEXT, "colors", "a.b", "blue") == TEXT.replace('"red"', '"blue"')
    assert with_value(TEXT, "servers.home", "address", "h") == f'{TEXT}\n[servers.home]\naddress = "h"\n'


def test_the_first_entry_of_all_stands_before_the_tables() -> None:
    """Behind it, it would belong to one of them; the comment above a table stays there."""
    assert with_value("# mine\n[colors]\n", "", "bell", "off") == 'bell = "off"\n\n# mine\n[colors]\n'
    assert with_value("# mine\n", "", "bell", "off") == '# mine\nbell = "off"\n'
    assert with_value("", "", "bell", "off") == 'bell = "off"\n'
    assert with_value("[colors]", "", "bell", "off") == 'bell = "off"\n\n[colors]'


@pytest.mark.parametrize(
    "text",
    ['theme = """\ndark"""', "theme = [", "colors = 5", 'colors = { ann = "red" }', 'text = """\ntheme = "x"\n"""'],
)
def test_what_is_too_hard_is_left_alone(text: str) -> None:
    """What was changed is what was wanted, or nothing is changed."""
    for table, key in (("", "theme"), ("colors", "ann")):
        changed = with_value(text, table, key, "new")
        if changed is not None:
            document = tomllib.loads(changed)
            assert (document[table] if table else document)[key] == "new"
            old = tomllib.loads(text)
            assert {name: old[name] for name in old if name not in (table, key)}.items() <= document.items()
    assert with_value("theme = [", "", "theme", "new") is None
    assert with_value("colors = 5", "colors", "ann", "new") is None


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30), st.text('ab." é#[]', min_size=1))
def test_any_text_is_read_back(value: str, key: str) -> None:
    """Whatever is in it, and in whatever order it came."""
    changed = with_value(TEXT, "colors", key, value)
    assert changed is not None
    assert tomllib.loads(changed)["colors"][key] == value
    again = with_value(changed, "", "notify_command", value)
    assert again is not None
    assert tomllib.loads(again) == {**tomllib.loads(changed), "notify_command": value}


def test_lines_have_numbers() -> None:
    """Of an entry, of the heading of its table, or none."""
    assert line_of(TEXT, "", "theme") == 2
    assert line_of(TEXT, "servers.work", "rooms") == 8
    assert line_of(TEXT, "servers.work", "nothing") == 6
    assert line_of(TEXT, "colors", "a.b") == 13
    assert line_of(TEXT, "", "address") is None
