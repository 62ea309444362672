"""`python -m outlay.benchmarks.longrun [growth] [spend] [loss] [rules]`: prints the tables."""

from __future__ import annotations

import argparse
import asyncio

from .evidence import MEMORIES, RULES, grown, growth_table, loss_table, rules_table, success_table

PARTS = ("growth", "spend", "loss", "rules")
BUDGETS = ("usd=0.06", "usd=0.065", "usd=0.07", "usd=0.08", "usd=0.1")


def main() -> None:
    parser = argparse.ArgumentParser(prog="longrun", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--memories", nargs="*", default=MEMORIES, help="which are compared")
    parser.add_argument("--interactions", type=int, default=2_048, help="of the growth runs")
    parser.add_argument("--length", type=int, default=256, help="documents of the other tasks")
    parser.add_argument("--tasks", type=int, default=6, help="of each cell")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for part in options.parts or PARTS:
        if part not in PARTS:
            parser.error(f"there is no part {part!r}: the parts are {', '.join(PARTS)}")
        print(f"## {part}\n\n{_table(part, options)}\n", flush=True)


def _table(part: str, options: argparse.Namespace) -> str:
    memories, length = options.memories, options.length
    if part == "growth":
        at = [n for n in (50, 128, 512, 1_024, 2_048, 4_096) if n <= options.interactions]
        ended = grown(memories, options.interactions, at, options.seed)
        solved = ", ".join(f"{one.memory} {'yes' if one.success else 'no'}" for one in ended)
        return f"{growth_table(ended)}\n\nSolved: {solved}"
    if part == "spend":
        made = success_table(memories, length, options.tasks, BUDGETS, options.seed)
    elif part == "loss":
        made = loss_table(memories, length, options.tasks, (0.0, 0.005, 0.02), options.seed)
    else:
        made = rules_table(RULES, (length // 4, length, 2 * length), options.tasks, options.seed)
    return asyncio.run(made)


if __name__ == "__main__":
    main()
