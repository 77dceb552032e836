"""Search for bytes that break an entrance, led by what they make the program do.

    python -m tests.faults.fuzz --seconds 60 [--only native,plain] [--seed N] [--keep]

The seconds are shared by the entrances of entrances.py. Needs Atheris, which nothing else here needs:
`pip install -r tests/faults/fuzz-requirements.txt`. What is found is shown as a Python literal, with the traceback; the
exit status is 1 then. `--keep` renews the corpus: the smallest set of inputs that reaches all that has been reached.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.faults.actors import ROOT, chosen_seed
from tests.faults.finding import NotAllowed

CORPUS: Final = Path(__file__).parent / "corpus"
MAX_INPUT: Final = 400  # bytes: what matters shows in short inputs, and those of any size are in hostile.py
TOO_SLOW: Final = 10  # seconds for one input
# As in entrances.py, which is not imported here: the fuzzer must be the first to see what it watches.
NAMES: Final = (
    "decoder",
    "native",
    "plain",
    "doorway",
    "query",
    "hearing",
    "showing",
    "typed",
    "words",
    "history",
    "heads",
    "messages",
)


def kept(name: str) -> list[bytes]:
    """The corpus of one entrance: a file with one Python bytes literal a line."""
    path = CORPUS / f"{name}.txt"
    return [ast.literal_eval(line) for line in path.read_text().splitlines()] if path.exists() else []


def keep(name: str, inputs: Iterable[bytes]) -> None:
    CORPUS.mkdir(exist_ok=True)
    lines = sorted(map(repr, set(inputs)), key=lambda line: (len(line), line))
    (CORPUS / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))


class Hunt(NamedTuple):
    """How many inputs were tried, and what broke: an input, and the end of what was said about it."""

    tried: int
    broken: list[tuple[bytes, str]]


def installed() -> bool:
    return importlib.util.find_spec("atheris") is not None


def hunt(name: str, seconds: float, seed: int, *, keeping: bool = False) -> Hunt:
    """Fuzz one entrance in a process of its own."""
    if not installed():
        raise NotAllowed("atheris is not installed")
    with tempfile.TemporaryDirectory() as place:
        old, new, found = (Path(place, part) for part in ("old", "new", "found"))
        for folder in (old, new, found):
            folder.mkdir()
        unpack(kept(name), old)
        limits = [f"-max_len={MAX_INPUT}", f"-timeout={TOO_SLOW}", "-rss_limit_mb=2048", f"-artifact_prefix={found}/"]
        dictionary = f"-dict={CORPUS / 'words.dict'}"
        time = f"-max_total_time={max(1, round(seconds))}"
        done = _fuzzer(name, *limits, dictionary, time, f"-seed={seed % 2**32 or 1}", "-print_final_stats=1", new, old)
        tried = re.search(r"stat::number_of_executed_units:\s*(\d+)|^#(\d+)\s+DONE", done.stderr, re.MULTILINE)
        broken = [(path.read_bytes(), done.stderr[-1_000:] + done.stdout[-3_000:]) for path in sorted(found.iterdir())]
        if done.returncode and not broken:
            raise RuntimeError(f"the fuzzer itself failed: {done.stderr[-3000:]}")
        if keeping and not broken:
            small = Path(place, "small")
            small.mkdir()
            _fuzzer(name, "-merge=1", *limits, small, old, new)
            inputs = [path.read_bytes() for path in small.iterdir()]
            assert inputs, "merging failed"
            keep(name, inputs)
        return Hunt(int(tried[1] or tried[2]) if tried else 0, broken)


def unpack(inputs: Iterable[bytes], folder: Path) -> None:
    for number, data in enumerate(inputs):
        (folder / str(number)).write_bytes(data)


def _fuzzer(name: str, *arguments: object) -> Any:
    command = [sys.executable, "-m", "tests.faults.fuzz", "--inside", name, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)


def trap(data: bytes) -> None:
    """In the place of an entrance, to show that what breaks is found."""
    assert b"ping" not in data, "it is a trap"


def inside(name: str, arguments: Sequence[str]) -> None:
    """The process that is watched; it does not return."""
    import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]

    with atheris.instrument_imports(
        include=["chat_common", "client", "client_parts", "server_parts", "terminal_parts"]
    ):
        from tests.faults.entrances import ENTRANCES
    take = trap if os.environ.get("CHAT_FUZZ_TRAP") else ENTRANCES[name]
    # The first word is what the fuzzer starts again by itself when it merges.
    atheris.Setup([f"{sys.executable} -m tests.faults.fuzz --inside {name}", *arguments], take)
    atheris.Fuzz()


def main(argv: Sequence[str]) -> int:
    if argv[:1] == ["--inside"]:
        inside(argv[1], argv[2:])
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fuzz")
    parser.add_argument("--seconds", type=float, default=60.0, help="shared by all entrances")
    parser.add_argument("--only", type=lambda text: text.split(","), default=NAMES, metavar="NAME,...")
    parser.add_argument("--seed", type=int, default=chosen_seed())
    parser.add_argument("--keep", action="store_true", help="renew the corpus with what was reached")
    given = parser.parse_args(argv)
    print(f"seed {given.seed}")
    failures = 0
    for name in given.only:
        try:
            tried, broken = hunt(name, given.seconds / len(given.only), given.seed, keeping=given.keep)
        except NotAllowed as reason:
            print(f"Not fuzzed: {reason}.")
            return 0
        print(f"{name:<12} {tried:>9,} inputs, {len(kept(name)):>4} kept, {len(broken)} broke it", flush=True)
        for data, said in broken:
            print(f"{data!r}\n{said}")
        failures += len(broken)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
