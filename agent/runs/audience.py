"""Who hears a run, and who hears its sub-agents."""

from __future__ import annotations

from dataclasses import dataclass

from ...journal.listeners import Listener, Listeners
from ..config import AgentConfig


@dataclass(frozen=True)
class Audience:
    """The listeners of one run."""

    run: Listeners
    """Those of its home, of its agent, of the agents above it, and its own one."""
    below: Listeners
    """Those of its agent and of the agents above it: they hear its sub-agents too."""

    @classmethod
    def of(cls, parts: AgentConfig, listen: Listener | Listeners | None) -> Audience:
        """Returns who hears a run of an agent.

        Args:
            listen: who hears this run beside: a listener this one alone, a group its sub-agents
                too.
        """
        above = (listen,) if isinstance(listen, Listeners) else ()
        alone = () if listen is None or isinstance(listen, Listeners) else (listen,)
        below = Listeners(beside=(parts.listeners, *above))
        return cls(Listeners(alone, beside=(below, parts.home.listeners)), below)
