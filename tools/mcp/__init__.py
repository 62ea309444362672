"""Tools of MCP servers: started, priced, restarted when they die, and never trusted."""

from .entry import mcp_tools
from .toolset import McpTools

__all__ = ["McpTools", "mcp_tools"]
