"""Build a zipapp, one file with the server, the client and termcolor: `python scripts/build_zipapp.py [FILE]`.

FILE is chat.pyz if not given. It runs with any Python from 3.11 on, without installing anything:
`python chat.pyz server --help`, `python chat.pyz client --help`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import zipapp
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = ("server.py", "client.py", "chat_common.py")
PACKAGES = ("server_parts", "client_parts", "terminal_parts", "tls_parts")
MAIN = '''\
import runpy
import sys

if sys.version_info < (3, 11):
    sys.exit("Python 3.11 or newer is needed; this is %d.%d." % sys.version_info[:2])

if sys.argv[1:2] not in (["server"], ["client"]):
    usage = """usage: python {0} server [OPTIONS]    start a chat server
       python {0} client [OPTIONS]    start a client and talk

Add --help to see the options of each.""".format(sys.argv[0])
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(usage)
        sys.exit(0)
    print(usage, file=sys.stderr)
    sys.exit(2)

# As a program of its own, which Ctrl+C ends quietly from its first line on.
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
'''


def build(target: Path) -> None:
    """Write the zipapp. Raises PackageNotFoundError if termcolor is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        content = Path(folder)
        for module in MODULES:
            shutil.copy(ROOT / module, content)
        for package in PACKAGES:
            shutil.copytree(ROOT / package, content / package, ignore=shutil.ignore_patterns("__pycache__"))
        _add_termcolor(content)
        (content / "__main__.py").write_text(MAIN)
        zipapp.create_archive(content, target, "/usr/bin/env python3", compressed=True)


def _add_termcolor(content: Path) -> None:
    """Copy termcolor as it is installed, with its licence."""
    for file in distribution("termcolor").files or ():
        if file.suffix != ".pyc" and file.parts[0].startswith("termcolor"):
            target = content / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file.locate(), target)


def main() -> int:
    parser = argparse.ArgumentParser(description="Build one file that contains the server, the client and termcolor.")
    parser.add_argument(
        "file", nargs="?", type=Path, default=Path("chat.pyz"), help="what to build (default: chat.pyz)"
    )
    target = parser.parse_args().file
    try:
        build(target)
    except PackageNotFoundError:
        print("termcolor is not installed: run this with .venv/bin/python (see README.md).", file=sys.stderr)
        return 1
    print(f"Built {target}: try `python {target} server --help`")
    return 0


if __name__ == "__main__":
    sys.exit(main())
