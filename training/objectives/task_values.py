"""What success each task is expected to have, kept in DuckDB: a baseline without groups.

SPO (2509.13232): one Beta distribution for each task, that forgets the faster the more the policy
has changed since the task was last tried.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ...ledger.errors import UsageError

_HALVES_AT = 0.06
"""Mean difference of log-probabilities at which half of what is known is forgotten."""
_LEAST_KEPT, _MOST_KEPT = 0.875, 0.96
_FIRST_WEIGHT = 1 / (1 - _LEAST_KEPT)
"""Samples that the first estimate counts as: 8."""
_FLOOR = 0.05

_TABLE = """
create table if not exists tracker (
    task varchar primary key, successes double not null, failures double not null
)
"""
_PUT = "insert or replace into tracker select unnest($tasks), unnest($alphas), unnest($betas)"


@dataclass(frozen=True, kw_only=True)
class SuccessBelief:
    """A Beta distribution of one task's success."""

    successes: float = 0.5
    failures: float = 0.5

    @classmethod
    def first(cls, rewards: Sequence[float]) -> SuccessBelief:
        """Returns what a first batch of samples tells, with the weight of 8 of them."""
        share = (sum(rewards) + 0.5) / (len(rewards) + 1)
        if not rewards:
            return cls()
        return cls(successes=_FIRST_WEIGHT * share, failures=_FIRST_WEIGHT * (1 - share))

    @property
    def value(self) -> float:
        """The expected success."""
        return self.successes / (self.successes + self.failures)

    @property
    def weight(self) -> float:
        """How often the task is worth trying: sqrt(v (1 - v)) + 0.05."""
        return math.sqrt(self.value * (1 - self.value)) + _FLOOR

    def updated(self, reward: float, *, distance: float) -> SuccessBelief:
        """Returns the belief after one more sample.

        Args:
            reward: the success, from 0 to 1.
            distance: mean of |log pi_then - log pi_now| over the tokens of the task's last sample.

        Raises:
            UsageError: the reward is not from 0 to 1.
        """
        if not 0 <= reward <= 1:
            raise UsageError(
                f"the tracker takes successes from 0 to 1, not {reward}: "
                "keep the cost in the reward, and out of the tracker"
            )
        kept = min(max(2 ** (-distance / _HALVES_AT), _LEAST_KEPT), _MOST_KEPT)
        return SuccessBelief(
            successes=kept * self.successes + reward, failures=kept * self.failures + (1 - reward)
        )


class BeliefStore:
    """The beliefs of all tasks, in a DuckDB file that is open only while it is read or written.

    Args:
        path: the file; it is made at the first write.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def beliefs(self, tasks: Iterable[str]) -> dict[str, SuccessBelief]:
        """Returns the belief of each task; one that was never tried has the uniform one."""
        known = self._read()
        return {task: known.get(task, SuccessBelief()) for task in tasks}

    def values(self, tasks: Iterable[str]) -> dict[str, float]:
        """Returns the expected success of each task."""
        return {task: belief.value for task, belief in self.beliefs(tasks).items()}

    def put(self, beliefs: Mapping[str, SuccessBelief]) -> None:
        """Writes beliefs in place of what there was of their tasks."""
        if not beliefs:
            return
        columns = {
            "tasks": list(beliefs),
            "alphas": [belief.successes for belief in beliefs.values()],
            "betas": [belief.failures for belief in beliefs.values()],
        }
        with closing(self._open()) as database:
            database.execute(_TABLE)
            database.execute(_PUT, columns)

    def _read(self) -> dict[str, SuccessBelief]:
        if not self._path.exists():
            return {}
        with closing(self._open(read_only=True)) as database:
            found = database.execute("select task, successes, failures from tracker").fetchall()
        return {task: SuccessBelief(successes=yes, failures=no) for task, yes, no in found}

    def _open(self, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
        try:
            return duckdb.connect(str(self._path), read_only=read_only)
        except duckdb.Error as error:
            raise UsageError(f"{self._path} is no tracker that can be opened: {error}") from error
