"""Carries out what `outlay train` learns from recorded runs, and tells how it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from ...agent import Home
from ...training.data.recorded_runs import recorded
from ...training.loop import dpo
from ...training.loop.collapse_guard import CollapseGuard
from ...training.loop.dpo import DpoConfig, DpoStep
from ...training.loop.examples import TrainingExample
from ...training.loop.metrics import Metrics, draw
from ...training.loop.offline import imitated, off_policy_examples, preferred
from ...training.loop.reference_logprobs import referred
from ...training.loop.trainer import FineTuneConfig, TrainStep, fit
from ...training.models.loading import LoadedModel, load
from ...training.objectives.loss import GSPO, LOOP, OFF_POLICY, PPO, REINFORCE, SFT, LossConfig
from ..options.training import Device, LossName
from ..render.console import console
from ..render.training_progress import TrainProgress

_LOSSES = {
    LossName.gspo: GSPO,
    LossName.loop: LOOP,
    LossName.ppo: PPO,
    LossName.reinforce: REINFORCE,
    LossName.replay: OFF_POLICY,
}
_STEPS_A_LINE = 10


@dataclass(frozen=True, kw_only=True)
class TrainRequest:
    """What every training is told."""

    model: Path
    out: Path
    rate: float
    lora: int
    device: Device | None
    seed: int
    home: Path | None


@dataclass(frozen=True, kw_only=True)
class SftRequest(TrainRequest):
    """What `sft` is told."""

    experiment: str | None
    epochs: int
    cheapest: float


@dataclass(frozen=True, kw_only=True)
class DpoRequest(TrainRequest):
    """What `dpo` is told."""

    experiment: str | None
    epochs: int
    beta: float
    cost_share: float


@dataclass(frozen=True, kw_only=True)
class RlRequest(TrainRequest):
    """What `rl` is told, of either kind."""

    loss: LossName
    entropy: float
    kl: float
    cost_share: float

    @property
    def how(self) -> LossConfig:
        """The loss with what is added to it."""
        return replace(_LOSSES[self.loss], entropy=self.entropy, kl=self.kl)


@dataclass(frozen=True, kw_only=True)
class OfflineRlRequest(RlRequest):
    """What `rl --from` is told."""

    experiment: str


def imitate(order: SftRequest, *, plain: bool) -> None:
    """Trains on right runs."""
    loaded = load(order.model, lora=order.lora, device=order.device)
    runs = recorded(Home.at(order.home).store, order.experiment)
    given = imitated(runs, loaded.trainable.tokenizer, cheapest=order.cheapest)
    plan = FineTuneConfig(how=SFT, epochs=order.epochs, rate=order.rate, seed=order.seed)
    _fit(order, loaded, given, plan, screen=console(plain))


def replay(order: OfflineRlRequest, *, plain: bool) -> None:
    """Trains off-policy on judged runs."""
    loaded = load(order.model, lora=order.lora, device=order.device)
    runs = list(recorded(Home.at(order.home).store, order.experiment))
    given = off_policy_examples(runs, loaded.trainable.tokenizer, cost_share=order.cost_share)
    plan = FineTuneConfig(how=order.how, rate=order.rate, seed=order.seed)
    if order.kl:
        given = referred(loaded.trainable, given, plan.batch_tokens)
    _fit(order, loaded, given, plan, screen=console(plain), watch=CollapseGuard())


def prefer(order: DpoRequest, *, plain: bool) -> None:
    """Trains on pairs of replies."""
    screen, metrics = console(plain), Metrics(beside(order.out, ".metrics.duckdb"))
    loaded = load(order.model, lora=order.lora, device=order.device)
    runs = list(recorded(Home.at(order.home).store, order.experiment))
    given = preferred(runs, loaded.trainable.tokenizer, cost_share=order.cost_share)
    plan = DpoConfig(beta=order.beta, epochs=order.epochs, rate=order.rate, seed=order.seed)
    with TrainProgress(screen, "step", every=_STEPS_A_LINE) as going:

        def told(step: DpoStep) -> None:
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
    order: TrainRequest,
    loaded: LoadedModel,
    given: Sequence[TrainingExample],
    plan: FineTuneConfig,
    *,
    screen: Console,
    watch: CollapseGuard | None = None,
) -> None:
    metrics = Metrics(beside(order.out, ".metrics.duckdb"))
    with TrainProgress(screen, "step", every=_STEPS_A_LINE) as going:

        def told(step: TrainStep) -> None:
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
