"""The end of `outlay race`: who was dropped when, who leads and how sure, what was saved."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from ... import errors
from ...experiments.race import SURE, RaceOutcome, RaceStanding
from ...statistics import success_rate
from .. import number_format
from ..summary import LEVEL
from ..tables import Names, cell, common_parts, name_setups, note, stacked, table


def render_race(outcome: RaceOutcome) -> RenderableType:
    """Returns the table and sentences, for a console of at least 100 columns."""
    setups = [standing.setup for standing in outcome.standings]
    names = name_setups(setups)
    common = common_parts(setups)
    return Group(
        *([Text(common, style="bold"), Text()] if common else []),
        _table(outcome, names),
        note(_tests(outcome)),
        Text(),
        Text("Verdict", style="bold"),
        *(Text(line) for line in _verdict(outcome, names)),
        Text(_savings(outcome)),
    )


def _table(outcome: RaceOutcome, names: Names) -> RenderableType:
    made = table("tasks", "success", "cost per task", "", "leader better, p")
    judged = [row for standing in outcome.standings for row in standing.judged]
    places = number_format.decimals(float(row.cost_usd) for row in judged)
    for standing in outcome.standings:
        rows = standing.judged
        if not rows:
            made.add_row(
                cell("\n".join(names[standing.setup])), "0", "", "", _state(outcome, standing)
            )
            continue
        shares = success_rate([(row.task, float(row.success)) for row in rows], LEVEL)
        cost = sum(float(row.cost_usd) for row in rows) / len(rows)
        made.add_row(
            cell("\n".join(names[standing.setup])),
            f"{len(standing.shares):,}",
            stacked(number_format.percent(shares.value), number_format.percent_interval(shares)),
            number_format.aligned_usd(cost, places),
            _state(outcome, standing),
            number_format.NONE if standing.lead is None else number_format.p_value(standing.lead),
        )
    return made


def _state(outcome: RaceOutcome, standing: RaceStanding) -> str:
    if standing.dropped_after is not None:
        why = " (errors)" if standing.is_doubtful else ""
        return f"out after {standing.dropped_after:,}{why}"
    return "leads" if standing.setup == outcome.leader else "still in"


def _tests(outcome: RaceOutcome) -> str:
    race = outcome.plan
    return (
        "One-sided paired permutation tests over tasks; p corrected (Bonferroni) for "
        f"{number_format.count(race.tests, 'comparison')}: {len(race.candidates) - 1} "
        f"rivals × {number_format.count(race.blocks, 'block')} of {race.block}. "
        f"The best one is dropped with a chance of at most {100 * race.alpha:.3g} %."
    )


def _verdict(outcome: RaceOutcome, names: Names) -> Iterator[str]:
    if outcome.money_out:
        yield "The money ran out; the block that it ended in is not judged."
    for standing in outcome.standings:
        if standing.is_doubtful:
            said = errors.in_words(errors.error_counts(standing.rows))
            yield f"{' · '.join(names[standing.setup])} is out, its runs ended by errors: {said}."
    if outcome.leader is None:
        whole = all(standing.is_doubtful for standing in outcome.standings)
        why = "errors ended every candidate's runs" if whole else "no block was completed"
        yield f"No winner was shown: {why}."
        return
    leader = " · ".join(names[outcome.leader])
    if outcome.winner:
        yield f"{leader} solves more than every other candidate (p ≤ {SURE})."
        return
    unsure = [
        " · ".join(names[each.setup])
        for each in outcome.standings
        if each.lead is not None and each.lead > SURE
    ]
    yield f"No winner was shown: {leader} leads, but may not be better than {', '.join(unsure)}."


def _savings(outcome: RaceOutcome) -> str:
    return (
        f"{outcome.runs:,} of the full grid's {outcome.full_runs:,} runs were made for "
        f"{number_format.usd(float(outcome.spent))}; the others would have cost about "
        f"{number_format.usd(outcome.saved)}."
    )
