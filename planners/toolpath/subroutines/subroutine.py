"""Subroutines: tool sequences that have proved themselves, tried before anything is searched for.

FaSTA* (Gupta et al. 2025, arXiv 2506.20911) keeps such rules with the condition under which they
hold, their average cost and their average quality.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import orjson

from ..trace import TraceStep

BALANCE = 1.0
"""How much cost counts against quality in a choice, from 0 (quality only) to 2 (cost only)."""


@dataclass(frozen=True, kw_only=True)
class ToolStep:
    """A tool to be called, with its arguments beside `inputs`."""

    tool: str
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    again: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """Its arguments if it fails; empty: it is not tried again."""

    @classmethod
    def of(cls, step: TraceStep) -> ToolStep:
        return cls(
            tool=step.tool, takes=step.takes, gives=step.gives, arguments=dict(step.arguments),
            again=dict(step.again),
        )  # fmt: skip

    @property
    def second(self) -> ToolStep | None:
        """The same tool with the arguments for a second try, if it has any."""
        return replace(self, arguments=self.again, again={}) if self.again else None

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def key(self) -> str:
        """The tool and its arguments as text: equal for equal moves."""
        return f"{self.tool} {orjson.dumps(self.arguments, option=orjson.OPT_SORT_KEYS).decode()}"


@dataclass(frozen=True, kw_only=True)
class Subroutine:
    """A tool made of tools, with the condition under which it pays."""

    want: str
    """What it makes."""
    takes: tuple[str, ...]
    """What has to be at hand, sorted."""
    material: str | None
    """What the work has to be done on; "" where orders name none; None: on any material."""
    moves: tuple[ToolStep, ...]
    support: int
    """Successful subtasks that went this way."""
    success: float
    """Chance that every step passes its check."""
    usd: float
    """USD that it is expected to cost, with the search that a failure calls for."""
    quality: float
    """Expected quality of what it leads to."""
    net: float
    """Percent of cost that it adds less percent of quality that it adds: below 0 it pays."""
    state: Literal["active", "retired", "deleted"] = "active"
    """`retired`: it has stopped paying; `deleted`: a person did not want it."""

    @property
    def name(self) -> str:
        """Names the moves and the condition; the same in every process."""
        return name_of(self.want, self.material, self.moves)

    @property
    def score(self) -> float:
        """The lower the better: cost^a · (2 − quality)^(2 − a), with a = `BALANCE`."""
        return float(self.usd**BALANCE * (2 - self.quality) ** (2 - BALANCE))

    def fits(self, want: str, have: Iterable[str], material: str) -> bool:
        """Says whether it is for this subtask."""
        return (
            self.state == "active"
            and self.want == want
            and self.material in (None, material)
            and set(self.takes) <= set(have)
        )


def name_of(want: str, material: str | None, moves: Iterable[ToolStep]) -> str:
    """Returns the name of the subroutine of these moves."""
    text = "\n".join((repr(material), *(move.key for move in moves)))
    return f"{want}-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"
