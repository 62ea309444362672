"""The transformer at work on many questions at once, without the Agent around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean

import numpy as np

from ...benchmarks.suites.almanac import AlmanacKnobs
from ..transformer.dialect import read_turn
from ..transformer.model import (
    CONTEXT,
    Choose,
    Decoder,
    Floats,
    GeneratedTurn,
    TinyModel,
    generate,
    greedy,
)
from ..transformer.vocabulary import END, IDS
from .episodes import QuestionPlay, WorldQuestion, cases

MOST_WORDS = 120
"""Tokens that a turn may have."""
_TOGETHER = 64
"""Questions that are played at once."""


@dataclass(frozen=True, kw_only=True)
class TrialResult:
    """What a model made of some questions at one budget."""

    plays: tuple[QuestionPlay, ...]

    @property
    def success(self) -> float:
        """Share of right answers."""
        return fmean(play.score() for play in self.plays)

    @property
    def cost(self) -> float:
        """Mean price of a question's calls, in prices of a search."""
        return fmean(play.spent for play in self.plays)

    def by_hops(self) -> dict[int | None, float]:
        """Returns the share of right answers by the length of the chain, None for other kinds."""
        scores: dict[int | None, list[float]] = {}
        for play in self.plays:
            scores.setdefault(play.case.hops, []).append(play.score())
        return {hops: fmean(found) for hops, found in scores.items()}


def held_out(n: int, seed: int, hops: Sequence[int] = (1, 2, 3, 4)) -> list[WorldQuestion]:
    """Returns `n` questions about worlds whose names never occur in training."""
    source = cases(Random(f"held out {seed}"), AlmanacKnobs(split="test"), hops)
    return [next(source) for _ in range(n)]


def trial(
    model: TinyModel,
    questions: Sequence[WorldQuestion],
    units: int | None,
    begin: Callable[[WorldQuestion, int | None], QuestionPlay] = QuestionPlay,
) -> TrialResult:
    """Plays questions greedily.

    Args:
        units: each one's budget, in prices of a search; None: none.
        begin: begins a play; it may tell the policy something else of its budget.
    """
    plays = [begin(case, units) for case in questions]
    for start in range(0, len(plays), _TOGETHER):
        play_all(model, plays[start : start + _TOGETHER])
    return TrialResult(plays=tuple(plays))


def play_all(
    model: TinyModel, plays: Sequence[QuestionPlay], choose: Choose = greedy
) -> list[list[GeneratedTurn]]:
    """Plays all questions to their ends, in step; returns what was decoded, turn by turn."""
    decoder = Decoder(model, len(plays))
    turns: list[list[GeneratedTurn]] = [[] for _ in plays]
    while going := [row for row, play in enumerate(plays) if not play.is_done]:
        prompts = [plays[row].prompt()[len(decoder.ids[row]) :] for row in going]
        limits = [min(MOST_WORDS, CONTEXT - len(plays[row].ids)) for row in going]
        for row in [r for r, limit in zip(going, limits, strict=True) if limit < 1]:
            plays[row].answer = ""
        kept = [place for place, limit in enumerate(limits) if limit >= 1]
        if not kept:
            continue
        found = generate(
            decoder,
            [going[place] for place in kept],
            [prompts[place] for place in kept],
            end=IDS[END],
            limits=[limits[place] for place in kept],
            choose=choose,
        )
        for place, said in zip(kept, found, strict=True):
            turns[going[place]].append(said)
            plays[going[place]].take(said.ids, read_turn(said.ids))
    return turns


class TokenSampler:
    """Takes tokens by chance, by their probabilities."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def __call__(self, row: int, logprobs: Floats) -> int:
        """Returns a token drawn with the probabilities of `logprobs`."""
        chances = np.exp(logprobs.astype(np.float64))
        return int(self._random.choice(len(chances), p=chances / chances.sum()))
