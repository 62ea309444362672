"""Where a reinforcement stands between its rounds, so that it can go on after a crash."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path

from ..ledger.errors import UsageError
from .reinforce import Known


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """The rounds that are done. What they cost stands in the journal, under the experiment."""

    plan: str
    """What is trained how, as text: rounds go on only as they began."""
    experiment: str
    done: int = 0
    known: Mapping[str, Known] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Writes them in place of what was there, whole or not at all.

        Raises:
            UsageError: they cannot be written.
        """
        tasks = {
            name: [known.solved, known.tried, str(known.usd)] for name, known in self.known.items()
        }
        part = path.with_name(f"{path.name}.part")
        try:
            part.write_text(json.dumps(asdict(self) | {"known": tasks}), encoding="utf-8")
            part.replace(path)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from error

    @classmethod
    def load(cls, path: Path, plan: str) -> Rounds | None:
        """Reads what was saved, or returns None where there is nothing.

        Successes to be replayed are not kept.

        Raises:
            UsageError: the file is broken, or of another plan.
        """
        if not path.exists():
            return None
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            known = {
                name: Known(solved=solved, tried=tried, usd=Decimal(usd))
                for name, (solved, tried, usd) in data.pop("known").items()
            }
            found = cls(**data, known=known)
        except (OSError, ValueError, TypeError, KeyError, ArithmeticError) as error:
            raise UsageError(
                f"{path} cannot be read ({error}): move it away to begin anew"
            ) from error
        if found.plan != plan:
            raise UsageError(
                f"{path} is of another training ({found.plan}): give another --out, or the same "
                "options"
            )
        return found
