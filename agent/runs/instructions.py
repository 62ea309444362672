"""What an agent tells its policy beside the task, in the versions of prompts of the run at hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...journal.effects import Allowance
from ...journal.loop_versions import KEPT_ON_DEMAND, NEWEST
from ...journal.prompt_files import PromptVersions, prompt_versions, versions_of
from ...memory import prompts as memory_prompts
from ...planners import prompts as planner_prompts
from ..config import AgentConfig


class Instructions:
    """The system message of a run, its prompts by purpose, and what is kept back for later ones.

    Args:
        config: what the agent is made of.
        versions: those that the run's record names; None in a new run: the newest ones.
        loop: the version of the loop by which the run goes.
    """

    def __init__(
        self, config: AgentConfig, versions: PromptVersions | None = None, loop: int = NEWEST
    ) -> None:
        planner, memory = config.planner, config.memory
        with prompt_versions(versions):
            told = (planner.system, memory.system, config.options.system)
            labels = {**planner.versions, **memory.versions}
            system = ",".join(filter(None, (planner.versions[""], memory.versions[""])))
            kept = planner.kept(config.options.wrap_up_tokens)
        if loop < KEPT_ON_DEMAND:
            kept = tuple(replace(each, on_demand=False) for each in kept)
        self.kept: tuple[Allowance, ...] = kept
        self.system = "\n\n".join(filter(None, told))
        self.labels: dict[str, str] = {**labels, "": system}
        """The prompts of each purpose with their versions, the memory's among them."""
        self._versions = versions

    def record(self) -> dict[str, Any]:
        """Returns what is recorded of the prompts: see `versions_of`."""
        prompts = {"prompts": self.labels}
        known = self._versions
        if known is None:
            known = {**planner_prompts.FILES.changed(), **memory_prompts.FILES.changed()}
        named = versions_of(prompts)
        others = {name: version for name, version in known.items() if name not in named}
        return {**prompts, **({"other_prompts": others} if others else {})}
