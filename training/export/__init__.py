"""Exports: what was recorded, in the forms that training engines read."""

from __future__ import annotations

from . import art, trl, verl
from .verifiers import traces

__all__ = ["art", "traces", "trl", "verl"]
