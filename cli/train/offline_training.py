"""Carries out what `outlay train` learns from recorded runs, and tells how it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from ...agent import Home
from ...training.data.recorded_runs import recorded
from ...training.loop import dpo
from ...training.loop.collapse_guard import Watch
from ...training.loop.dpo import Preferred, Preferring
from ...training.loop.examples import Example
from ...training.loop.metrics import Metrics, draw
from ...training.loop.offline import imitated, preferred, replayed
from ...training.loop.reference_logprobs import referred
from ...training.loop.trainer import Fitting, Step, fit
from ...training.models.loading import Loaded, load
from ...training.objectives.loss import GSPO, LOOP, PPO, REINFORCE, REPLAY, SFT, Loss
from ..render.console import console
from ..render.training_progress import Going
from .options import Device, Method

_LOSSES = {
    Method.gspo: GSPO,
    Method.loop: LOOP,
    Method.ppo: PPO,
    Method.reinforce: REINFORCE,
    Method.replay: REPLAY,
}
_STEPS_A_LINE = 10


@dataclass(frozen=True, kw_only=True)
class Common:
    """What every training is told."""

    model: Path
    out: Path
    rate: float
    lora: int
    device: Device | None
    seed: int
    home: Path | None


@dataclass(frozen=True, kw_only=True)
class Imitation(Common):
    """What `sft` is told."""

    experiment: str | None
    epochs: int
    cheapest: float


@dataclass(frozen=True, kw_only=True)
class Choice(Common):
    """What `dpo` is told."""

    experiment: str | None
    epochs: int
    beta: float
    cost_share: float


@dataclass(frozen=True, kw_only=True)
class Reinforced(Common):
    """What `rl` is told, of either kind."""

    loss: Method
    entropy: float
    kl: float
    cost_share: float

    @property
    def how(self) -> Loss:
        """The loss with what is added to it."""
        return replace(_LOSSES[self.loss], entropy=self.entropy, kl=self.kl)


@dataclass(frozen=True, kw_only=True)
class Replay(Reinforced):
    """What `rl --from` is told."""

    experiment: str


def imitate(order: Imitation, *, plain: bool) -> None:
    """Trains on right runs."""
    loaded = load(order.model, lora=order.lora, device=order.device)
    runs = recorded(Home.at(order.home).store, order.experiment)
    given = imitated(runs, loaded.trainable.tokenizer, cheapest=order.cheapest)
    plan = Fitting(how=SFT, epochs=order.epochs, rate=order.rate, seed=order.seed)
    _fit(order, loaded, given, plan, console(plain))


def replay(order: Replay, *, plain: bool) -> None:
    """Trains off-policy on judged runs."""
    loaded = load(order.model, lora=order.lora, device=order.device)
    runs = list(recorded(Home.at(order.home).store, order.experiment))
    given = replayed(runs, loaded.trainable.tokenizer, cost_share=order.cost_share)
    plan = Fitting(how=order.how, rate=order.rate, seed=order.seed)
    if order.kl:
        given = referred(loaded.trainable, given, plan.batch_tokens)
    _fit(order, loaded, given, plan, console(plain), Watch())


def prefer(order: Choice, *, plain: bool) -> None:
    """Trains on pairs of replies."""
    screen, metrics = console(plain), Metrics(beside(order.out, ".metrics.duckdb"))
    loaded = load(order.model, lora=order.lora, device=order.device)
    runs = list(recorded(Home.at(order.home).store, order.experiment))
    given = preferred(runs, loaded.trainable.tokenizer, cost_share=order.cost_share)
    plan = Preferring(beta=order.beta, epochs=order.epochs, rate=order.rate, seed=order.seed)
    with Going(screen, "step", every=_STEPS_A_LINE) as going:

        def told(step: Preferred) -> None:
            names = ("loss", "margin", "accuracy", "chosen", "rejected", "norm")
            metrics.write(step.number, {name: getattr(step, name) for name in names})
            going.see(
                step.number, step.of,
                f"loss {step.loss:.4f}, margin {step.margin:z.4f}, right {step.accuracy:.0%}",
            )  # fmt: skip

        folder = beside(order.out, ".training")
        dpo.prefer(loaded.trainable, given, plan, told=told, folder=folder)
    loaded.save(order.out)
    end(order.out, screen)


def _fit(
    order: Common,
    loaded: Loaded,
    given: Sequence[Example],
    plan: Fitting,
    screen: Console,
    watch: Watch | None = None,
) -> None:
    metrics = Metrics(beside(order.out, ".metrics.duckdb"))
    with Going(screen, "step", every=_STEPS_A_LINE) as going:

        def told(step: Step) -> None:
            figures = {"loss": step.loss, "entropy": step.entropy, "kl": step.kl, "norm": step.norm}
            metrics.write(step.number, figures)
            going.see(
                step.number, step.of,
                f"loss {step.loss:.4f}, entropy {step.entropy:.3f}, kl {step.kl:.4f}, "
                f"effective {step.effective:.0%}",
            )  # fmt: skip

        folder = beside(order.out, ".training")
        fit(loaded.trainable, given, plan, told=told, folder=folder, watch=watch)
    loaded.save(order.out)
    end(order.out, screen)


def end(out: Path, screen: Console) -> None:
    """Draws the curves and says where everything is."""
    kept, picture = beside(out, ".metrics.duckdb"), beside(out, ".svg")
    picture.write_text(draw(Metrics(kept).curves()), encoding="utf-8")
    screen.print(f"model: {out}; metrics: {kept}; curves: {picture}", soft_wrap=True)


def beside(out: Path, ending: str) -> Path:
    """Returns the path of a further file or folder of a training, next to its model."""
    return out.with_name(out.stem + ending)
