"""Tools of MCP servers: started, priced, restarted when they die, and never trusted."""

from .mcp_tools import mcp_tools
from .server_tools import McpTools

__all__ = ["McpTools", "mcp_tools"]
