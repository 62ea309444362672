"""What the agent's tests share: agents over the loopback server, the book on the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from raw_server import RawServer

from outlay.agent import Agent, Home, Result, RunRecord
from outlay.journal.events import Event
from outlay.ledger.amount import ZERO, Amount
from outlay.policies import Endpoint
from outlay.testing import LoopbackServer
from outlay.tools import Tool, tool

INPUT = Decimal("0.000001")
"""USD for a prompt token."""
OUTPUT = Decimal("0.00001")
"""USD for a completion token."""


class JournalFiles:
    """The journals of a home as they lie on the disk, read without the store."""

    def __init__(self, home: Path) -> None:
        self._journals = home / "journals"

    def events(self, *kinds: str, run: str | None = None) -> list[Event]:
        """Returns the events of these kinds (all: none named), of one run or of every run."""
        lines = [
            orjson.loads(line)
            for path in sorted(self._journals.glob("*.jsonl"))
            for line in path.read_bytes().split(b"\n")[:-1]
        ]
        found = [Event.from_dict(data) for data in lines if data["kind"] != "journal"]
        return [
            event
            for event in sorted(found, key=lambda event: (event.run, event.seq))
            if (not kinds or event.kind in kinds) and run in (None, event.run)
        ]

    @property
    def runs(self) -> list[str]:
        return list(dict.fromkeys(event.run for event in self.events()))

    @property
    def model_holds(self) -> list[Event]:
        return [event for event in self.events("hold") if event.body["call"] == "model"]

    @property
    def replies(self) -> set[str]:
        """The ids of the replies that are settled with their text."""
        settled = (event.body.get("reply") for event in self.events("settle"))
        return {reply["response_id"] for reply in settled if reply}

    @property
    def spent(self) -> Amount:
        """What all runs have spent."""
        return sum((RunRecord.of(self.events(run=run)).spent for run in self.runs), ZERO)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "home"
    yield path
    Home.at(path).close()


@pytest.fixture
def book(home: Path) -> JournalFiles:
    return JournalFiles(home)


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text('[models."priced"]\ninput = 1\noutput = 10\n')
    return path


@pytest.fixture
def agent_for(server: LoopbackServer, home: Path, prices: Path) -> Callable[..., Agent]:
    """Builds agents whose model is behind the loopback server.

    `model` is the server's name for it, `endpoint` the options of the endpoint.
    """

    def build(model: str = "m", endpoint: dict[str, Any] | None = None, **options: Any) -> Agent:
        options.setdefault("tools", [lookup])
        policy = Endpoint(
            model, base_url=server.url, name="priced", **{"timeout": 5.0, **(endpoint or {})}
        )
        return Agent(model=policy, home=home, prices=prices, **options)

    return build


@pytest.fixture
def ask(home: Path, prices: Path) -> Callable[..., Any]:
    """Asks a raw server once."""

    async def asked(raw: RawServer, *, stream: bool = True, **options: Any) -> Result:
        policy = Endpoint("m", base_url=raw.url, stream=stream, name="priced", **options)
        return await Agent(model=policy, budget="usd=1", home=home, prices=prices).run("What?")

    return asked


@pytest.fixture
def served_usd(server: LoopbackServer) -> Callable[[], Decimal]:
    """Returns what the server says that it served, at its prices."""
    served = server.served
    return lambda: served.prompt_tokens * INPUT + served.completion_tokens * OUTPUT


@tool(price=0, read_only=True, inline=True)
def lookup(query: str) -> str:
    """Looks a thing up.

    Args:
        query: what to look for.
    """
    return f"found {query}"


@pytest.fixture(name="lookup")
def lookup_fixture() -> Tool:
    return lookup
