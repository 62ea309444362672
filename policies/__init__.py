"""What decides: a hosted endpoint, the embedded model, a person, a script.

`policy("openai/gpt-5-mini")` makes one of what a person types; each has one method, `reply`.
"""

from .endpoint import Endpoint
from .human import Human
from .inprocess import embedded_policy
from .models import policy
from .policy import Policy
from .replay import Replay
from .scripted import Scripted

__all__ = ["Endpoint", "Human", "Policy", "Replay", "Scripted", "embedded_policy", "policy"]
