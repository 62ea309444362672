"""Where a reinforcement stands between its rounds: after a crash it goes on as it would have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...journal.store.store import Store
from ..data.recorded_runs import rollouts
from . import checkpoint
from .checkpoint import Checkpoint
from .reinforce import Learner


@dataclass(frozen=True, kw_only=True)
class RoundCheckpoint:
    """The rounds that are done. What they cost stands in the journal, under the experiment."""

    experiment: str
    done: int = 0

    def save(self, folder: Path, learner: Learner, *, plan: str) -> None:
        """Keeps them with all that the learner has in memory, in place of what was there.

        Args:
            plan: what is trained how, as text: rounds go on only as they began.

        Raises:
            UsageError: they cannot be written.
        """
        state = Checkpoint(
            step=self.done, plan=plan, module=learner.model.module.state_dict(),
            optimiser=learner.optimiser.state_dict(),
            notes={"experiment": self.experiment, **learner.notes()},
        )  # fmt: skip
        checkpoint.save(folder, state)

    @classmethod
    def load(
        cls, folder: Path, learner: Learner, *, plan: str, store: Store
    ) -> RoundCheckpoint | None:
        """Gives a learner back what was kept, or returns None where there is nothing.

        Args:
            store: has the runs that may be replayed.

        Raises:
            UsageError: what was kept is broken, or of another plan.
            JournalError: the store cannot be loaded.
        """
        found = checkpoint.load(folder, plan)
        if found is None:
            return None
        learner.model.module.load_state_dict(found.module)
        learner.optimiser.load_state_dict(found.optimiser)
        learner.recall(found.notes, lambda runs: rollouts(store, runs))
        return cls(experiment=found.notes["experiment"], done=found.step)
