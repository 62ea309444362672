"""`python -m outlay.benchmarks.perf.peers [--overshoot]`: a table beside other frameworks."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from .. import overhead
from . import overshoot
from .environments import Peer, installed, names
from .errors import PeerFailed
from .turns import compare


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = _parser().parse_args(arguments)
    peers = _installed(chosen.peers)
    if chosen.overshoot:
        at_cap(peers, chosen.agents or 8)
    else:
        load = overhead.LoadCase(
            agents=chosen.agents or 50, turns=chosen.turns, wait_ms=chosen.wait
        )
        turns(load, peers, chosen.rounds)


def turns(case: overhead.LoadCase, peers: Sequence[Peer], rounds: int) -> None:
    """Prints what a turn costs; a peer that fails is told by name."""
    compared = compare(case, peers, rounds)
    print(overhead.table(compared.rows))
    print(*compared.failed, sep="\n")


def at_cap(peers: Sequence[Peer], runs: int) -> None:
    """Prints what runs spend that share a cap; a peer that fails is told by name."""
    spent = [overshoot.own_spent_at_cap(runs)]
    failed: list[PeerFailed] = []
    for peer in peers:
        try:
            spent.append(overshoot.spent_at_cap(peer, runs))
        except PeerFailed as failure:
            failed.append(failure)
    print(overshoot.table(spent, runs))
    print(*failed, sep="\n")


def _installed(chosen: Sequence[str]) -> list[Peer]:
    found = []
    for name in chosen:
        try:
            found.append(installed(name))
        except PeerFailed as failure:
            print(failure)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="peers", description="outlay beside other frameworks.")
    parser.add_argument("--peers", type=_names, default=names(), help=", ".join(names()))
    parser.add_argument("--overshoot", action="store_true", help="runs that share a cap instead")
    parser.add_argument("--agents", type=int, help="conversations at once; 50, or 8 at a cap")
    parser.add_argument("--turns", type=int, default=10, help="model calls an agent")
    parser.add_argument("--wait", type=int, default=200, help="ms a reply")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each set-up")
    return parser


def _names(text: str) -> list[str]:
    for name in text.split(","):
        if name not in names():
            raise argparse.ArgumentTypeError(f"no peer {name!r}: there are {', '.join(names())}")
    return text.split(",")


if __name__ == "__main__":
    main()
