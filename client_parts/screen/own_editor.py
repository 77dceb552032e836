"""The editor that a person has chosen, to which a draft is lent: `$VISUAL`, `$EDITOR`, or else vi.

It must not know the screen, which the editor has meanwhile.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_FALLBACK: Final = "vi"
_ENDING: Final = (signal.SIGINT, signal.SIGQUIT)
_PATIENCE: Final = 1.0  # seconds
_AS_BEFORE: Final = "your text is as it was"


class EditorFailed(Exception):
    """There is no other text than the draft: why, in one sentence."""


def edited(draft: str, environment: Mapping[str, str] = os.environ) -> str:
    """Let the person edit a draft in a file that only they can read. Raises EditorFailed.

    What the editor saved before it failed is left in its file, which the sentence names.
    """
    command = _command(environment)
    folder = _prepared(draft)
    file, is_left = folder / "message.txt", False
    try:
        status = _run([*command, str(file)])
        text = _read(file)
        is_left = status != 0 and text not in (draft, "")
    finally:
        if not is_left:
            shutil.rmtree(folder, ignore_errors=True)
    if status != 0:
        saved = f"; what the editor saved is in {file}" if is_left else ""
        raise EditorFailed(f"The editor {command[0]} ended with status {status}; {_AS_BEFORE}{saved}.")
    return text


def _command(environment: Mapping[str, str]) -> list[str]:
    chosen = environment.get("VISUAL") or environment.get("EDITOR") or _FALLBACK
    with suppress(ValueError):  # quotes that do not end
        if command := shlex.split(chosen):
            return command
    raise EditorFailed(f"VISUAL or EDITOR does not name an editor: {chosen}; {_AS_BEFORE}.")


def _prepared(draft: str) -> Path:
    """The folder with the file in it."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="chat-"))
        (folder / "message.txt").write_bytes((draft + "\n" * bool(draft)).encode("utf-8", "replace"))
    except OSError as problem:
        raise EditorFailed(f"There is no file for the editor: {problem.strerror}; {_AS_BEFORE}.") from None
    return folder


def _run(command: list[str]) -> int:
    try:
        with _keys_are_the_editors(), subprocess.Popen(command) as editor:
            try:
                return editor.wait()
            except BaseException:  # a signal ends this program: the editor has to give the terminal back first
                _end(editor)
                raise
    except OSError as problem:
        raise EditorFailed(f"The editor {command[0]} cannot be started: {problem.strerror}; {_AS_BEFORE}.") from None


def _end(editor: subprocess.Popen[bytes]) -> None:
    editor.terminate()
    try:
        editor.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        editor.kill()


@contextmanager
def _keys_are_the_editors() -> Iterator[None]:
    """Ctrl+C reaches both programs. Handlers, unlike `SIG_IGN`, are not passed on to the editor."""
    before = {number: signal.signal(number, lambda *_: None) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _read(file: Path) -> str:
    """What the editor left; nothing if it left no file."""
    try:
        text = file.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").rstrip("\n")
