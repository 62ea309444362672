"""Trying steps out: on copies of a simulated world, or by calls that only read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple
from typing import Protocol, Self

from ...journal.effects import Effects
from ...ledger.errors import ToolError
from .actions import Action, LookaheadResult


class ForkableWorld(Protocol):
    """A simulated environment that can be copied, so that what is tried in a copy leaves no
    trace."""

    @property
    def solved(self) -> bool:
        """Whether the goal is reached."""

    @property
    def stuck(self) -> bool:
        """Whether it can no longer be reached."""

    def fork(self) -> Self:
        """Returns an independent copy."""

    def act(self, name: str, arguments: str) -> str:
        """Makes a tool call with arguments in JSON; returns what its tool answers.

        Raises:
            ToolError: it cannot be made.
        """


class ForkLookahead:
    """Tries every step out, each plan in a copy of the world of its own. It costs nothing.

    Args:
        world: the world as it is now; it stays as it is.
        effects: the door; what was seen is recorded there. None: there is no run around it.
    """

    def __init__(self, world: ForkableWorld, effects: Effects | None = None) -> None:
        self._worlds: dict[tuple[Action, ...], ForkableWorld] = {(): world}
        self._effects = effects

    async def look(self, path: Sequence[Action]) -> LookaheadResult:
        if self._effects is None:
            return self._tried(tuple(path))
        return LookaheadResult(
            *await self._effects.value(lambda: list(astuple(self._tried(tuple(path)))))
        )

    def _tried(self, path: tuple[Action, ...]) -> LookaheadResult:
        try:
            world = self._after(path[:-1]).fork()
            text = world.act(path[-1].name, path[-1].arguments)
        except ToolError as error:
            return LookaheadResult(f"Error: {error}", failed=True)
        self._worlds[path] = world
        return LookaheadResult(text, failed=world.stuck, solved=world.solved)

    def _after(self, path: tuple[Action, ...]) -> ForkableWorld:
        if path not in self._worlds:
            world = self._after(path[:-1]).fork()
            world.act(path[-1].name, path[-1].arguments)
            self._worlds[path] = world
        return self._worlds[path]


class ReadOnlyLookahead:
    """Tries out steps that only read; they are held, paid and booked like any other call.

    Args:
        effects: the door.
        reads: says whether the tool of a step is read-only.
    """

    def __init__(self, effects: Effects, reads: Callable[[Action], bool]) -> None:
        self._effects = effects
        self._reads = reads

    async def look(self, path: Sequence[Action]) -> LookaheadResult | None:
        action = path[-1]
        if not self._reads(action):
            return None
        (observation,) = await self._effects.call([action.call(f"look_{len(path)}")])
        return LookaheadResult(observation.text, failed=observation.error, real=True)
