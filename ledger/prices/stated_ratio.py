"""How much dearer a provider's own bills are than the prices that are known of it."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, Decimal

_TENTHS_OF_A_PERCENT = Decimal("0.001")
_PICO = Decimal("1e-12")


class StatedRatio:
    """The greatest ratio of stated to computed cost among the bills of a policy, at least 1.

    Shared by all runs that ask the policy. With it a hold covers what the provider charges also
    where the prices that are known are stale.
    """

    def __init__(self) -> None:
        self.factor = Decimal(1)

    def learn(self, stated: Decimal, computed: Decimal) -> None:
        """Takes note of a bill whose cost is stated."""
        if computed > 0 and stated > computed * self.factor:
            self.factor = (stated / computed).quantize(_TENTHS_OF_A_PERCENT, ROUND_CEILING)

    def raised(self, usd: Decimal) -> Decimal:
        """Returns what the provider may charge at most where the price bounds it by `usd`."""
        if self.factor == 1:
            return usd
        return (usd * self.factor).quantize(_PICO, ROUND_CEILING)

    def lowered(self, usd: Decimal) -> Decimal:
        """Returns the most whose `raised` is within `usd`."""
        if self.factor == 1:
            return usd
        return (usd.quantize(_PICO, ROUND_DOWN) / self.factor).quantize(_PICO, ROUND_DOWN)
