"""API-Bank: the next API call of a dialogue, judged by replay of the recorded calls."""

from .suite import ApiBank, ApiBankWorld, apibank

__all__ = ["ApiBank", "ApiBankWorld", "apibank"]
