"""How fast `outlay view` answers over a large store.

    python -m outlay.benchmarks.perf.view --events 1000000

The journals are those of `outlay.benchmarks.perf.store`. The store is loaded first; then the
program is started, and each page is asked for over HTTP. The first line is the first page of the
fresh process; of the others the median of five counts, each after one more event, so that none
is remembered. The last lines are the first two pages of a process that finds no store: the load
then goes on in the background.
"""

from __future__ import annotations

import argparse
import itertools
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.error import HTTPError
from urllib.request import urlopen

import orjson

from ...journal.store.store import Store
from .synthetic_journals import write_journals

PER_JOURNAL = 250_000
"""Events in one journal."""
ASKED = 5
"""How often each page is asked for."""
PAUSE = 1.2
"""Seconds between two questions: journals are looked at once a second at most."""


@contextmanager
def viewing(home: Path) -> Iterator[str]:
    """Starts `outlay view` and returns its address."""
    program = str(Path(sys.executable).parent / "outlay")
    command = [program, "view", "--port", "0", "--no-open", "--home", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[2].rstrip("/")
        finally:
            process.terminate()


def timed(url: str) -> tuple[float, str]:
    """Returns how many seconds a page took, and the page."""
    before = time.perf_counter()
    try:
        with urlopen(url) as answer:
            page = answer.read().decode()
    except HTTPError as error:
        page = f"{error.code}"
    return time.perf_counter() - before, page


def measure(home: Path) -> None:
    """Prints the seconds of every page."""
    Store(home).load()
    with viewing(home) as url:
        seconds, first = timed(f"{url}/")
        print(f"first page: {seconds:.2f} s", flush=True)
        run = _link(r'href="(/runs/\w+)"', first)
        older = _link(r'href="(/[?][^"]*before=[^"]*)"', first)
        paths = (
            *("/", older, "/?planner=react&status=answered", "/?text=river"),
            *(run, "/experiments", "/spend"),
        )
        lines = _lines(home)
        for path in paths:
            times = []
            for _ in range(ASKED):
                time.sleep(PAUSE)
                next(lines)
                times.append(timed(f"{url}{path}")[0])
            print(f"{path.partition('before=')[0]}: {median(times):.2f} s", flush=True)
    Store(home).path.unlink()
    with viewing(home) as url:
        for _ in range(2):
            seconds, page = timed(f"{url}/")
            said = "while it loads" if "MB of journals" in page else "loaded"
            print(f"without a store, {said}: {seconds:.2f} s", flush=True)


def _lines(home: Path) -> Iterator[None]:
    """Adds one event to a journal at each step."""
    path = min((home / "journals").glob("*.jsonl"))
    last = orjson.loads(path.read_bytes().splitlines()[-1])
    for number in itertools.count(PER_JOURNAL):
        with path.open("ab") as file:
            file.write(orjson.dumps(last | {"id": f"{path.stem}:{number}"}) + b"\n")
        yield


def _link(pattern: str, page: str) -> str:
    found = re.search(pattern, page)
    assert found is not None, "the first page has no such link"
    return found[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where there is room: 2 kB an event")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        home = Path(folder) / "home"
        size = write_journals(home / "journals", options.events, PER_JOURNAL)
        print(f"{options.events:,} events, {size / 1e6:,.0f} MB of journals", flush=True)
        measure(home)


if __name__ == "__main__":
    main()
