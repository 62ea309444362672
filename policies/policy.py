"""What every policy is: one method from a request to a reply."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ..journal.records import Reply, Request
from ..ledger.errors import CallRefused, PolicyError, UsageError


@runtime_checkable
class Policy(Protocol):
    """Decides the next step: a hosted endpoint, the embedded model, a person, a script.

    A policy makes exactly one try per call and books nothing: the effects door holds the money
    before, settles it after, and tries again where the error says that it may.

    Five members may be left out: `takes_samples`, true where a request for several `samples` is
    answered in one call, `is_hosted`, true where a server answers and bills, `headroom`, tokens of
    output beside those that are seen, `check()`, which raises UsageError where no call could be
    made, and `prepare()`, which does what the first call needs and no call's time should be spent
    on. The functions below ask for them. `rate` is what `rate_limited` sets: calls wait for it
    before money is held.
    """

    @property
    def name(self) -> str:
        """How prices and reports name it, e.g. `openai/gpt-5-mini`."""

    @property
    def max_output(self) -> int:
        """Tokens of output asked for where nothing smaller is set."""

    @property
    def timeout(self) -> float:
        """Seconds after which a call is given up."""

    async def reply(self, request: Request) -> Reply:
        """Returns the policy's reply.

        Raises:
            CallRefused: nothing was billed (the call never left, 4xx, 429, 503).
            OutcomeUnknown: the bill is unknown (time-out, reset, other 5xx, cut stream).
        """

    async def close(self) -> None:
        """Gives back connections. The policy may not be used afterwards."""


def takes_samples(policy: Policy) -> bool:
    """Says whether a policy answers a request for several samples in one call.

    One that does not say so is asked as often as needed.
    """
    return bool(getattr(policy, "takes_samples", False))


def is_hosted(policy: Policy) -> bool:
    """Says whether a server answers for a policy: then it is not free, however it is called."""
    return bool(getattr(policy, "is_hosted", False))


def headroom(policy: Policy) -> int:
    """Returns the tokens that a reply needs beside those that are seen: its reasoning, say.

    They are part of `max_output` and of every `max_tokens`, which is always larger.
    """
    return int(getattr(policy, "headroom", 0))


def output_limit(policy: Policy, request: Request) -> int:
    """Returns how many tokens a reply may have.

    Raises:
        CallRefused: they leave nothing to be seen beside the policy's headroom.
    """
    most = policy.max_output if request.max_tokens is None else request.max_tokens
    if most <= headroom(policy):
        raise CallRefused(
            f"{policy.name} was not asked: a reply of {most} tokens has no room beside the "
            f"{headroom(policy)} that it may think: nothing was sent"
        )
    return most


def check_ready(policy: Policy) -> None:
    """Finds out before the first call whether calls can be made.

    Raises:
        UsageError: none can, for want of a key, say.
    """
    check = getattr(policy, "check", None)
    if check is not None:
        check()


async def prepare(policy: Policy) -> None:
    """Loads and opens what calls need, before money is held and a call's clock starts.

    Raises:
        UsageError: as for `check_ready`.
        CallRefused: it fails otherwise; nothing was sent.
    """
    made_ready = getattr(policy, "prepare", None)
    if made_ready is None:
        return
    try:
        await made_ready()
    except (PolicyError, UsageError):
        raise
    except Exception as exc:
        raise CallRefused(f"{policy.name} cannot be asked: {type(exc).__name__}: {exc}") from exc
