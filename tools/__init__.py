"""Tools: what a policy can call, and what comes back of it."""

from .builtin.calculator import calculator
from .builtin.recall import recall
from .context import ToolContext
from .documents.search_open import documents
from .outputs import Outputs
from .protocol import Tool, Wrapper
from .registry import BUILT_IN, builtin
from .tool import FunctionTool, tool
from .toolset import Toolset

__all__ = [
    "BUILT_IN",
    "FunctionTool",
    "Outputs",
    "Tool",
    "ToolContext",
    "Toolset",
    "Wrapper",
    "builtin",
    "calculator",
    "documents",
    "recall",
    "tool",
]
