"""MuSiQue: questions of two to four hops, each over 20 Wikipedia paragraphs.

The file is MuSiQue's own JSON Lines, `musique_ans_….jsonl` or `musique_full_….jsonl` (Trivedi et
al. 2022, 2108.00573). In the latter half of the questions cannot be answered, because a paragraph
is taken away: the right answer is `unknown` then, and since another question's paragraphs would
give it away, every question is answered from its own 20 paragraphs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..records import DatasetRecord
from .library import Paragraph
from .reading_comprehension import CITING_PARAGRAPHS, DatasetFormat, DatasetQuestion, factory
from .scorers import ShortAnswerScorer

UNKNOWN = "unknown"
"""The right answer to a question that cannot be answered."""

_ENDING = f"""\
 If the paragraphs do not tell the answer, it is `{UNKNOWN}`.{CITING_PARAGRAPHS}"""


def _read(record: DatasetRecord) -> DatasetQuestion:
    steps = record.items("question_decomposition")
    if not steps or not all(isinstance(step, dict) for step in steps):
        raise record.wrong("question_decomposition", "must be a list of steps")
    answerable = record.flag("answerable") if "answerable" in record.fields else True
    paragraphs = record.items("paragraphs")
    return DatasetQuestion(
        id=f"musique-{record.text('id')}{'' if answerable else '-unanswerable'}",
        text=record.text("question"),
        kind=f"{len(steps)}hop" if answerable else "unanswerable",
        hops=len(steps) if answerable else None,
        gold=_gold(record) if answerable else (UNKNOWN,),
        paragraphs=tuple(_paragraph(record, paragraph) for paragraph in paragraphs),
        support=_support(record, paragraphs) if answerable else (),
        own=not answerable,
    )


def _gold(record: DatasetRecord) -> tuple[str, ...]:
    aliases = record.items("answer_aliases") if "answer_aliases" in record.fields else []
    accepted = [
        record.text("answer"),
        *(record.checked("answer_aliases", aliase) for aliase in aliases),
    ]
    return tuple(dict.fromkeys(accepted))


def _paragraph(record: DatasetRecord, told: Any) -> Paragraph:
    if not isinstance(told, dict):
        raise record.wrong("paragraphs", "must be a list of objects")
    title, text = told.get("title"), told.get("paragraph_text")
    name = record.checked("paragraphs.title", title)
    return Paragraph(name, (record.checked("paragraphs.paragraph_text", text),))


def _support(record: DatasetRecord, paragraphs: list[Any]) -> tuple[tuple[int, int | None], ...]:
    places = [place for place, told in enumerate(paragraphs) if told.get("is_supporting") is True]
    if not places:
        raise record.wrong("paragraphs", "has none with 'is_supporting' true")
    return tuple((place, None) for place in places)


def _masked(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    masked = {"id": 0, "question": "masked", "answer": "masked"}
    steps = [masked for _ in fields["question_decomposition"]]
    others = [not field.get("is_supporting") for field in fields["paragraphs"]]
    shown = others if any(others) else [True, *others[1:]]
    paragraphs = [
        {**each, "is_supporting": support}
        for each, support in zip(fields["paragraphs"], shown, strict=True)
    ]
    hidden = {"answer": "masked", "answer_aliases": [], "question_decomposition": steps}
    return {**fields, **hidden, "paragraphs": paragraphs}


FORM = DatasetFormat(
    name="musique",
    read=_read,
    mask=_masked,
    ending=_ENDING,
    scorer=ShortAnswerScorer(closed=False),
)
musique = factory(FORM)
