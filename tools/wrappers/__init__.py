"""Tools made of other tools: each changes one thing."""

from .approved import ApprovalRequest, Approver, approve_harmless, approved, by_interrupt
from .cached import cached
from .limited import limited, rate_limited, retried
from .redacted import redacted
from .renamed import filtered, prefixed

__all__ = [
    "ApprovalRequest",
    "Approver",
    "approve_harmless",
    "approved",
    "by_interrupt",
    "cached",
    "filtered",
    "limited",
    "prefixed",
    "rate_limited",
    "redacted",
    "retried",
]
