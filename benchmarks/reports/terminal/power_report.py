"""The answer of `outlay power`: sizes and prices of experiments as a table, and what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from ...results import Setup
from .. import number_format
from ..power import PowerSummary, PowerTarget
from ..tables import Names, cell, common_parts, name_setups, note, table


def render_power(summaries: Sequence[PowerSummary], wish: PowerTarget) -> RenderableType:
    """Returns the table and sentences, for a console of at least 100 columns."""
    if not summaries:
        return Text("The log has no two finished tasks to learn from.")
    setups = [summaries[0].base, *(each.other for each in summaries if each.other is not None)]
    names = name_setups(setups)
    common = common_parts(setups)
    return Group(
        *([Text(common, style="bold"), Text()] if common else []),
        _title(summaries, wish, names),
        Text(),
        _table(summaries, names),
        *(note(line) for line in _notes(summaries, wish)),
        Text(),
        *(Text(line) for line in _findings(summaries, names)),
    )


def _title(summaries: Sequence[PowerSummary], wish: PowerTarget, names: Names) -> Text:
    base = _name(summaries[0].base, names)
    against = f"against {base}" if summaries[0].other else f"{base} against another set-up"
    return Text(
        f"To see a difference of {100 * wish.delta:.3g} points in {100 * wish.power:.3g} % of "
        f"experiments, at {100 * wish.alpha:.3g} % false alarms, {against}",
        style="bold",
    )


def _table(summaries: Sequence[PowerSummary], names: Names) -> RenderableType:
    made = table("repeats", "tasks", "runs", "cost", "")
    for summary in summaries:
        name = "\n".join(names[summary.other or summary.base])
        lines = [*name.split("\n"), *[""] * len(summary.sizes)]
        for place, size in enumerate(summary.sizes):
            last = place == len(summary.sizes) - 1
            text = "\n".join(filter(None, lines[place:])) if last else lines[place]
            is_best = size == summary.cheapest and len(summary.sizes) > 1
            made.add_row(
                cell(text),
                str(size.repeats),
                f"{size.tasks:,}",
                f"{size.runs:,}",
                number_format.usd(size.usd),
                "cheapest" if is_best else "",
            )
        made.add_section()
    return made


def _notes(summaries: Sequence[PowerSummary], wish: PowerTarget) -> Iterator[str]:
    paired = all(summary.other for summary in summaries)
    yield (
        f"{'Both set-ups meet the same tasks' if paired else 'The two meet different tasks'}. "
        "Runs and cost are of both together, at the log's mean cost per run."
    )
    if len(summaries) > 1:
        yield f"{len(summaries)} comparisons share the {100 * wish.alpha:.3g} %."
    if any(len(summary.sizes) == 1 for summary in summaries):
        yield "Where tasks were run once, or all gave the same, what repeats are worth is unknown."


def _findings(summaries: Sequence[PowerSummary], names: Names) -> Iterator[str]:
    for summary in summaries:
        name = _name(summary.other or summary.base, names)
        text = (
            f"{name}: {number_format.count(summary.tasks, 'task')} as in the log can see "
            f"{100 * summary.sees:.1f} points"
        )
        if summary.other:
            text += f"; on different tasks it would take {summary.unpaired:,} for each set-up"
        if summary.icc is not None:
            text += f"; repeats of a task agree with an ICC of {summary.icc:.2f}"
        yield f"{text}."


def _name(setup: Setup, names: Names) -> str:
    return " · ".join(names[setup])
