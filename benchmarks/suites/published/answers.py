"""The official comparison of short answers: SQuAD's normalisation, exact match and token F1.

As HotpotQA's `hotpot_evaluate_v1.py` (Yang et al. 2018, 1809.09600) has it, and MuSiQue's metrics
(Trivedi et al. 2022, 2108.00573) without the rule about yes and no.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_CLOSED = frozenset({"yes", "no", "noanswer"})
"""Normalised answers that get no credit for a part, under HotpotQA's rule."""


@dataclass(frozen=True, kw_only=True)
class AnswerMatch:
    """How well an answer fits. All from 0 to 1."""

    em: float
    """Exact match: 1 or 0."""
    f1: float
    precision: float
    recall: float


NO_MATCH = AnswerMatch(em=0.0, f1=0.0, precision=0.0, recall=0.0)
_FULL = AnswerMatch(em=1.0, f1=1.0, precision=1.0, recall=1.0)


def normalise(answer: str) -> str:
    """Returns an answer in lower case without ASCII punctuation, articles and extra blanks."""
    bare = answer.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def match_answer(answer: str, gold: str, *, closed: bool) -> AnswerMatch:
    """Compares an answer with one accepted answer.

    A gold answer of which normalisation leaves nothing, such as `A`, is compared as it stands:
    the official rule would accept every article and an empty answer for it.

    Args:
        closed: HotpotQA's rule: where one side is yes, no or noanswer and the other something
            else, nothing is right.
    """
    ours, theirs = normalise(answer), normalise(gold)
    if not theirs:
        return _FULL if answer.strip().casefold() == gold.strip().casefold() else NO_MATCH
    if closed and ours != theirs and (ours in _CLOSED or theirs in _CLOSED):
        return NO_MATCH
    em = float(ours == theirs)
    said, wanted = ours.split(), theirs.split()
    same = (Counter(said) & Counter(wanted)).total()
    if not same:
        return AnswerMatch(em=em, f1=0.0, precision=0.0, recall=0.0)
    return _match(em, same / len(said), same / len(wanted))


def best(answer: str, golds: Iterable[str], *, closed: bool) -> AnswerMatch:
    """Compares an answer with each accepted answer; the best match counts."""
    matches = (match_answer(answer, gold, closed=closed) for gold in golds)
    return max(matches, key=lambda match: (match.em, match.f1), default=NO_MATCH)


def compare_facts(said: frozenset[str], wanted: frozenset[str]) -> AnswerMatch:
    """Compares the supporting facts that were named with those of the data."""
    same = len(said & wanted)
    em = float(said == wanted)
    if not same:
        return AnswerMatch(em=em, f1=0.0, precision=0.0, recall=0.0)
    return _match(em, same / len(said), same / len(wanted))


def joint(answer: AnswerMatch, facts: AnswerMatch) -> AnswerMatch:
    """Returns HotpotQA's joint match: precision and recall are the products of both."""
    precision, recall = answer.precision * facts.precision, answer.recall * facts.recall
    em = answer.em * facts.em
    if not precision + recall:
        return AnswerMatch(em=em, f1=0.0, precision=0.0, recall=0.0)
    return _match(em, precision, recall)


def _match(em: float, precision: float, recall: float) -> AnswerMatch:
    f1 = 2 * precision * recall / (precision + recall)
    return AnswerMatch(em=em, f1=f1, precision=precision, recall=recall)
