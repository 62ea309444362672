"""What tests agents without spending: a loopback OpenAI-compatible server that replies as scripted.

`with LoopbackServer() as server: Endpoint("m", base_url=server.url)`; docs/testing.md has more.
"""

from .answers import Fault, Script, ScriptedAnswer, ServerCounts
from .server import LoopbackServer

__all__ = ["Fault", "LoopbackServer", "Script", "ScriptedAnswer", "ServerCounts"]
