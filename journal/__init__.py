"""The journal: what happened, as events; the store that is loaded from it; the record of a run."""

from .effects import Effects
from .events import Event
from .journal import Journal
from .lease import Lease, Lender
from .records import Message, Observation, Reply, Request, ToolCall, ToolSpec

__all__ = [
    "Effects",
    "Event",
    "Journal",
    "Lease",
    "Lender",
    "Message",
    "Observation",
    "Reply",
    "Request",
    "ToolCall",
    "ToolSpec",
]
