"""Every error of outlay, by who must act.

```
OutlayError
├── UsageError            the developer or the person at the command line wrote something wrong
│   ├── BudgetError         a budget that makes no sense, or cannot pay for one call
│   └── Unpriced            a model or tool without a price under a budget in USD
├── BudgetExhausted       the owner of the budget: the run ended for want of it
├── ToolError             the policy: it sees the text as an observation and goes on
├── PolicyError           the policy's side failed; says whether money may have been spent
│   ├── CallRefused         nothing was billed: the hold is released
│   │   └── WordingRefused    and the policy has learned to write it otherwise: sent again at once
│   └── OutcomeUnknown      the bill is unknown: the hold stays booked in full
│       └── CallTimedOut      for want of time: asked again once, for less
├── JournalError          the disk: the book cannot be written or read
└── DriftError            a replayed run asked for something else than what is recorded
```
"""

from __future__ import annotations


class OutlayError(Exception):
    """Base of all errors that outlay raises on purpose. Its text is one clear sentence."""


class UsageError(OutlayError):
    """Wrong input: says what, where and how to mend it."""


class BudgetError(UsageError):
    """A budget that is malformed, or too small for a single call plus the wrap-up reply."""


class Unpriced(UsageError):
    """A model or tool has no price, so a budget in USD cannot be kept.

    Attributes:
        kind: `"model"` or `"tool"`.
        name: what has no price.
    """

    def __init__(self, kind: str, name: str) -> None:
        self.kind = kind
        self.name = name
        entry = "input = 0.25\noutput = 2.0" if kind == "model" else "call = 0.001"
        hint = entry.replace("\n", ", ")
        super().__init__(
            f"{kind} {name!r} has no price, so a budget in USD cannot be kept: "
            f'add `[{kind}s."{name}"]` with `{hint}` to your prices file (--prices FILE)'
        )


class BudgetExhausted(OutlayError):
    """A run ended for want of budget (only raised under `raise_on_exhausted=True`).

    Attributes:
        result: the run's result, with its best answer.
    """

    def __init__(self, result: object, reason: str) -> None:
        self.result = result
        super().__init__(reason)


class ToolError(OutlayError):
    """A tool cannot do what was asked. The policy sees the text as an error observation."""


class PolicyError(OutlayError):
    """The policy did not reply.

    Attributes:
        retryable: whether the same call may be tried again.
        retry_after: seconds that the server asked to wait, or None.
    """

    def __init__(
        self, text: str, *, retryable: bool = False, retry_after: float | None = None
    ) -> None:
        self.retryable = retryable
        self.retry_after = retry_after
        super().__init__(text)


class CallRefused(PolicyError):
    """The call never left, or the provider refused it without billing (4xx, 429, 503)."""


class WordingRefused(CallRefused):
    """The provider refused how the request was written, and the policy will write it otherwise."""


class OutcomeUnknown(PolicyError):
    """The call left and no bill came back (time-out, reset, other 5xx, cut stream)."""


class CallTimedOut(OutcomeUnknown):
    """No reply came in time.

    Attributes:
        most_output: tokens that can have been written by then, where the server stops when nobody
            listens any more; None where it may have written on.
    """

    def __init__(self, text: str, *, most_output: int | None = None) -> None:
        self.most_output = most_output
        super().__init__(text, retryable=True, retry_after=0.0)


class JournalError(OutlayError):
    """The journal or the store cannot be written or read."""


class DriftError(OutlayError):
    """A run that replays its record asked for something else than what is recorded."""
