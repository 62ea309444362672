"""`outlay train sft`, `dpo` and `rl --from`, on runs over the loopback server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("transformers", reason="the extra `train` is not installed")

import duckdb  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from outlay.agent import Agent, Home, RunLabels  # noqa: E402
from outlay.cli.commands.train.app import train  # noqa: E402
from outlay.ledger.errors import UsageError  # noqa: E402
from outlay.testing import LoopbackServer, ScriptedAnswer  # noqa: E402
from outlay.training.data.recorded_runs import recorded  # noqa: E402
from outlay.training.loop.offline import preferred  # noqa: E402
from outlay.training.loop.reference_logprobs import logprobs_of  # noqa: E402
from outlay.training.models.loading import load, tokenizer_of  # noqa: E402

from .tiny_llama import save  # noqa: E402

Verb = Callable[..., str]
LOOK = ScriptedAnswer(tool_calls=({"name": "lookup", "arguments": {"query": "it"}},))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model with as many words as the loopback server has; only their number matters."""
    made = save(tmp_path / "model", 50_000)
    (made / "tokenizer.json").write_text(json.dumps({"model": "words"}))
    return made


@pytest.fixture
def verb(
    server: LoopbackServer,
    agent_for: Callable[..., Agent],
    home: Path,
    folder: Path,
    tmp_path: Path,
) -> Verb:
    """Runs a verb on a task that was solved once by looking it up, and twice guessed wrong."""
    runs = (
        (1.0, (LOOK, ScriptedAnswer("Answer: 4"))),
        *[(0.0, (ScriptedAnswer("Answer: 5"),))] * 2,
    )
    for score, steps in runs:
        server.steps(*steps)
        run = (
            agent_for({"tokenizer": tokenizer_of(folder)})
            .run_sync("What is it?", labels=RunLabels(experiment="e"))
            .run
        )
        Home.at(home).write_score(run, score, success=score == 1)

    def call(name: str, *more: str) -> str:
        out = ("--model", str(folder), "--out", str(tmp_path / "out"), "--home", str(home))
        done = CliRunner().invoke(train, [name, *out, "--device", "cpu", "--plain", *more])
        if done.exception is not None:
            raise done.exception
        return done.stdout

    return call


def figures(path: Path) -> dict[str, list[float]]:
    with duckdb.connect(str(path), read_only=True) as database:
        rows = database.execute("select name, value from metrics order by step").fetchall()
    found: dict[str, list[float]] = {}
    for name, value in rows:
        found.setdefault(name, []).append(value)
    return found


def test_the_better_reply_becomes_likelier(
    verb: Verb, folder: Path, home: Path, tmp_path: Path
) -> None:
    shown = verb("dpo", "--epochs", "6", "--rate", "0.03", "--beta", "0.5")
    assert "step 1 of 6: loss 0.6931, margin 0.0000, right 0%" in shown
    assert "step 6 of 6: " in shown
    found = figures(tmp_path / "out.metrics.duckdb")
    assert set(found) == {"loss", "margin", "accuracy", "chosen", "rejected", "norm"}
    assert found["margin"][-1] > 1
    assert (tmp_path / "out.svg").read_text().startswith("<svg")
    (pair,) = preferred(list(recorded(Home.at(home).store)), tokenizer_of(folder))
    assert pair.chosen.ids[:3] == pair.rejected.ids[:3]
    gained = []
    for example in (pair.chosen, pair.rejected):
        was, now = (
            sum(logprobs_of(load(place, device="cpu").trainable, [example], 999)[0])
            for place in (folder, tmp_path / "out")
        )
        gained.append(now - was)
    assert gained[0] > gained[1]
    assert "step 1 of" not in verb("dpo", "--epochs", "6", "--rate", "0.03", "--beta", "0.5")


def test_losses_have_their_options(verb: Verb, tmp_path: Path) -> None:
    done = verb("rl", "--from", "e", "--loss", "gspo", "--kl", "0.1", "--entropy", "0.01")
    assert "step 1 of 1: loss" in done


def test_replay_and_imitation(verb: Verb, tmp_path: Path) -> None:
    assert "step 2 of 2: loss" in verb("sft", "--epochs", "2")
    assert set(figures(tmp_path / "out.metrics.duckdb")) >= {"loss", "entropy", "kl", "norm"}


@pytest.mark.usefixtures("verb")
def test_runs_that_never_part_are_nothing_to_prefer(home: Path, folder: Path) -> None:
    wrong = [run for run in recorded(Home.at(home).store) if not run.outcome.success]
    with pytest.raises(UsageError, match="so there is nothing to prefer: record repeats"):
        preferred(wrong, tokenizer_of(folder))
    with pytest.raises(UsageError, match="has ids of the tokenizer"):
        preferred(wrong, "another")
