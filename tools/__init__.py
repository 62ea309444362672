"""Tools: what a policy can call, and what comes back of it."""

from .builtin import BUILT_IN, builtin
from .calculator import calculator
from .context import ToolContext
from .documents import documents
from .outputs import Outputs
from .protocol import Tool, Wrapper
from .recall import recall
from .registry import Registry
from .tool import FunctionTool, tool

__all__ = [
    "BUILT_IN",
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
