"""Tools: what a policy can call, and what comes back of it."""

from .calculator import calculator
from .context import ToolContext
from .documents import documents
from .outputs import Outputs
from .protocol import Tool, Wrapper
from .recall import recall
from .registry import Registry, builtin
from .tool import FunctionTool, tool

__all__ = [
    "FunctionTool",
    "Outputs",
    "Registry",
    "Tool",
    "ToolContext",
    "Wrapper",
    "builtin",
    "calculator",
    "documents",
    "recall",
    "tool",
]
