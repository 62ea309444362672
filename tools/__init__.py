"""Tools: what a policy can call, and what comes back of it."""

from .builtin.calculator import calculator
from .builtin.recall import recall
from .context import ToolContext
from .documents.search_open import document_tools
from .functions.tool import FunctionTool, tool
from .offer import ToolOffer
from .outputs import Outputs
from .protocol import Tool, Wrapper
from .registry import BUILTIN_TOOLS, builtin_tools
from .toolset import Toolset

__all__ = [
    "BUILTIN_TOOLS",
    "FunctionTool",
    "Outputs",
    "Tool",
    "ToolContext",
    "ToolOffer",
    "Toolset",
    "Wrapper",
    "builtin_tools",
    "calculator",
    "document_tools",
    "recall",
    "tool",
]
