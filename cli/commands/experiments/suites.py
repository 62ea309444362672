"""`outlay suites`: which suites there are, and whether one's data and scorer hold together."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from ... import options


class SuitesAction(StrEnum):
    list = "list"
    validate = "validate"


def suites(
    action: Annotated[SuitesAction, typer.Argument(help="What to do.")] = SuitesAction.list,
    name: Annotated[str | None, typer.Argument(help="The suite's name, e.g. hotpotqa.")] = None,
    data: options.Data = None,
    strict: options.Strict = False,
    tasks: Annotated[int | None, options.tasks("The first N (default: all, or 100).")] = None,
    seed: Annotated[int, options.seed("Which tasks.")] = 0,
    knob: options.Knobs = None,
    plain: options.Plain = False,
    json: options.Json = False,
) -> None:
    """List the suites, or validate one and its data.

    Valid: the gold solution gets full marks on every task, no id comes twice and no gold field is
    shown to the agent. Exit codes: 0 valid, 1 not valid, 2 wrong usage or broken data.
    """
    if action is SuitesAction.list:
        _list(plain=plain, as_json=json)
        return
    from ....benchmarks.suite import suite
    from ....benchmarks.suites.published import validate
    from ....ledger.errors import UsageError
    from ...experiment_plan import suite_knobs

    if name is None:
        raise UsageError(
            "which suite is to be validated? Write e.g. `outlay suites validate gsm8k`"
        )

    settings = {**suite_knobs(knob, None, strict), **({} if data is None else {"data": str(data)})}
    found = validate(suite(name, **settings), tasks, seed)
    _tell(found, as_json=json)
    raise typer.Exit(0 if found.valid else 1)


def _list(*, plain: bool, as_json: bool) -> None:
    from ....benchmarks.suite import about, suite_names

    if as_json:
        from ...render.format import write_json

        for name in suite_names():
            write_json({"suite": name, "about": about(name)})
        return
    from ...render.console import console

    out = console(plain)
    for name in suite_names():
        out.print(f"{name:<16}  {about(name)}", soft_wrap=True)


def _tell(found: Any, *, as_json: bool) -> None:
    from ....journal.foreign_text import one_line
    from ...render.format import count, write_json

    if as_json:
        import dataclasses

        write_json({**dataclasses.asdict(found), "valid": found.valid})
        return
    kinds = ", ".join(f"{n:,} {kind}" for kind, n in sorted(found.kinds.items()))
    typer.echo(f"{found.suite}: {count(found.tasks, 'task')} ({one_line(kinds)})")
    typer.echo(f"gold solution: full marks on {found.solved:,} of {found.tasks:,}")
    for baseline in found.baselines:
        score = "" if baseline.score == baseline.success else f", mean score {baseline.score:.3f}"
        typer.echo(f"{one_line(baseline.name)}: {baseline.success:.1%}{score}")
    hidden = (
        "the agent sees the same when it is changed" if found.masked else "names of its fields only"
    )
    typer.echo(f"gold hidden: checked ({hidden})")
    if found.suspects:
        tasks = count(len(found.suspects), "task")
        listed = one_line(", ".join(found.suspects), 200)
        typer.echo(f"look: {tasks} with an accepted answer in prompt or tools: {listed}")
    for problem in found.problems:
        typer.echo(f"invalid: {one_line(problem)}")
    if found.valid:
        typer.echo("valid")
