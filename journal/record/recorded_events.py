"""The events of a run that are no calls, as values: its start and end, what stood in its way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ...ledger.amount import ZERO, Amount, Quantity
from ...ledger.budget import Budget
from ...ledger.resources import recorded_quantity
from ..codec import budget_from, refusal_from
from ..events import Event
from ..notices import Notice


@dataclass(frozen=True, kw_only=True)
class ForkPoint:
    """Where a run was forked from another."""

    run: str
    step: int
    """From 0."""
    spent: Amount
    """What the way up to there had cost."""


@dataclass(frozen=True, kw_only=True)
class RecordedStart:
    """How a run began."""

    run: str
    task: str
    task_id: str | None
    experiment: str | None
    planner: str
    memory: str
    model: str
    seed: int
    """0 where none was given."""
    repeat: int
    budget: Budget
    agent: Mapping[str, Any]
    """What else is known of the agent: its tools, prompts and options, an experiment's plan."""
    fork: ForkPoint | None
    """None for a run that was not forked."""
    pruned: float | None
    """When its texts were emptied, in seconds since 1970, or None."""

    @classmethod
    def of(cls, event: Event) -> RecordedStart:
        """Returns what a `run_started` says."""
        body = event.body
        texts = {name: str(body.get(name) or "") for name in ("task", "planner", "memory", "model")}
        return cls(
            run=event.run, **texts, task_id=body.get("task_id"), experiment=body.get("experiment"),
            seed=body.get("seed") or 0, repeat=body.get("repeat") or 0,
            budget=budget_from(body.get("budget") or {}), agent=body.get("agent") or {},
            fork=_fork(body.get("fork")), pruned=body.get("pruned"),
        )  # fmt: skip

    @property
    def group(self) -> str:
        """The task's id, or its text where it has none: the same for runs at the same task."""
        return self.task_id or self.task


@dataclass(frozen=True, kw_only=True)
class RecordedResume:
    """Where a run was gone on with, or went back."""

    mode: str
    """`cumulative`, `per_invocation` or `rewind`."""
    added: Budget | None
    added_limits: Mapping[str, Any]
    """The same, by resource name as it was written."""
    cut: int | None
    """Seq of the first event that was cut off, or None."""

    @classmethod
    def of(cls, event: Event) -> RecordedResume:
        """Returns what a `run_resumed` says."""
        limits = event.body.get("add") or {}
        return cls(
            mode=event.body["mode"], added=budget_from(limits) if limits else None,
            added_limits=limits, cut=event.body.get("cut"),
        )  # fmt: skip


_REASONS = {"budget_exhausted": "budget", "failed": "error"}


@dataclass(frozen=True, kw_only=True)
class RecordedEnd:
    """How a run ended."""

    status: str
    """`answered`, `budget_exhausted`, `failed` or `cancelled`."""
    answer: str | None
    why: str
    reason: str
    """What ended it, as one of a few words; of an older run the reason of its status."""

    @classmethod
    def of(cls, event: Event) -> RecordedEnd:
        """Returns what a `run_ended` says."""
        body = event.body
        status = str(body["status"])
        return cls(
            status=status, answer=body.get("answer"), why=body.get("why") or "",
            reason=body.get("reason") or _REASONS.get(status, status),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RecordedScore:
    """A suite's judgement of a run."""

    score: float
    success: bool
    metrics: Mapping[str, float]

    @classmethod
    def of(cls, event: Event) -> RecordedScore:
        """Returns what a `scored` says."""
        body = event.body
        return cls(
            score=body["score"], success=bool(body.get("success")), metrics=body.get("metrics", {})
        )


@dataclass(frozen=True, kw_only=True)
class RecordedRefusal:
    """A call for which no hold could be taken."""

    call: Literal["model", "tool"]
    name: str
    node: str
    resource: str
    why: str
    hash: str | None
    """Of the request of a policy call, else None."""
    input_tokens: int | None
    """The bound on the prompt's tokens, where that decided."""
    arguments: str
    """Of a tool call, as the policy wrote them."""
    notice: Notice | None
    """What the policy was told of a tool call, as a value."""

    @classmethod
    def of(cls, event: Event) -> RecordedRefusal:
        """Returns what a `refused` says."""
        body = event.body
        return cls(
            call=body["call"], name=str(body["name"]), node=str(body.get("node") or ""),
            resource=body["resource"], why=body["why"], hash=body.get("hash"),
            input_tokens=body.get("input_tokens"), arguments=body.get("arguments", ""),
            notice=refusal_from(event).notice if body["call"] == "tool" else None,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RecordedOverrun:
    """A bill above its hold."""

    resource: str
    held: Quantity | str
    billed: Quantity | str

    @classmethod
    def of(cls, event: Event) -> RecordedOverrun:
        """Returns what an `overrun` says."""
        body = event.body
        return cls(resource=body["resource"], held=body["held"], billed=body["billed"])


@dataclass(frozen=True, kw_only=True)
class RecordedWithdrawal:
    """A tool that is used up and no longer offered."""

    tool: str

    @classmethod
    def of(cls, event: Event) -> RecordedWithdrawal:
        """Returns what a `withdrawn` says."""
        return cls(tool=event.body["name"])


def value_from(event: Event) -> Any:
    """Returns the JSON value of a `value` event, or None for any other."""
    return event.body.get("value") if event.kind == "value" else None


def void_spans(ordered: Iterable[Event]) -> list[range]:
    """Returns the spans of seq that were cut off when the run was resumed or went back."""
    cuts = ((e, RecordedResume.of(e).cut) for e in ordered if e.kind == "run_resumed")
    return [range(cut, event.seq) for event, cut in cuts if cut is not None]


def text_from(event: Event) -> str:
    """Returns the piece of a reply that a `text` event brings."""
    return str(event.body["text"])


def _fork(body: Mapping[str, Any] | None) -> ForkPoint | None:
    if body is None:
        return None
    spent = {name: recorded_quantity(name, value) for name, value in body.get("spent", {}).items()}
    return ForkPoint(run=body["run"], step=body["step"], spent=Amount(spent) if spent else ZERO)
