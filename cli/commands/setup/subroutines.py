"""`outlay subroutines`: tool sequences that recorded runs have proved, for the toolpath planner."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ... import options


class SubroutinesAction(StrEnum):
    list = "list"
    mine = "mine"
    export = "export"
    delete = "delete"


def subroutines(
    action: Annotated[
        SubroutinesAction, typer.Argument(help="What to do.")
    ] = SubroutinesAction.list,
    name: Annotated[
        str | None, typer.Argument(help="The subroutine to delete, as the list names it.")
    ] = None,
    home: options.Home = None,
    plain: options.Plain = False,
    json: options.Json = False,
) -> None:
    """List, mine, export or delete proven tool sequences.

    `mine` learns them, and what tools cost, from the toolpath runs of a home, and writes
    subroutines.json there; `--planner toolpath:learned=FILE` uses it. `export` prints that file.
    With --json, the list has one object a subroutine.
    """
    from ....agent import Home
    from ....planners.toolpath import SUBROUTINES_FILE, SubroutineLibrary

    place = Home.at(home)
    path = place.path / SUBROUTINES_FILE
    known = SubroutineLibrary.load(path)
    if action is SubroutinesAction.mine:
        _mine(place, known, path)
    elif action is SubroutinesAction.export:
        _export(known)
    elif action is SubroutinesAction.delete:
        from ....ledger.errors import UsageError

        if name is None:
            raise UsageError("which one is to be deleted: `outlay subroutines delete NAME`")
        known.without(name).save(path)
        typer.echo(f"subroutine {name} is deleted, and will not be mined again")
    else:
        _list(known, path, plain=plain, json=json)


def _mine(place: Any, known: Any, path: Path) -> None:
    from ....agent.history.subtask_traces import recorded_traces

    before = {subroutine.name: subroutine.state for subroutine in known.subroutines}
    found = known.updated(recorded_traces(place))
    found.save(path)
    new = sum(subroutine.name not in before for subroutine in found.subroutines)
    retired = sum(
        subroutine.state == "retired" and before.get(subroutine.name) != "retired"
        for subroutine in found.subroutines
    )
    active = sum(subroutine.state == "active" for subroutine in found.subroutines)
    typer.echo(
        f"{active} subroutines are active ({new} new, {retired} retired), learned from "
        f"{found.subtasks} recorded subtasks; in {path}"
    )


def _export(known: Any) -> None:
    import orjson

    typer.echo(orjson.dumps(known.to_dict(), option=orjson.OPT_INDENT_2))


def _list(known: Any, path: Path, *, plain: bool, json: bool) -> None:
    from ...render.console import console, show
    from ...render.format import write_json

    shown = [subroutine for subroutine in known.subroutines if subroutine.state != "deleted"]
    if json:
        for each in shown:
            write_json(_row(each))
        return
    out = console(plain)
    if shown:
        show(out, _table(shown))
    else:
        out.print(
            f"No subroutines in {path}: `outlay subroutines mine` learns them.", soft_wrap=True
        )


def _row(each: Any) -> dict[str, Any]:
    return {
        "name": each.name,
        "want": each.want,
        "material": each.material,
        "takes": list(each.takes),
        "tools": [move.tool for move in each.moves],
        "support": each.support,
        "success": each.success,
        "usd": each.usd,
        "quality": each.quality,
        "net": each.net,
        "state": each.state,
    }


def _table(shown: list[Any]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in ("name", "on", "tools"):
        table.add_column(heading)
    for heading in ("support", "success", "USD", "quality", "net"):
        table.add_column(heading, justify="right")
    table.add_column("state")
    for each in shown:
        table.add_row(
            each.name,
            "any" if each.material is None else each.material or "-",
            " > ".join(move.tool for move in each.moves),
            str(each.support),
            f"{each.success:.0%}",
            f"{each.usd:.6f}",
            f"{each.quality:.3f}",
            f"{each.net:+.1f}%",
            each.state,
        )
    return table
