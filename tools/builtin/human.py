"""`ask_human` and `think`: a person's attention, which has a price, and thought, which has none."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Awaitable, Callable
from decimal import Decimal

from ...journal.foreign_text import quoted
from ...journal.notices import DeniedCall, Notice
from ..context import ToolContext
from ..functions.tool import Price, tool
from ..invocation import Invocation
from ..protocol import Tool, Wrapper

ATTENTION = Decimal("0.50")
"""USD for one question: a minute of a person whose hour costs 30 USD."""

TIMEOUT = 3_600.0
"""Seconds that a person has to answer."""

ANSWER = 4_000
"""Characters of an answer that the policy sees."""

Ask = Callable[[str], str | Awaitable[str]]
"""Puts a question to a person and returns the answer."""


def ask_human(
    ask: Ask | None = None, *, price: Price = ATTENTION, timeout: float = TIMEOUT
) -> Tool:
    """Returns the tool `ask_human`. Questions are put one after another.

    Args:
        ask: puts a question to a person; sync (in a thread) or async. None asks at the terminal.
        price: USD for a question: what a person's attention is worth.
        timeout: seconds that the person has to answer.
    """
    put = ask or _at_the_terminal
    decorate = tool(price=price, timeout=timeout, max_chars=ANSWER, name="ask_human")
    asked = decorate(_asking(put))
    one_by_one = dataclasses.replace(asked, concurrency=1)
    return _AtTheTerminal(one_by_one) if ask is None else one_by_one


class _AtTheTerminal(Wrapper):
    """Nobody's attention is paid for where nobody can be asked."""

    async def admit(self, call: Invocation, context: ToolContext) -> Notice | None:
        if not (sys.stdin and sys.stdin.isatty()):
            why = "nobody can be asked, for there is no terminal"
            return DeniedCall(tool=self.spec.name, why=why)
        return await self.inner.admit(call, context)


@tool(price=Decimal(0), read_only=True, inline=True)
def think(thought: str) -> str:
    """Takes down a thought. It changes nothing and costs nothing; use it to plan or to check.

    Args:
        thought: what you think.
    """
    return "noted"


def _asking(put: Ask) -> Callable[[str], str | Awaitable[str]]:
    def ask_human(question: str) -> str | Awaitable[str]:
        """Asks a person. It costs their time: ask only what you cannot find out yourself.

        Args:
            question: one clear question that can be understood without the task at hand.
        """
        answer = put(question)
        return _awaited(answer) if inspect.isawaitable(answer) else _answer(answer)

    return ask_human


async def _awaited(answer: Awaitable[str]) -> str:
    return _answer(await answer)


def _answer(answer: object) -> str:
    return str(answer or "").strip() or "(the person gave no answer)"


def _at_the_terminal(question: str) -> str:
    print(f"\n{quoted(question)}", file=sys.stderr)
    print("> ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline()
