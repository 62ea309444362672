"""A model behind an OpenAI-compatible server: client, wire format, stream, bills, errors."""

from .dialect import Dialect

__all__ = ["Dialect"]
