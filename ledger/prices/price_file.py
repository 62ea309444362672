"""Reads a prices file: TOML with `[models."NAME"]` and `[tools.NAME]` tables, each key checked."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..usage import CLASSES
from .model_prices import ModelPrice, Rate
from .tool_prices import ToolPrice

_MODEL_KEYS = (*CLASSES, "call", "second", "tiers")
_TOOL_KEYS = ("call", "per")
_MILLIONTHS = 6
_PICOS = 12
_DEAREST = Decimal(10**9)


@dataclass(frozen=True)
class PriceFile:
    """The prices of one file by name."""

    models: dict[str, ModelPrice]
    tools: dict[str, ToolPrice]


def read(path: Path) -> PriceFile:
    """Returns the prices of a file.

    Raises:
        UsageError: names the file, the key and what is expected there.
    """
    try:
        data = path.read_bytes()
        tables = tomllib.loads(data.decode(), parse_float=Decimal)
    except OSError as error:
        raise UsageError(f"prices file {path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"prices file {path} is not TOML: {error}") from error
    source = f"{path.name} sha256:{hashlib.sha256(data).hexdigest()[:8]}"
    return _PriceFileParser(path, source).read(tables)


@dataclass(frozen=True)
class _PriceFileParser:
    path: Path
    source: str

    def read(self, tables: dict[str, Any]) -> PriceFile:
        self._check_keys("", tables, ("models", "tools"))
        models = self._table("models", tables.get("models", {}))
        tools = self._table("tools", tables.get("tools", {}))
        return PriceFile(
            {name: self._model(name, entry) for name, entry in models.items()},
            {name: self._tool(name, entry) for name, entry in tools.items()},
        )

    def _model(self, name: str, entry: Any) -> ModelPrice:
        where = f'models."{name}"'
        keys = self._table(where, entry)
        self._check_keys(where, keys, _MODEL_KEYS)
        if not keys:
            raise self._wrong(where, "is empty: give `input` and `output`, or `second`, or `call`")
        if ("input" in keys) != ("output" in keys):
            missing = "output" if "input" in keys else "input"
            raise self._wrong(where, f"has no `{missing}`: give USD per million tokens (0 if free)")
        if "input" not in keys and (tokens := sorted(keys.keys() - {"call", "second"})):
            raise self._wrong(f"{where}.{tokens[0]}", "needs `input` and `output` beside it")
        return ModelPrice(
            name,
            source=self.source,
            per_call=self._usd(f"{where}.call", keys.get("call", 0), _PICOS),
            per_second=self._usd(f"{where}.second", keys.get("second", 0), _PICOS),
            **self._rates(where, keys),
        )

    def _rates(self, where: str, keys: dict[str, Any]) -> dict[str, Rate]:
        base = self._classes(where, {"input": 0, "output": 0, **keys})
        steps: dict[int, dict[str, Decimal]] = {}
        tiers = keys.get("tiers", [])
        if not isinstance(tiers, list):
            raise self._wrong(f"{where}.tiers", "must be a list of { above, input, output }")
        for place, tier in enumerate(tiers):
            at = f"{where}.tiers[{place}]"
            self._check_keys(at, self._table(at, tier), ("above", *CLASSES))
            above = tier.get("above")
            if type(above) is not int or above < 0:
                raise self._wrong(f"{at}.above", "must be a whole number of prompt tokens")
            if above in steps:
                raise self._wrong(f"{at}.above", f"names {above} a second time")
            if "input" not in tier or "output" not in tier:
                raise self._wrong(at, "must name both `input` and `output`")
            steps[above] = self._classes(at, tier)
        return {
            name: Rate(base[name], tuple((above, steps[above][name]) for above in sorted(steps)))
            for name in CLASSES
        }

    def _classes(self, where: str, keys: dict[str, Any]) -> dict[str, Decimal]:
        keys = {"cache_write": keys["input"], **keys}
        fallback = {
            "cache_read": "input", "cache_write_1h": "cache_write", "reasoning": "output",
        }  # fmt: skip
        values = {name: keys.get(name, keys.get(fallback.get(name, name))) for name in CLASSES}
        return {
            name: self._usd(f"{where}.{name}", value, _MILLIONTHS) for name, value in values.items()
        }

    def _tool(self, name: str, entry: Any) -> ToolPrice:
        where = f"tools.{name}"
        keys = self._table(where, entry)
        self._check_keys(where, keys, _TOOL_KEYS)
        if not keys:
            raise self._wrong(where, "is empty: give `call`, USD for each call (0 if free)")
        per = self._table(f"{where}.per", keys.get("per", {}))
        return ToolPrice(
            name,
            self.source,
            self._usd(f"{where}.call", keys.get("call", 0), _PICOS),
            {
                argument: self._usd(f"{where}.per.{argument}", price, _PICOS)
                for argument, price in per.items()
            },
        )

    def _usd(self, where: str, value: Any, decimals: int) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self._wrong(where, f"must be a number of USD, not {value!r}")
        usd = Decimal(value)
        if not usd.is_finite() or not 0 <= usd <= _DEAREST:
            raise self._wrong(where, f"must be between 0 and 1e9 USD, not {value}")
        step = usd.normalize().as_tuple().exponent
        if isinstance(step, int) and step < -decimals:
            raise self._wrong(where, f"has more than {decimals} decimals: {value}")
        return usd

    def _table(self, where: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(where, f"must be a table of keys, not {value!r}")
        return value

    def _check_keys(self, where: str, keys: dict[str, Any], known: tuple[str, ...]) -> None:
        for key in keys:
            if key not in known:
                raise self._wrong(
                    f"{where}.{key}".lstrip("."), f"is unknown: known here are {', '.join(known)}"
                )

    def _wrong(self, where: str, what: str) -> UsageError:
        return UsageError(f"prices file {self.path}: `{where}` {what}")
