"""What the keys of a person's terminal do, in the words of the help. It must not know how they are told apart."""

from __future__ import annotations

from typing import Final

KEYS: Final = (
    ("Tab", "Complete a command or path, or list what matches. Of rooms, colours and names, each Tab takes the next."),
    ("Alt+Enter, Ctrl+J", "Begin a new line. Enter sends all lines as one message."),
    ("Up, Down, Ctrl+R", "Move in the lines, and find what you typed before, also in earlier runs. Esc ends a search."),
    ("Up, on an empty line", "Correct your last message: Enter sends it, Esc gives up, Up goes on to earlier texts."),
    ("Ctrl+A, E, K, U, W, Y", "Edit the line as in a shell."),
    ("Ctrl+_", "Take back what you typed."),
    ("Ctrl+X Ctrl+E", "Edit the text in your own editor (VISUAL or EDITOR)."),
    ("Alt+A", "Go to the next room with something new, first to one where you are meant."),
    ("Alt+1 to Alt+9", "Go to your first to ninth room; /switch lists them."),
    ("Ctrl+L", "Redraw the screen."),
    ("Ctrl+C", "Clear the text; on an empty line, leave (asks once if messages are not delivered yet)."),
    ("Ctrl+D", "Leave, on an empty line."),
    ("Ctrl+Z", "Suspend the client; fg brings it back with your draft and what was said meanwhile."),
)
SECOND_COLUMN: Final = max(len(key) for key, _ in KEYS) + 4


def listing() -> str:
    """A row for each."""
    return "\n".join(["Keys:", *(f"  {key:<{SECOND_COLUMN - 4}}  {does}" for key, does in KEYS)])
