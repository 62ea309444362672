"""The list of experiments, and each one's report with its runs as links."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from ....agent import Home, final_answer
from ...experiments.past_experiments import read_experiments
from .. import number_format
from ..html import ReportDetails, render_page
from ..html.markup import Markup, tag
from ..summary import summarise
from .layout import moment, older, page, table
from .queries import ListPage, PageCursor
from .store_reader import Row

_HEADS = ("experiment", "suite", "planners", "runs", "solved", "USD", "started")
_NUMBERS = ("planners", "runs", "solved", "USD")


def experiment_list(found: ListPage[Row], before: PageCursor | None, note: str) -> str:
    """Returns the page of experiments."""
    more = f"/experiments?{urlencode({'before': str(found.more)})}" if found.more else None
    if found.rows:
        body = table(_HEADS, [_row(row) for row in found.rows], _NUMBERS)
    else:
        body = tag(
            "p", "No experiments yet: ", tag("code", "outlay bench"), " makes one.",
            class_="empty",
        )  # fmt: skip
    pager = older(more, "/experiments" if before else None)
    return page("Experiments", tag("h1", "Experiments"), body, pager, here="Experiments", note=note)


def report_page(home: Home, name: str) -> str:
    """Returns the report of an experiment as `outlay report --html` writes it, runs as links.

    Raises:
        UsageError: there is no such experiment.
        JournalError: the store cannot be read.
    """
    found = read_experiments(home, [name])
    report = summarise(found.rows, found.rows[0].setup, found.bills)
    told = ReportDetails(
        prompts=found.prompts,
        golds={task.id: task.gold for task in found.tasks.values()},
        answers={
            run: None if text is None else final_answer(text) for run, text in found.answers.items()
        },
        runs_at="/runs/",
    )
    return render_page(name, report, found.rows, told)


def _row(facts: Row) -> Markup:
    name = facts["experiment"]
    runs = f"{facts['runs']:,}"
    if facts["unfinished"]:
        runs += f" ({facts['unfinished']:,} unfinished)"
    sign = "≥ " if facts["unpriced"] else ""
    share = facts["judged"] and number_format.percent(facts["solved"] / facts["judged"])
    return tag(
        "tr",
        tag("td", tag("a", name, href=f"/experiments/{quote(name)}"), class_="id"),
        tag("td", facts["suite"] or number_format.NONE),
        tag("td", f"{facts['planners']:,}", class_="n"),
        tag("td", tag("a", runs, href=f"/?{urlencode({'experiment': name})}"), class_="n"),
        tag("td", share or number_format.NONE, class_="n"),
        tag("td", f"{sign}{number_format.usd(float(facts['usd']))}", class_="n"),
        tag("td", moment(facts["started"]), class_="when"),
    )
