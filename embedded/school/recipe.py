"""How the shipped weights are made: imitation, then reinforcement, each one measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from statistics import fmean
from time import monotonic
from typing import Any

from ..transformer.model import TinyModel
from ..transformer.weights import save
from .episodes import QuestionPlay, played
from .evaluation import held_out, trial
from .imitation import StudyConfig, StudyProgress, study
from .reinforcement import PracticeConfig, checks, improve

_TOLD_EVERY = 100
"""Steps of the study between two lines of the log."""
_CURVES = {
    "study": ("loss", "accuracy"),
    "round": ("reward", "success", "cost", "entropy", "checked", "useful"),
}
"""What is drawn of each event."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One training, from nothing to measured weights."""

    study: StudyConfig = field(default_factory=StudyConfig)
    practice: PracticeConfig = field(default_factory=PracticeConfig)
    questions: int = 400
    """Held-out questions by which it is measured."""
    budgets: tuple[int | None, ...] = (2, 4, 8, 16, None)
    """At which budgets, in prices of a search."""


SMALL = Recipe(
    study=StudyConfig(tokens=2_000_000),
    practice=PracticeConfig(rounds=12, questions=12),
    questions=120,
    budgets=(4, 16),
)
"""A demonstration: under ten minutes on two cores."""


def further(start: Path) -> Recipe:
    """Returns the recipe that goes on from weights: less and slower, and from another seed."""
    study = StudyConfig(
        tokens=1_800_000,
        start=start,
        drills=0.1,
        matrix_rate=0.002,
        other_rate=0.002,
        constant=0.1,
        seed=3,
    )
    return Recipe(study=study, practice=PracticeConfig(rounds=40))


@dataclass(frozen=True, kw_only=True)
class RecipeMeasurement:
    """What one policy made of the held-out questions at one budget."""

    policy: str
    units: int | None
    questions: int
    success: float
    cost: float
    """Mean price of a question's calls, in prices of a search."""
    by_hops: dict[str, float]
    """Success by the length of the chain, `other` for comparisons and unanswerable questions."""
    checked: float | None
    """Share of old facts read whose document was opened."""


Told = Callable[[str, dict[str, Any]], None]
"""Called with what happened (`study`, `round`, `measured`) and its numbers."""


def train(recipe: Recipe, out: Path, told: Told) -> list[RecipeMeasurement]:
    """Trains, writes the weights to `out`, and returns all measurements, the expert's first.

    The weights as they are after imitation stay beside it, as `NAME.sft.npz`.
    """
    found = [_measured("expert", plays, units) for units, plays in _expert_plays(recipe)]
    imitation = out.with_suffix(".sft.npz")
    network = study(
        recipe.study, _every(_TOLD_EVERY, told), lambda now: save(now.exported(), imitation)
    )
    save(network.exported(), imitation)
    found += measure("imitation", network.exported(), recipe)
    for row in found:
        told("measured", asdict(row))
    improve(network, recipe.practice, lambda done: told("round", asdict(done)))
    save(network.exported(), out)
    after = measure("reinforcement", network.exported(), recipe)
    for row in after:
        told("measured", asdict(row))
    return found + after


def measure(name: str, model: TinyModel, recipe: Recipe) -> list[RecipeMeasurement]:
    """Returns what a model makes of the held-out questions, at each budget, greedily."""
    questions = held_out(recipe.questions, seed=0)
    return [
        _measured(name, trial(model, questions, units).plays, units) for units in recipe.budgets
    ]


def curves(log: Path) -> dict[str, list[tuple[int, float]]]:
    """Returns the curves in a log: of imitation by tokens, of reinforcement by rounds."""
    found: dict[str, list[tuple[int, float]]] = {}
    for line in map(json.loads, log.read_text().splitlines()):
        step = line.get("tokens", line.get("number"))
        for name in _CURVES.get(line["event"], ()):
            if line[name] is not None:
                found.setdefault(f"{line['event']}: {name}", []).append((step, line[name]))
    return found


def log_to(file: Path, told: Told) -> Told:
    """Returns `told` that also writes each event as a line of JSON, with the seconds passed."""
    start = monotonic()

    def both(event: str, numbers: dict[str, Any]) -> None:
        line = {"event": event, "seconds": round(monotonic() - start, 1), **numbers}
        with file.open("a") as lines:
            lines.write(json.dumps(line) + "\n")
        told(event, numbers)

    return both


def _expert_plays(recipe: Recipe) -> Iterator[tuple[int | None, list[QuestionPlay]]]:
    questions = held_out(recipe.questions, seed=0)
    for units in recipe.budgets:
        yield units, [played(QuestionPlay(case, units), Random(0)) for case in questions]


def _measured(name: str, plays: Sequence[QuestionPlay], units: int | None) -> RecipeMeasurement:
    by_hops: dict[str, list[float]] = {}
    for play in plays:
        by_hops.setdefault(str(play.case.hops or "other"), []).append(play.score())
    checked = [is_checked for play in plays for is_checked in checks(play)]
    return RecipeMeasurement(
        policy=name,
        units=units,
        questions=len(plays),
        success=fmean(play.score() for play in plays),
        cost=fmean(play.spent for play in plays),
        by_hops={hops: fmean(scores) for hops, scores in sorted(by_hops.items())},
        checked=fmean(checked) if checked else None,
    )


def _every(steps: int, told: Told) -> Callable[[StudyProgress], None]:
    count = 0

    def tell(progress: StudyProgress) -> None:
        nonlocal count
        count += 1
        if count % steps == 0:
            told("study", asdict(progress))

    return tell
