"""A little shop: typed tools that behave as told, and agents over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent, Home
from outlay.planners.toolpath import Product, ToolAbility, catalogue, toolpath
from outlay.policies import ScriptedPolicy
from outlay.tools import Tool, ToolContext, tool

ORDER = "You have: log (log-1).\nMake, one after the other: board, chair."


class TypedToolShop:
    """Typed tools; `broken` has the tools, or (tool, care), that make nothing.

    Attributes:
        calls: every call that came, as (tool, care).
    """

    def __init__(self, broken: set[Any] | None = None, **quality: float) -> None:
        self.broken = broken or set()
        self.quality = quality
        self.calls: list[tuple[str, str]] = []
        self.hook: Callable[[], None] = lambda: None
        """Is called with every call."""
        self.real: dict[str, Decimal] = {}
        """Prices that differ from what the catalogue tells."""
        self.abilities = {
            "axe": self._ability("log", "board", "0.001"),
            "saw": self._ability("log", "board", "0.003"),
            "mill": self._ability("log", "board", "0.009"),
            "nail": self._ability("board", "frame", "0.002"),
            "finish": self._ability("frame", "chair", "0.002"),
            "carve": self._ability("board", "chair", "0.008"),
        }

    def tools(self, **options: Any) -> list[Tool]:
        listed = catalogue(self.abilities, **options)
        return [listed, *(self._tool(name) for name in self.abilities)]

    def _ability(self, takes: str, gives: str, usd: str) -> ToolAbility:
        return ToolAbility(
            takes=(takes,), gives=(gives,), usd=Decimal(usd), seconds=1, quality=0.9,
            success=0.9, arguments={"care": "low"}, again={"care": "high"},
        )  # fmt: skip

    def _tool(self, name: str) -> Tool:
        ability = self.abilities[name]
        usd = self.real.get(name, ability.usd or Decimal(0))

        @tool(name=name, price=usd, read_only=True, inline=True)
        def make(inputs: list[str], care: str, context: ToolContext) -> Product:
            """Makes something.

            Args:
                inputs: handles.
                care: how much.
            """
            self.calls.append((name, care))
            self.hook()
            assert [handle.partition("-")[0] for handle in inputs] == list(ability.takes)
            if name in self.broken or (name, care) in self.broken:
                return Product(usd=usd, seconds=1.0, why="it broke")
            made = {given: f"{given}-{name}" for given in ability.gives}
            return Product(made=made, quality=self.quality.get(name, 0.9), usd=usd, seconds=1.0)

        return make


Make = Callable[..., Agent]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "home"
    yield path
    Home.at(path).close()


@pytest.fixture
def agent(home: Path) -> Make:
    """Makes an agent of a shop; options are the planner's, but for `budget` and `tools`."""

    def make(shop: TypedToolShop, budget: str = "tool_calls=99", **options: Any) -> Agent:
        tools = options.pop("tools", None) or shop.tools()
        return Agent(
            model=ScriptedPolicy([]),
            tools=tools,
            planner=toolpath(**options),
            budget=budget,
            home=home,
        )

    return make
