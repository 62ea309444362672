"""What decides: a hosted endpoint, the embedded model, a person, a script.

`policy("openai/gpt-5-mini")` makes one of what a person types; each has one method, `reply`.
"""

from .anthropic.messages import AnthropicMessages
from .endpoint.endpoint import Endpoint
from .gemini.gemini import Gemini
from .human import HumanPolicy
from .in_process import in_process_policy
from .langchain.policy import LangChainPolicy
from .outcome_stats import RoutingStats, RunForecast, RunTally
from .policy import Policy
from .rate_limits import RateLimit, rate_limited
from .registry import policy
from .replay import ReplayPolicy
from .responses.responses import OpenAIResponses
from .router import Router
from .scripted import ScriptedPolicy

__all__ = [
    "AnthropicMessages",
    "Endpoint",
    "Gemini",
    "HumanPolicy",
    "LangChainPolicy",
    "OpenAIResponses",
    "Policy",
    "RateLimit",
    "ReplayPolicy",
    "Router",
    "RoutingStats",
    "RunForecast",
    "RunTally",
    "ScriptedPolicy",
    "in_process_policy",
    "policy",
    "rate_limited",
]
