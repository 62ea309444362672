"""What a provider bills: tokens in disjoint classes."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from .errors import UsageError


@dataclass(frozen=True)
class Usage:
    """Billed tokens in disjoint classes: their sum is the number of tokens billed."""

    input: int = 0
    """Prompt tokens at the full price."""
    cache_read: int = 0
    cache_write: int = 0
    """Prompt tokens written to the provider's cache for minutes, or for as long as it likes."""
    output: int = 0
    """Completion tokens without reasoning tokens."""
    reasoning: int = 0
    cache_write_1h: int = 0
    """Prompt tokens written to the cache for an hour, where the provider bills them apart."""

    def __post_init__(self) -> None:
        least = min(
            self.input, self.cache_read, self.cache_write, self.output, self.reasoning,
            self.cache_write_1h,
        )  # fmt: skip
        if least < 0:
            raise UsageError(f"a bill cannot have fewer than 0 tokens of a class: {self}")

    @property
    def input_tokens(self) -> int:
        return self.input + self.cache_read + self.cache_write + self.cache_write_1h

    @property
    def output_tokens(self) -> int:
        return self.output + self.reasoning

    def by_class(self) -> dict[str, int]:
        """Returns the tokens by class; an hour's cache writes, which few bills have, if any."""
        tokens = {
            "input": self.input, "cache_read": self.cache_read, "cache_write": self.cache_write,
            "output": self.output, "reasoning": self.reasoning,
        }  # fmt: skip
        if self.cache_write_1h:
            tokens["cache_write_1h"] = self.cache_write_1h
        return tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            *(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True))
        )


INPUT_CLASSES = ("input", "cache_read", "cache_write", "cache_write_1h")
"""The token classes that a prompt is made of."""
OUTPUT_CLASSES = ("output", "reasoning")
"""Those that a reply is made of."""
CLASSES = (*INPUT_CLASSES, *OUTPUT_CLASSES)
"""The fields of `Usage`, in the order in which they are told."""
