"""What a provider bills: tokens in disjoint classes."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields


@dataclass(frozen=True)
class Usage:
    """Billed tokens in disjoint classes: their sum is the number of tokens billed."""

    input: int = 0
    """Prompt tokens at the full price."""
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    """Completion tokens without reasoning tokens."""
    reasoning: int = 0

    @property
    def input_tokens(self) -> int:
        return self.input + self.cache_read + self.cache_write

    @property
    def output_tokens(self) -> int:
        return self.output + self.reasoning

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            *(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True))
        )


CLASSES = tuple(field.name for field in fields(Usage))
"""The token classes, in the order of `Usage`."""
OUTPUT_CLASSES = ("output", "reasoning")
"""Those that a reply is made of; all others are of the prompt."""
