"""The price book: what every model and tool costs, and where the price is from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from ..errors import Unpriced
from . import price_file, public_prices
from .model_prices import NO_LIMIT, ModelPrice, Rate, free
from .tool_prices import ToolPrice

__all__ = ["NO_LIMIT", "ModelPrice", "PriceBook", "Rate", "ToolPrice"]

BUILT_IN = ("embedded", "gguf", "human", "replay", "scripted", "simulated")
"""Policies that cost nothing unless the prices file says otherwise."""


@dataclass(frozen=True)
class PriceBook:
    """Prices of models and tools; the first of these that knows a model wins: `models` (the
    user's own), the built-in policies (free), the data of genai-prices."""

    models: Mapping[str, ModelPrice] = field(default_factory=dict)
    tools: Mapping[str, ToolPrice] = field(default_factory=dict)
    file: Path | None = field(default=None, compare=False)
    """The prices file that it was read from."""
    _found: dict[tuple[str, bool], ModelPrice | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def load(cls, path: Path | None = None) -> PriceBook:
        """Returns the default prices under those of a prices file, where one is given.

        Raises:
            UsageError: the file cannot be read, or says something that makes no sense.
        """
        if path is None:
            return cls()
        prices = price_file.read(path)
        return cls(prices.models, prices.tools, path)

    def model(self, name: str, *, hosted: bool = False) -> ModelPrice:
        """Returns the price of the model that a model string names.

        Args:
            hosted: a server answers for it, whatever it is called, and no built-in policy.

        Raises:
            Unpriced: nothing knows its price.
        """
        known = (name, hosted)
        if known not in self._found:
            self._found[known] = self._find(name, hosted)
        price = self._found[known]
        if price is None:
            raise Unpriced("model", name)
        return price

    def tool(self, name: str) -> ToolPrice | None:
        """Returns the user's price of a tool, or None where the file has none.

        An exact name wins, then the first pattern (`search_*`) that matches.
        """
        exact = self.tools.get(name)
        if exact is not None:
            return exact
        patterns = (known for known in self.tools if "*" in known or "?" in known)
        found = next((known for known in patterns if fnmatchcase(name, known)), None)
        return None if found is None else self.tools[found]

    def _find(self, name: str, hosted: bool) -> ModelPrice | None:
        for spelling in _spellings(name):
            if spelling in self.models:
                return self.models[spelling]
        if not hosted and is_built_in(name):
            return free(name, "built in")
        return public_prices.find(_billed_as(name))


def is_built_in(name: str) -> bool:
    """Says whether a policy is called like a built-in kind, and not like a host with its port."""
    kind = re.split("[/:]", name, maxsplit=1)[0]
    return kind in BUILT_IN and not re.match(r":\d+/", name[len(kind) :])


def _spellings(name: str) -> Iterator[str]:
    """Yields the names under which a prices file may list a model, the most exact first."""
    yield name
    if (billed := _billed_as(name)) != name:
        name = billed
        yield name
    _, is_url, model = name.partition("#")
    if is_url:
        yield model
        return
    if ":" in name:
        yield name.replace(":", "/", 1)
    for mark in "/:":
        provider, has_provider, model = name.partition(mark)
        if has_provider and provider:
            yield model


def _billed_as(name: str) -> str:
    """Returns the provider and model that bill a call, whoever sends it and by whichever API."""
    name = name.removeprefix("langchain:")
    return re.sub(r"^openai-responses(?=[/:])", "openai", name)
