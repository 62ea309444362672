"""What a policy call costs: rates per token class, tiers, and their upper bound, all exact.

Rates are USD per million tokens with at most six decimals, so one token costs a whole number of
picodollars (1e-12 USD) and every sum here is integer arithmetic.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from decimal import ROUND_CEILING, Context, Decimal
from functools import cached_property

from ..errors import UsageError
from ..usage import CLASSES, INPUT_CLASSES, Usage

NO_LIMIT = sys.maxsize
"""The answer of `most_output` where output tokens are free."""

_PICO = 10**12
_EXACT = Context(prec=400)
_WHOLE_RICHES = Decimal(10**15)


@dataclass(frozen=True)
class Rate:
    """Price of one token class in USD per million tokens."""

    base: Decimal
    tiers: tuple[tuple[int, Decimal], ...] = ()
    """(above, price): a prompt of more than `above` tokens pays `price` for all its tokens."""

    def __post_init__(self) -> None:
        for usd in (self.base, *(price for _, price in self.tiers)):
            if not 0 <= usd < Decimal("Infinity"):
                raise UsageError(f"a price cannot be {usd} USD: give 0 or more")

    def at(self, input_tokens: int) -> Decimal:
        """Returns the rate of a call with so many prompt tokens of all classes."""
        price = self.base
        for above, tier in self.tiers:
            if input_tokens > above:
                price = tier
        return price


FREE = Rate(Decimal(0))
_AS_CACHE_WRITE = Rate(Decimal(0))  # known by itself, not by its price


@dataclass(frozen=True)
class _Band:
    """The rates between two thresholds, in picodollars per token."""

    upto: int
    """The most prompt tokens that pay these rates."""
    rates: tuple[int, int, int, int, int, int]
    dearest_input: int
    dearest_output: int


@dataclass(frozen=True)
class ModelPrice:
    """What calls of one model cost."""

    name: str
    _: KW_ONLY
    input: Rate
    cache_read: Rate
    cache_write: Rate
    output: Rate
    reasoning: Rate
    source: str
    """Where the price is from, with its version."""
    per_call: Decimal = Decimal(0)
    """USD for each call, whatever its size."""
    per_second: Decimal = Decimal(0)
    """USD per second of wall clock, for models that run on rented or own machines."""
    cache_write_1h: Rate = _AS_CACHE_WRITE
    """Left out: that of `cache_write`."""

    def __post_init__(self) -> None:
        for usd in (self.per_call, self.per_second):
            if not 0 <= usd < Decimal("Infinity"):
                raise UsageError(f"the price of {self.name!r} cannot be {usd} USD: give 0 or more")
        if self.cache_write_1h is _AS_CACHE_WRITE:
            object.__setattr__(self, "cache_write_1h", self.cache_write)

    def cost(self, usage: Usage, seconds: float = 0.0) -> Decimal:
        """Returns the USD that a bill of `usage` comes to."""
        plain, cached, written, kept, output, reasoning = self._band(usage.input_tokens).rates
        pico = (
            usage.input * plain
            + usage.cache_read * cached
            + usage.cache_write * written
            + usage.cache_write_1h * kept
            + usage.output * output
            + usage.reasoning * reasoning
        )
        return _usd(pico + self._call + self._time(seconds))

    def cost_by_class(self, usage: Usage, seconds: float = 0.0) -> dict[str, Decimal]:
        """Returns `cost` by token class, plus `call` and `seconds`; classes at 0 are left out."""
        rates = self._band(usage.input_tokens).rates
        parts = {
            name: getattr(usage, name) * rate for name, rate in zip(CLASSES, rates, strict=True)
        }
        parts["call"] = self._call
        parts["seconds"] = self._time(seconds)
        return {name: _usd(pico) for name, pico in parts.items() if pico}

    def bound(self, input_tokens: int, output_tokens: int, seconds: float | None = None) -> Decimal:
        """Returns the most USD that a call can cost which stays within the given numbers.

        It covers every split into token classes and every smaller prompt: a tier may be dearer
        than the one above it.

        Args:
            input_tokens: the most prompt tokens of all classes.
            output_tokens: the most completion tokens, reasoning included.
            seconds: the call's time-out; needed only where the price is per second.

        Raises:
            UsageError: the price is per second and no time-out is given.
        """
        pico = 0
        for band in self._bands:
            prompt = min(input_tokens, band.upto)
            pico = max(pico, prompt * band.dearest_input + output_tokens * band.dearest_output)
            if input_tokens <= band.upto:
                break
        return _usd(pico + self._fixed(seconds))

    def most_output(self, usd: Decimal, input_tokens: int, seconds: float | None = None) -> int:
        """Returns the greatest number of output tokens whose `bound` is within `usd`.

        It is 0 where nothing fits, and `NO_LIMIT` where output is free.

        Args:
            seconds: the call's time-out; None leaves out what its time costs.
        """
        if usd <= 0:
            purse = 0 if usd == 0 else -1
        else:
            purse = int(_EXACT.multiply(min(usd, _WHOLE_RICHES), Decimal(_PICO)))
        purse -= self._fixed(seconds or 0.0)
        most = NO_LIMIT
        for band in self._bands:
            room = purse - min(input_tokens, band.upto) * band.dearest_input
            if room < 0:
                return 0
            if band.dearest_output:
                most = min(most, room // band.dearest_output)
            if input_tokens <= band.upto:
                break
        return most

    @cached_property
    def _bands(self) -> tuple[_Band, ...]:
        rates = [getattr(self, name) for name in CLASSES]
        thresholds = sorted({above for rate in rates for above, _ in rate.tiers})
        bands = []
        for upto in [*thresholds, sys.maxsize]:
            pico = tuple(int(rate.at(upto) * 10**6) for rate in rates)
            prompt, reply = pico[: len(INPUT_CLASSES)], pico[len(INPUT_CLASSES) :]
            bands.append(_Band(upto, pico, max(prompt), max(reply)))  # type: ignore[arg-type]
        return tuple(bands)

    def _band(self, input_tokens: int) -> _Band:
        bands = self._bands
        if len(bands) == 1:
            return bands[0]
        return next(band for band in bands if input_tokens <= band.upto)

    @cached_property
    def _call(self) -> int:
        return int(self.per_call * _PICO)

    def _fixed(self, seconds: float | None) -> int:
        if seconds is None:
            if self.per_second:
                raise UsageError(
                    f"model {self.name!r} is priced per second, so a call needs a time-out: "
                    "set one for the policy"
                )
            seconds = 0.0
        return self._call + self._time(seconds)

    def _time(self, seconds: float) -> int:
        if not self.per_second or seconds <= 0:
            return 0
        pico = _EXACT.multiply(self.per_second * _PICO, Decimal(seconds))
        return int(pico.to_integral_value(ROUND_CEILING))


def free(name: str, source: str) -> ModelPrice:
    """Returns the price of a model that costs nothing."""
    return ModelPrice(
        name, input=FREE, cache_read=FREE, cache_write=FREE, output=FREE, reasoning=FREE,
        source=source,
    )  # fmt: skip


def dearest(rates: Iterable[Rate]) -> Rate:
    """Returns the rate that is, for every prompt, the highest of the given ones."""
    every = tuple(rates)
    thresholds = sorted({above for rate in every for above, _ in rate.tiers})
    tiers = tuple((above, max(rate.at(above + 1) for rate in every)) for above in thresholds)
    return Rate(max(rate.base for rate in every), tiers)


def _usd(pico: int) -> Decimal:
    return Decimal(pico).scaleb(-12)
