"""StrategyQA: yes-or-no questions whose steps have to be thought of.

The file is StrategyQA's own (`strategyqa_train.json`, JSON or JSON Lines; Geva et al. 2021,
2101.02235). What can be searched are the authors' facts of all questions, each a paragraph under
the question's term: much easier than the Wikipedia paragraphs of the paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..records import DatasetRecord
from .library import Paragraph
from .reading_comprehension import DatasetFormat, DatasetQuestion, factory

_ACCEPTED = {True: ("yes", "true"), False: ("no", "false")}


def _read(record: DatasetRecord) -> DatasetQuestion:
    term = record.text("term")
    facts = [record.checked("facts", fact) for fact in record.items("facts")]
    if not facts:
        raise record.wrong("facts", "is empty")
    return DatasetQuestion(
        id=f"strategyqa-{record.text('qid')}",
        text=record.text("question"),
        kind="yes or no",
        gold=_ACCEPTED[record.flag("answer")],
        paragraphs=tuple(Paragraph(term, (fact,)) for fact in facts),
    )


def _masked(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    hidden = {"answer": not fields["answer"], "decomposition": ["masked"], "evidence": []}
    return {**fields, **hidden}


FORM = DatasetFormat(name="strategyqa", read=_read, mask=_masked)
strategyqa = factory(FORM)
