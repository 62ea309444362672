"""The store's SQL: its tables, and the views that `outlay sql` offers, each documented."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

from ...ledger.resources import COLUMNS

NAMES = (
    "events",
    "calls",
    "runs",
    "model_calls",
    "tool_calls",
    "spend",
    "unified_cost",
)
"""The views, each after those that it rests on."""

_RESOURCES = {
    "--   [a column for each resource of the table in ledger/resources.py]": "\n".join(
        f"--   {name:<14} BIGINT          {column.about}" for name, column in COLUMNS
    ),
    "[their sums]": ",\n        ".join(f"{column.sql} as {name}" for name, column in COLUMNS),
    "[their names]": ",\n    ".join(
        f"coalesce({name}, 0)::bigint as {name}" for name, _ in COLUMNS
    ),
}
"""What stands in the place of each mark in the SQL files."""

_COLUMN = re.compile(r"^--   (\w+)\s+([A-Z]+(?:\(\d+,\d+\))?)\s+(.+)$")


@dataclass(frozen=True)
class ViewColumn:
    name: str
    type: str
    text: str


@dataclass(frozen=True)
class SqlView:
    """A view, read from its file: the comment at the top documents it."""

    name: str
    text: str
    """What a row is."""
    columns: tuple[ViewColumn, ...]
    statement: str


def statement(name: str) -> str:
    """Returns the text of one of the SQL files, with the resources of the table in it."""
    sql = files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    for mark, lines in _RESOURCES.items():
        sql = sql.replace(mark, lines)
    return sql


def view(name: str) -> SqlView:
    sql = statement(name)
    comments = [line for line in sql.splitlines() if line.startswith("--")]
    columns = tuple(ViewColumn(*found.groups()) for found in map(_COLUMN.match, comments) if found)
    about = (line[3:] for line in comments if not _COLUMN.match(line))
    text = " ".join(filter(None, about)).removeprefix(f"{name}: ")
    return SqlView(name, text, columns, sql)


def digest() -> str:
    """Returns a hash of all views: a store made with other ones makes them anew."""
    return hashlib.sha256("".join(map(statement, NAMES)).encode()).hexdigest()


def page(views: Iterable[SqlView]) -> str:
    """Returns the documentation of the views as Markdown."""
    parts = [_HEAD]
    for one in views:
        parts.append(f"## {one.name}\n\n{one.text[0].upper()}{one.text[1:]}\n")
        rows = (f"| `{c.name}` | {c.type} | {c.text} |" for c in one.columns)
        parts.append("\n".join(("| column | type | meaning |", "|---|---|---|", *rows)) + "\n")
    return "\n".join(parts)


_HEAD = """# Asking the store with SQL

`outlay sql "SELECT …"` loads what the journals have new into `outlay.duckdb` and runs a
statement on it, in DuckDB's SQL. It works while runs are live. Only one statement that reads is
allowed: no COPY, no ATTACH; `outlay export` writes files.
For questions that take minutes, take a copy (`Store.snapshot`) and ask that one: the store is
locked while a statement runs.

```sql
select planner, count(*) as runs, avg(score) as score, sum(usd) / count(*) as usd_per_run
from runs group by planner;

select name, class, sum(tokens) as tokens, sum(usd) as usd from spend group by all order by usd;
```

How long that takes with ten million events is in [performance.md](performance.md).

Money is exact: USD with twelve decimals. A hold that no bill settled counts as spent in full.
"at" and "call" are words of SQL: write them in double quotes.

## Archives, and what may go

`outlay export all.parquet` writes every event to a Parquet file (`outlay export DIR`: one file
for each journal), with its id and, in the column `body`, its line to the byte. DuckDB and polars
query such files as they are: `select kind, count(*) from 'all.parquet' group by kind`. `outlay
import PATH` adds the runs that are not there yet to the journals that they came from; importing
twice changes nothing. What is here is never added to: an export with a further event of a run that
is here is refused (`outlay forget RUN` first, to have the run from there). Every event is looked at
before the first one comes in: one that is broken, or has an amount that is negative, endless or no
number, is named, and nothing is imported.

`outlay prune --older 90d` lists what it would take out of runs of which nothing was written for
90 days, and `--yes` does it: prompts, replies, arguments, observations and values told to the
policy are emptied in journals and store. Who was called when, under which hold, for how many
tokens and how much money stays, and so do tasks, answers, scores and budgets: no sum, no report
and no budget of an experiment changes. Such a run has a time in `runs.pruned`, and cannot be
shown step by step, replayed, forked, resumed or reconciled any more. What belongs together is
pruned together or not at all: the runs of an experiment, sub-agents and who started them, forks
and what they come from. Runs in the journal of a live process stay. Tool outputs that were too
long for the prompt stay in `outputs/`. To have all texts back one day, export before; `outlay
forget RUN` is for what must leave no trace, its money included.

This page is made from the comments in `journal/store/sql/`: `python -m outlay.journal.store.views`.
"""


if __name__ == "__main__":
    print(page(map(view, NAMES)), end="")
