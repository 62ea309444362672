"""Tools: what a policy can call, and what comes back of it."""

from .calculator import calculator
from .context import ToolContext
from .documents import documents
from .outputs import Outputs
from .recall import recall
from .registry import Registry, builtin
from .tool import Tool, tool

__all__ = [
    "Outputs",
    "Registry",
    "Tool",
    "ToolContext",
    "builtin",
    "calculator",
    "documents",
    "recall",
    "tool",
]
