"""What a turn costs the peers, beside the floor and outlay: rounds in turns, ratios by round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from ..overhead import FLOOR, LoadCase, Measurement, OverheadRow, fresh_processes, measure, medians
from .asking import Server, serving, told_by
from .environments import Peer
from .errors import PeerFailed

OURS = "outlay"
_WARM_UP = 1


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The rows, cheapest first, and the failures of peers that have none."""

    rows: list[OverheadRow]
    failed: list[PeerFailed]


def compare(case: LoadCase, peers: Sequence[Peer], rounds: int) -> Compared:
    """Measures the floor, outlay and each peer in turns, each time in a fresh process."""
    samples: dict[str, list[Measurement]] = {}
    versions: dict[str, str] = {}
    failed: dict[str, PeerFailed] = {}
    with serving() as server, fresh_processes() as pool:
        measured: dict[str, Callable[[], Measurement]] = {
            name: partial(_own, pool, name, server, case) for name in (FLOOR, OURS)
        }
        for peer in peers:
            measured[peer.name] = partial(_foreign, peer, server, case, versions)
        for _ in range(rounds):
            for name in [name for name in measured if name not in failed]:
                try:
                    samples.setdefault(name, []).append(measured[name]())
                except PeerFailed as failure:
                    failed[name] = failure
    rows = [medians(case, name, samples) for name in measured if name not in failed]
    named = [replace(r, set_up=f"{r.set_up} {versions.get(r.set_up, '')}".strip()) for r in rows]
    return Compared(rows=sorted(named, key=lambda row: row.ratio), failed=list(failed.values()))


def _own(pool: ProcessPoolExecutor, name: str, server: Server, case: LoadCase) -> Measurement:
    return pool.submit(measure, name, server.url, case).result()


def _foreign(peer: Peer, server: Server, case: LoadCase, versions: dict[str, str]) -> Measurement:
    before = server.served()["requests"]
    told = told_by(
        peer,
        f"--url={server.url}",
        f"--model={case.model}",
        f"--agents={case.agents}",
        f"--turns={case.turns}",
        f"--repeats={case.repeats}",
    )
    asked = server.served()["requests"] - before
    wanted = (case.agents * case.repeats + _WARM_UP) * case.turns
    if asked != wanted:
        raise PeerFailed(peer.name, "comparing", f"{asked} model calls in place of {wanted}")
    versions[peer.name] = told.pop("version")
    return Measurement(**told, journal_bytes=0)
