"""What decides: a hosted endpoint, the embedded model, a person, a script.

`policy("openai/gpt-5-mini")` makes one of what a person types; each has one method, `reply`.
"""

from .endpoint.endpoint import Endpoint
from .endpoint.in_process import in_process_policy
from .human import Human
from .outcome_stats import Expected, History, Tally
from .policy import Policy
from .registry import policy
from .replay import Replay
from .router import Router
from .scripted import Scripted

__all__ = [
    "Endpoint",
    "Expected",
    "History",
    "Human",
    "Policy",
    "Replay",
    "Router",
    "Scripted",
    "Tally",
    "in_process_policy",
    "policy",
]
