"""What concurrent runs that share a cap spend above it, by the server's own count.

Each run asks with 100 words and is answered with 1,000 after 100 ms; tokens are words.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....agent import Agent
from ....ledger.account import Account
from ....ledger.budget import Budget
from ....ledger.errors import BudgetError
from ....policies import Endpoint
from .asking import Server, serving, told_by
from .environments import Peer
from .errors import PeerFailed
from .scripts.stage import LONG, TOKENS
from .turns import OURS

MODEL = "words"
_REPLY = {"words": 1_000, "wait": 0.1}
_TRIES = 2
"""Replies planned for each run; one that runs short may ask again, for less."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What runs that shared a cap were billed."""

    peer: str
    cap: str
    """What the peer calls it, with amount and unit; empty where it has none to share."""
    amount: int = 0
    billed: int = 0
    answers: int = 0
    """Runs that ended with an answer."""

    @property
    def above(self) -> int:
        return max(self.billed - self.amount, 0)


def spent_at_cap(peer: Peer, runs: int) -> Spent:
    """Returns what the peer's runs spent against a server of their own.

    Raises:
        PeerFailed: its script fails, or none of its calls arrives.
    """
    with serving() as server:
        server.plan([_REPLY] * (_TRIES * runs))
        told = told_by(
            peer, f"--url={server.url}", f"--model={MODEL}", f"--agents={runs}", "--at-cap"
        )
        if "cap" in told and not server.served()["replies"]:
            raise PeerFailed(peer.name, "at its cap", f"nothing was billed: {told['errors']}")
        return _spent(f"{peer.name} {told['version']}", told, server)


def own_spent_at_cap(runs: int) -> Spent:
    """Returns the same of outlay's runs."""
    with serving() as server, tempfile.TemporaryDirectory(prefix="outlay-cap-") as folder:
        server.plan([_REPLY] * (_TRIES * runs))
        answers = asyncio.run(_own_answers(server.url, Path(folder), runs))
        told = {
            "cap": "tokens of a shared account",
            "unit": "tokens",
            "amount": TOKENS,
            "answers": answers,
        }
        return _spent(OURS, told, server)


def table(spent: Sequence[Spent], runs: int) -> str:
    """Returns the rows as text."""
    return "\n".join(_lines(spent, runs))


async def _own_answers(url: str, folder: Path, runs: int) -> int:
    account = Account(Budget(tokens=TOKENS), name="the cap")
    agent = Agent(model=Endpoint(MODEL, base_url=url, api_key="none"), budget=Budget(), home=folder)
    ends = await asyncio.gather(
        *(agent.run(LONG, account=account) for _ in range(runs)), return_exceptions=True
    )
    await agent.close()
    agent.home.close()
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, BudgetError):
            raise end
    return sum(not isinstance(end, BaseException) and bool(end.answer) for end in ends)


def _spent(peer: str, told: dict[str, Any], server: Server) -> Spent:
    if "cap" not in told:
        return Spent(peer=peer, cap="")
    served = server.served()
    tokens = served["prompt_tokens"] + served["completion_tokens"]
    return Spent(
        peer=peer,
        cap=f"{told['amount']:,} {told['unit']}: {told['cap']}",
        amount=told["amount"],
        billed=served["replies"] if told["unit"] == "calls" else tokens,
        answers=told["answers"],
    )


def _lines(spent: Sequence[Spent], runs: int) -> Iterator[str]:
    yield f"\n{runs} runs at once under one cap, as the server billed them"
    yield f"{'peer':<28}{'billed':>8}{'above':>8}{'answers':>9}  cap"
    for row in spent:
        if row.cap:
            yield f"{row.peer:<28}{row.billed:>8,}{row.above:>8,}{row.answers:>9}  {row.cap}"
        else:
            yield f"{row.peer:<28}{'-':>8}{'-':>8}{'-':>9}  none that runs can share"
