"""Carries out `outlay report` and `outlay power`: reads the store, prints, and writes files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..agent import Home
from ..benchmarks.experiments.past_experiments import RecordedRuns, read_experiments
from ..benchmarks.reports.export import write_csv, write_parquet
from ..benchmarks.reports.html import ReportDetails, ReportStep, render_page
from ..benchmarks.reports.power import PowerSummary, PowerTarget
from ..benchmarks.reports.terminal.experiment_report import render_rich, summarise
from ..benchmarks.reports.terminal.power_report import render_power
from ..journal.foreign_text import one_line, visible
from ..ledger.errors import UsageError
from .render import format
from .render.console import console, show
from .render.entry_lines import what
from .render.timeline import Timeline, TimelineEntry, tell

MOST_TOLD = 600
"""Runs whose steps a page holds; of larger experiments, the first repeats of the first tasks."""

_LONGEST = 3_000
"""Characters of a message or observation on a page."""


@dataclass(frozen=True, kw_only=True)
class ReportFiles:
    """Files that `outlay report` is to write; None for those that were not asked for."""

    html: Path | None
    csv: Path | None
    parquet: Path | None


def write_report(
    home: Home, experiments: Sequence[str], wanted: ReportFiles, *, plain: bool
) -> None:
    """Prints the report of experiments and writes the files.

    Raises:
        UsageError: there is no such experiment, or a file cannot be written.
    """
    found = read_experiments(home, experiments)
    report = summarise(found.rows, found.rows[0].setup, found.bills)
    out = console(plain)
    show(out, render_rich(report))
    if wanted.csv is not None:
        write_csv(wanted.csv, found.rows)
    if wanted.parquet is not None:
        write_parquet(wanted.parquet, found.rows)
    if wanted.html is not None:
        page = render_page(" + ".join(experiments), report, found.rows, _told(home, found))
        _write(wanted.html, page)
    written = [path for path in (wanted.html, wanted.csv, wanted.parquet) if path is not None]
    if written:
        out.print()
        out.print(f"written: {', '.join(map(str, written))}", soft_wrap=True)


def write_power(
    summaries: Sequence[PowerSummary], wish: PowerTarget, *, plain: bool, as_json: bool
) -> None:
    """Prints what `outlay power` found."""
    if not as_json:
        show(console(plain), render_power(summaries, wish))
        return
    for summary in summaries:
        pair = {
            "base": summary.base._asdict(),
            "other": summary.other and summary.other._asdict(),
        }
        facts = {
            "icc": summary.icc,
            "unpaired_tasks": summary.unpaired,
            "log_tasks": summary.tasks,
            "log_sees": summary.sees,
        }
        for size in summary.sizes:
            format.write_json({**pair, **asdict(wish), **asdict(size), **facts})


def _told(home: Home, found: RecordedRuns) -> ReportDetails:
    runs = [row.run for row in found.rows if row.run]
    by_repeat = sorted(
        (row for row in found.rows if row.run), key=lambda row: (row.repeat, row.task)
    )
    chosen = {row.run for row in by_repeat[:MOST_TOLD]}
    events = (
        events
        for experiment in found.experiments
        for events in home.store.events_of_experiment(experiment)
    )
    steps = {
        event[0].run: tuple(_steps(*tell(event))) for event in events if event[0].run in chosen
    }
    return ReportDetails(
        prompts=found.prompts,
        golds={task.id: task.gold for task in found.tasks.values()},
        answers={run: _answer(found.answers[run]) for run in runs},
        steps=steps,
    )


def _answer(text: str | None) -> str | None:
    from ..agent import final_answer

    return None if text is None else visible(final_answer(text))


def _steps(story: Timeline, entries: Sequence[TimelineEntry]) -> Iterator[ReportStep]:
    decimals = format.places(story.budget.usd)
    for entry in entries:
        text, tokens = _cut(_text(entry)), entry.tokens
        has_cost = entry.sort != "note" and entry.call is not None
        yield ReportStep(
            number=entry.step,
            by=one_line(entry.by),
            what=_what(entry),
            text=text,
            tokens=f"{tokens[0]:,} + {tokens[1]:,}" if tokens else "",
            cost=format.usd(entry.cost, decimals) if has_cost else "",
            left=format.left(entry.left, decimals),
        )


def _what(entry: TimelineEntry) -> str:
    """Returns what the text of an entry does not say itself."""
    if entry.sort == "tool" and entry.call is not None:
        return format.arguments(entry.call.arguments)
    return "" if entry.sort == "reply" else what(entry).plain


def _text(entry: TimelineEntry) -> str:
    call = entry.call
    if call is None or entry.sort not in ("reply", "tool"):
        return ""
    if call.observation is not None:
        return call.observation.text
    if call.reply is None:
        return ""
    message = call.reply.message
    wishes = [f"→ {wish.name} {wish.arguments}" for wish in message.tool_calls]
    return "\n".join(filter(None, [message.content, *wishes]))


def _cut(text: str) -> str:
    text = visible(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n… ({len(text):,} characters)"


def _write(path: Path, page: str) -> None:
    try:
        path.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"cannot write the page to {path}: {error.strerror}") from error
