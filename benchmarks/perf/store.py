"""How the store does at size: loading, the views, Parquet out and in, memory and disk.

    python -m outlay.benchmarks.perf.store --events 1000000
    python -m outlay.benchmarks.perf.store --events 10000000 --folder /big/disk

Journals of runs of about twelve turns are written into a new folder, sixteen runs at a time. Each
step has a process of its own. A view is asked for every value that it has, `select
bit_xor(hash(columns(*))) from <view>`, of `events` all but the text of the lines; the load that
goes before each query finds nothing new. Seconds are of the wall clock, CPU of all threads; the
memory is the process's peak.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import orjson

from ...journal.store import views
from ...journal.store.parquet import export_events, import_events
from ...journal.store.store import Store
from .synthetic_journals import write_journals

PER_JOURNAL = 250_000
"""Events in one journal."""
ASKED = 3
"""How often each view is asked; the median counts."""

Figures = dict[str, float]
T = TypeVar("T")


def load(home: Path) -> Figures:
    """Loads every journal into a new store."""
    loaded, seconds, cpu = _timed(Store(home).load)
    rates = {"per second": loaded.events / seconds, "per CPU second": loaded.events / cpu}
    return {"events": loaded.events, "seconds": seconds, "CPU": cpu, **rates}


def ask(home: Path) -> Figures:
    """Asks every view for all that it has."""
    store = Store(home)
    found: Figures = {}
    for name in views.NAMES:
        columns = "* exclude body" if name == "events" else "*"
        sql = f"select bit_xor(hash(columns({columns}))) from {name}"
        times = [_timed(partial(store.query, sql))[1:] for _ in range(ASKED)]
        found[name], found[f"{name} CPU"] = sorted(times)[ASKED // 2]
    return found


def reload(home: Path) -> Figures:
    """Loads one more event, as whoever asks while a run is live: the end of an old call."""
    path = min((home / "journals").glob("*.jsonl"))
    with path.open("rb") as lines:
        settled = next(line for line in lines if b'"kind":"settle"' in line)
    with path.open("ab") as file:
        file.write(orjson.dumps(orjson.loads(settled) | {"id": f"{path.stem}:{PER_JOURNAL}"}))
        file.write(b"\n")
    loaded, seconds, cpu = _timed(Store(home).load)
    return {"events": loaded.events, "seconds": seconds, "CPU": cpu}


def export(home: Path) -> Figures:
    """Writes all events into one Parquet file beside the store."""
    path = home / "events.parquet"
    events, seconds, cpu = _timed(lambda: export_events(Store(home), path))
    return {"events": events, "seconds": seconds, "CPU": cpu, "MB": path.stat().st_size / 1e6}


def bring(home: Path) -> Figures:
    """Reads that file into an empty folder: journals are written there, and loaded."""
    with tempfile.TemporaryDirectory(dir=home.parent) as folder:
        store = Store(Path(folder))
        events, seconds, cpu = _timed(lambda: import_events(store, home / "events.parquet"))
    return {"events": events, "seconds": seconds, "CPU": cpu}


STEPS: dict[str, Callable[[Path], Figures]] = {
    "load": load,
    "one more event": reload,
    "views": ask,
    "export": export,
    "import": bring,
}


def measured(step: str, home: Path) -> Figures:
    """Returns what a step came to, with the peak memory of this process (not on Windows)."""
    import resource

    figures = STEPS[step](home)
    return {**figures, "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}


def _timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """Returns what the work came to, its seconds and its CPU seconds."""
    began, used = time.perf_counter(), time.process_time()
    done = work()
    return done, time.perf_counter() - began, time.process_time() - used


def _measure(home: Path, events: int) -> None:
    size, seconds, _ = _timed(lambda: write_journals(home / "journals", events, PER_JOURNAL))
    print(f"{events:,} events, {size / events:.0f} bytes each, written in {seconds:.0f} s")
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh, max_tasks_per_child=1) as processes:
        for step in STEPS:
            figures = processes.submit(measured, step, home).result()
            told = ", ".join(f"{name} {value:,.4g}" for name, value in figures.items())
            print(f"{step}: {told}", flush=True)
    print(f"store: {Store(home).path.stat().st_size / events:.0f} bytes an event")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where there is room: 2 kB an event")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        _measure(Path(folder) / "home", options.events)


if __name__ == "__main__":
    main()
