"""HotpotQA: questions over two Wikipedia paragraphs, in the distractor setting.

The file is HotpotQA's own (`hotpot_dev_distractor_v1.json`, JSON or JSON Lines) or has the columns
of its copy on Hugging Face (Yang et al. 2018, 1809.09600).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..records import DatasetRecord
from .library import Paragraph
from .reading_comprehension import CITING_SENTENCES, DatasetFormat, DatasetQuestion, factory

_CHAINS = {"bridge": 2, "compositional": 2, "inference": 2}
"""Kinds of question that follow one fact after the other, and how many."""


def form(name: str) -> DatasetFormat:
    """Returns the form of HotpotQA's records under the name of a suite."""

    def read(record: DatasetRecord) -> DatasetQuestion:
        kind = record.text("type")
        paragraphs = _paragraphs(record)
        return DatasetQuestion(
            id=f"{name}-{record.text('_id', 'id')}",
            text=record.text("question"),
            kind=kind,
            hops=_CHAINS.get(kind),
            gold=(record.text("answer"),),
            paragraphs=paragraphs,
            support=tuple(_support(record, paragraphs)),
        )

    return DatasetFormat(name=name, read=read, mask=_masked, ending=CITING_SENTENCES)


def _paragraphs(record: DatasetRecord) -> tuple[Paragraph, ...]:
    """Reads `[title, sentences]` pairs, or `{"title": […], "sentences": […]}`."""
    pairs = _pairs(record, "context", "title", "sentences")
    if not pairs:
        raise record.wrong("context", "holds no paragraph")
    found = []
    for title, sentences in pairs:
        if not isinstance(sentences, list) or not sentences:
            raise record.wrong("context", f"has no list of sentences under {title!r}")
        told = tuple(sentence for sentence in sentences if isinstance(sentence, str))
        if len(told) < len(sentences):
            raise record.wrong("context", f"has a sentence that is no text under {title!r}")
        record.checked("context", " ".join(told))
        found.append(Paragraph(record.checked("context", title), told))
    return tuple(found)


def _support(
    record: DatasetRecord, paragraphs: Sequence[Paragraph]
) -> dict[tuple[int, int | None], None]:
    places = {paragraph.title: place for place, paragraph in enumerate(paragraphs)}
    facts = _pairs(record, "supporting_facts", "title", "sent_id")
    if not facts:
        raise record.wrong("supporting_facts", "is empty")
    found: dict[tuple[int, int | None], None] = {}
    for title, sentence in facts:
        if not isinstance(title, str) or title not in places:
            raise record.wrong("supporting_facts", f"names {title!r}, which is not in 'context'")
        if not isinstance(sentence, int) or isinstance(sentence, bool) or sentence < 0:
            raise record.wrong("supporting_facts", f"has no sentence number under {title!r}")
        found[places[title], sentence] = None
    return found


def _pairs(record: DatasetRecord, field: str, left: str, right: str) -> list[tuple[Any, Any]]:
    value = record.fields.get(field)
    if isinstance(value, dict):
        lefts, rights = value.get(left), value.get(right)
        if not isinstance(lefts, list) or not isinstance(rights, list):
            raise record.wrong(field, f"must have the lists {left!r} and {right!r}")
        if len(lefts) != len(rights):
            raise record.wrong(field, f"has {left!r} and {right!r} of different lengths")
        return list(zip(lefts, rights, strict=True))
    pairs = record.items(field)
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise record.wrong(field, f"must be a list of [{left}, {right}] pairs")
    return [(first, second) for first, second in pairs]


def _masked(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    context = fields["context"]
    title = context["title"][-1] if isinstance(context, dict) else context[-1][0]
    hidden = {"answer": "masked", "supporting_facts": [[title, 0]], "evidences": []}
    return {**fields, **hidden, "answer_id": None, "level": "masked"}


hotpotqa = factory(form("hotpotqa"))
