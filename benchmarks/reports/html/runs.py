"""Every task with its runs, and every run with its steps, folded away until they are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isinf

from ...results import ResultRow, Setup
from .. import number_format
from ..frontier_summary import FrontierSummary
from .markup import Markup, join, tag
from .plot import PlotPoint


@dataclass(frozen=True, kw_only=True)
class ReportStep:
    """One entry of a run's story."""

    number: int | None
    """The step of the graph, from 1; None for what belongs to none."""
    by: str
    """The node that asked the policy, or the tool."""
    what: str
    """A few words beside it: a tool's arguments, or what went wrong."""
    text: str
    """The message with its tool calls, or the observation; empty if `what` says all."""
    tokens: str
    cost: str
    left: str
    """What remained of the budget after the step."""


@dataclass(frozen=True, kw_only=True)
class ReportDetails:
    """What a page tells of single tasks and runs."""

    prompts: Mapping[str, str] = field(default_factory=dict)
    """What was asked, by task."""
    golds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Accepted answers, by task."""
    answers: Mapping[str, str | None] = field(default_factory=dict)
    """By run."""
    steps: Mapping[str, Sequence[ReportStep]] = field(default_factory=dict)
    """By run; a run without steps here is only listed."""
    runs_at: str | None = None
    """Where the runs have their pages, `/runs/`; None for a page that stands alone."""


def task_list(
    rows: Sequence[ResultRow],
    told: ReportDetails,
    points: Sequence[PlotPoint],
    frontier: FrontierSummary | None,
) -> Markup:
    """Returns the tasks, those solved least often first."""
    by_task: dict[str, list[ResultRow]] = {}
    for row in rows:
        if row.run:
            by_task.setdefault(row.task, []).append(row)
    keys = {point.setup: point for point in points}
    places = {point.setup: place for place, point in enumerate(points)}
    for runs in by_task.values():
        runs.sort(key=lambda row: (places.get(row.setup, len(places)), row.repeat))
    ordered = sorted(by_task.items(), key=lambda item: (_solved(item[1]), item[0]))
    return tag("div", *(_task(task, runs, told, keys, frontier) for task, runs in ordered))


def _task(
    task: str,
    runs: Sequence[ResultRow],
    told: ReportDetails,
    keys: Mapping[Setup, PlotPoint],
    frontier: FrontierSummary | None,
) -> Markup:
    golds = ", ".join(told.golds.get(task, ()))
    return tag(
        "details",
        tag(
            "summary",
            tag("span", task, class_="task"),
            tag("span", *_marks(runs, keys), class_="marks"),
            tag("span", _cheapest(task, keys, frontier), class_="dim"),
        ),
        tag("p", told.prompts.get(task, ""), class_="prompt"),
        tag("p", f"Expected: {golds}", class_="dim") if golds else None,
        *(_run(row, told, keys) for row in runs),
    )


def _marks(runs: Sequence[ResultRow], keys: Mapping[Setup, PlotPoint]) -> Iterator[Markup]:
    groups: dict[Setup, list[ResultRow]] = {}
    for row in runs:
        groups.setdefault(row.setup, []).append(row)
    for setup, group in groups.items():
        key = keys.get(setup)
        signs = "".join(map(_sign, group))
        yield tag("span", tag("b", key.letter if key else "–"), signs, class_="mark")


def _cheapest(task: str, keys: Mapping[Setup, PlotPoint], frontier: FrontierSummary | None) -> str:
    if frontier is None or task not in frontier.by_task:
        return ""
    cost = frontier.by_task[task]
    if isinf(cost):
        return "nobody solved it"
    letters = " ".join(keys[setup].letter for setup in frontier.cheapest[task])
    return f"{number_format.usd(cost)} a success with {letters}"


def _run(row: ResultRow, told: ReportDetails, keys: Mapping[Setup, PlotPoint]) -> Markup:
    key = keys.get(row.setup)
    steps = told.steps.get(row.run, ())
    answer = told.answers.get(row.run)
    head = join(
        tag("b", key.letter if key else "–", class_=f"key {key.colour if key else ''}"),
        tag("span", _sign(row), class_="yes" if row.success else "no"),
        tag("span", "no answer" if answer is None else answer, class_="answer"),
        tag(
            "span",
            f"{_ended(row)} · {number_format.usd(float(row.cost_usd))}",
            class_="dim",
        ),
    )
    if not steps:
        return tag("div", head, _elsewhere(row.run, told), class_="run")
    return tag(
        "details",
        tag("summary", head),
        tag("ol", *map(_step, steps), class_="steps"),
        tag("p", tag("code", f"outlay show {row.run} --full"), class_="dim"),
        class_="run",
    )


def _elsewhere(run: str, told: ReportDetails) -> Markup:
    if told.runs_at is None:
        return tag("code", f"outlay show {run}")
    return tag("a", run, href=f"{told.runs_at}{run}")


def _step(step: ReportStep) -> Markup:
    return tag(
        "li",
        tag(
            "div",
            tag("span", "" if step.number is None else str(step.number), class_="num dim"),
            tag("b", step.by),
            tag("span", step.what, class_="what"),
            class_="line",
        ),
        tag("pre", step.text) if step.text else None,
        tag("div", *_facts(step), class_="facts dim"),
    )


def _facts(step: ReportStep) -> Iterator[Markup]:
    for label, value in (("cost", step.cost), ("tokens", step.tokens), ("left", step.left)):
        if value:
            yield tag("span", f"{label} ", tag("b", value))


def _solved(runs: Sequence[ResultRow]) -> float:
    """Returns the share that succeeded of the runs that judge the set-ups."""
    finished = [row for row in runs if row.finished]
    return sum(row.success for row in finished) / len(finished) if finished else 1.0


def _sign(row: ResultRow) -> str:
    if not row.finished:
        return "!" if row.broken else "–"
    return "✓" if row.success else "✗"


def _ended(row: ResultRow) -> str:
    """Returns how a run ended; where an error ended it, what that said."""
    return f"error: {row.why or row.reason}" if row.broken else row.status.replace("_", " ")
