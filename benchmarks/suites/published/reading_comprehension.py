"""Questions that are answered by reading: every suite of paragraphs is made here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....ledger.errors import UsageError
from ...suite import Task
from ..almanac.grammar import OPEN_PRICE, SEARCH_PRICE
from ..records import Change, DatasetRecord, read_records
from .library import LibraryPrices, Paragraph, ParagraphCorpus
from .scorers import ShortAnswerScorer
from .taskset import TaskSet

SYSTEM_PROMPT = """\
You answer questions from a collection of paragraphs. `search` finds paragraphs by words and shows \
a passage of each; `open` shows a whole paragraph. Most questions need facts of two or more \
paragraphs: find one, then what it leads to. Answer as briefly as you can: a name, a date, a \
number, yes or no."""

ENDING = """
End with one line that holds nothing but the answer, like this:
Answer: NAME"""

CITING_PARAGRAPHS = """
End with two lines, the paragraphs that the answer rests on and nothing but the answer, like this:
Sources: TITLE | TITLE
Answer: NAME"""

CITING_SENTENCES = """
End with two lines, the sentences that the answer rests on and nothing but the answer, like this:
Sources: TITLE #SENTENCE | TITLE #SENTENCE
Answer: NAME"""


@dataclass(frozen=True, kw_only=True)
class DatasetQuestion:
    """A question with its paragraphs, as a record of a data set tells them."""

    id: str
    text: str
    kind: str
    hops: int | None = None
    gold: tuple[str, ...]
    paragraphs: tuple[Paragraph, ...]
    support: tuple[tuple[int, int | None], ...] = ()
    """Supporting facts: a paragraph's place and a sentence's, or None for the whole paragraph."""
    own: bool = False
    """Whether it must be answered from its own paragraphs alone, not from everybody's."""


@dataclass(frozen=True, kw_only=True)
class DatasetFormat:
    """How the records of a data set become questions."""

    name: str
    read: Callable[[DatasetRecord], DatasetQuestion]
    """Raises UsageError where a record is not in the published format."""
    mask: Change
    """Makes every gold field say something else that the format allows."""
    ending: str = ENDING
    scorer: ShortAnswerScorer = ShortAnswerScorer()  # noqa: RUF009 - it is immutable


def factory(form: DatasetFormat) -> Callable[..., TaskSet]:
    """Returns what makes the suite of a data set from a file of its own format."""

    def made(
        *, data: str | Path = "", search_price: Any = SEARCH_PRICE, open_price: Any = OPEN_PRICE
    ) -> TaskSet:
        """Returns the questions of a file, over the paragraphs of all of them.

        Args:
            data: the file, JSON or JSON Lines.
            search_price, open_price: USD a call.

        Raises:
            UsageError: the file cannot be read, or a record is not in the published format.
        """
        prices = LibraryPrices.of(search_price, open_price)
        return reading(form, read_records(data, suite=form.name), prices)

    return made


def reading(
    form: DatasetFormat, records: Sequence[DatasetRecord], prices: LibraryPrices
) -> TaskSet:
    """Returns the suite of a data set.

    All questions share one library of everybody's paragraphs; where any of them must be answered
    from its own paragraphs alone, each has a library of its own.

    Raises:
        UsageError: a record is not in the published format, or two have the same id.
    """
    questions = [form.read(record) for record in records]
    _check_ids(records, questions)
    libraries = _libraries(questions, prices)
    shelf = {each.id: library for each, library in zip(questions, libraries, strict=True)}
    return TaskSet(
        name=form.name,
        items=tuple(map(_task, questions, libraries)),
        tools=lambda task: shelf[task.id].tools,
        scorer=form.scorer,
        system_prompt=SYSTEM_PROMPT + form.ending,
        masked=lambda: reading(form, [record.changed(form.mask) for record in records], prices),
    )


def _libraries(
    questions: Sequence[DatasetQuestion], prices: LibraryPrices
) -> list[ParagraphCorpus]:
    if any(question.own for question in questions):
        return [ParagraphCorpus(question.paragraphs, prices) for question in questions]
    everybodys = (paragraph for question in questions for paragraph in question.paragraphs)
    shared = ParagraphCorpus(everybodys, prices)
    return [shared] * len(questions)


def _task(question: DatasetQuestion, library: ParagraphCorpus) -> Task:
    return Task(
        id=question.id,
        prompt=question.text,
        kind=question.kind,
        hops=question.hops,
        gold=question.gold,
        metadata={"support": tuple(_facts(question, library))},
    )


def _facts(question: DatasetQuestion, library: ParagraphCorpus) -> list[str]:
    named = []
    for place, sentence in question.support:
        name = library.name(question.paragraphs[place])
        named.append(name if sentence is None else f"{name} #{sentence}")
    return named


def _check_ids(records: Sequence[DatasetRecord], questions: Sequence[DatasetQuestion]) -> None:
    seen: dict[str, int] = {}
    for record, question in zip(records, questions, strict=True):
        if question.id in seen:
            raise UsageError(
                f"{record.where}: the id of {question.id!r} is already on line {seen[question.id]}"
            )
        seen[question.id] = record.line
