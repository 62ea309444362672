"""StrategyQA: yes-or-no questions whose steps have to be thought of.

The file is StrategyQA's own (`strategyqa_train.json`, JSON or JSON Lines; Geva et al. 2021,
2101.02235). What can be searched are the authors' facts of all questions, each a paragraph under
the question's term: much easier than the Wikipedia paragraphs of the paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...policies.embedded.grammar import OPEN_PRICE, SEARCH_PRICE
from .library import Paragraph, Prices
from .reading import Form, Question, reading
from .records import Record, read_records
from .taskset import TaskSet

_ACCEPTED = {True: ("yes", "true"), False: ("no", "false")}


def strategyqa(
    *,
    data: str | Path = "",
    search_price: Any = SEARCH_PRICE,
    open_price: Any = OPEN_PRICE,
) -> TaskSet:
    """Returns the questions of a file, over the authors' facts of all of them.

    Args:
        data: the file.
        search_price, open_price: USD a call.

    Raises:
        UsageError: the file cannot be read, or a record is not in StrategyQA's format.
    """
    prices = Prices.of(search_price, open_price)
    return reading(FORM, read_records(data, suite="strategyqa"), prices)


def _read(record: Record) -> Question:
    term = record.text("term")
    facts = [record.checked("facts", fact) for fact in record.items("facts")]
    if not facts:
        raise record.wrong("facts", "is empty")
    return Question(
        id=f"strategyqa-{record.text('qid')}",
        text=record.text("question"),
        kind="yes or no",
        gold=_ACCEPTED[record.flag("answer")],
        paragraphs=tuple(Paragraph(term, (fact,)) for fact in facts),
    )


def _masked(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    hidden = {"answer": not fields["answer"], "decomposition": ["masked"], "evidence": []}
    return {**fields, **hidden}


FORM = Form(name="strategyqa", read=_read, mask=_masked)
