"""A game as a world: four tools that combine two numbers. It can be forked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ....journal.arguments import MalformedArguments, read_arguments
from ....ledger.errors import ToolError
from ....tools import Tool, tool
from .board import Board

DESCRIPTIONS = {
    "add": "Replaces two of the numbers that are left by their sum a + b.",
    "subtract": "Replaces two of the numbers that are left by their difference a - b.",
    "multiply": "Replaces two of the numbers that are left by their product a * b.",
    "divide": "Replaces two of the numbers that are left by their quotient a / b.",
}


class Game24World:
    """One game. A move cannot be taken back, so its tools are not read-only."""

    def __init__(self, board: Board) -> None:
        self.board = board

    @property
    def solved(self) -> bool:
        return self.board.solved

    @property
    def stuck(self) -> bool:
        """Whether one number is left that is not 24."""
        return len(self.board.numbers) == 1 and not self.solved

    def fork(self) -> Game24World:
        """Returns an independent copy."""
        return Game24World(self.board)

    def act(self, name: str, arguments: str) -> str:
        """Makes the move of a tool call with arguments in JSON; returns what is left.

        Raises:
            ToolError: it cannot be made.
        """
        a, b = pair(arguments)
        return self.combine(name, a, b)

    def combine(self, name: str, a: str, b: str) -> str:
        """Makes a move; returns what is left."""
        self.board = self.board.after(name, a, b)
        return str(self.board)

    def tools(self) -> Sequence[Tool]:
        """Returns the tools `add`, `subtract`, `multiply` and `divide`; they cost nothing."""
        return [self._tool(name) for name in DESCRIPTIONS]

    def _tool(self, name: str) -> Tool:
        def move(a: str, b: str) -> str:
            return self.combine(name, a, b)

        move.__doc__ = f"""{DESCRIPTIONS[name]}

        Args:
            a: one of the numbers that are left, such as 8 or 8/3.
            b: another one of them.
        """
        made: Callable[[Callable[..., str]], Tool] = tool(name=name, price=0, inline=True)
        return made(move)


def pair(arguments: str) -> tuple[str, str]:
    """Returns the two numbers of a tool call.

    Raises:
        ToolError: the JSON has no `a` and `b`.
    """
    try:
        read = read_arguments(arguments)
        return str(read["a"]), str(read["b"])
    except (MalformedArguments, KeyError) as error:
        raise ToolError(f"the arguments need a and b, not {arguments[:80]}") from error
