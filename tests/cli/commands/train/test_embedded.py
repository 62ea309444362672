from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed")

from outlay.cli.train.embedded_training import carry_out, table
from outlay.embedded.school.imitation import StudyConfig
from outlay.embedded.school.recipe import SMALL, Recipe, RecipeMeasurement
from outlay.embedded.school.reinforcement import PracticeConfig
from outlay.embedded.transformer.model import ModelShape
from outlay.embedded.transformer.vocabulary import VOCABULARY
from outlay.ledger.errors import UsageError

SHAPE = ModelShape(tokens=len(VOCABULARY), width=16, layers=1, heads=2, hidden=16, grams=2)
RECIPE = Recipe(
    study=StudyConfig(tokens=1_000, shape=SHAPE),
    practice=PracticeConfig(rounds=1, questions=4, group=2),
    questions=3,
    budgets=(2,),
)


def test_the_demonstration_shows_before_and_after(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    carry_out(RECIPE, tmp_path / "demo.npz", seed=1, plain=True)
    shown = capsys.readouterr().out
    rows = [line.split()[0] for line in shown.splitlines() if line.split()[1:2] == ["2"]]
    assert rows == ["expert", "imitation", "reinforcement"]
    assert "--model embedded:" in shown
    assert (tmp_path / "demo.jsonl").read_text().count('"event": "measured"') == 3


def test_the_demonstration_is_smaller_than_the_recipe() -> None:
    full = Recipe()
    assert SMALL.study.tokens < full.study.tokens
    assert SMALL.practice.rounds < full.practice.rounds


@pytest.mark.parametrize("out", ["weights.bin", "nowhere/weights.npz"])
def test_where_nothing_can_be_written_nothing_is_trained(out: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        carry_out(RECIPE, tmp_path / out, seed=0, plain=True)


def test_what_is_unknown_is_a_dash() -> None:
    row = RecipeMeasurement(
        policy="expert", units=None, questions=1, success=1, cost=2.5, by_hops={}, checked=None
    )
    cells = [next(iter(column.cells)) for column in table([replace(row)]).columns]
    assert cells == ["expert", "–", "1.000", "2.50", "–"]
