"""`@tool`: a typed function as something that a policy can call, and that cannot break a run."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, overload

from ...journal.notice_text import told
from ...journal.notices import CutOutput, FailedCall, InvalidArguments, Notice, TimedOutCall
from ...journal.records import Observation, ToolCall, ToolSpec
from ...ledger.errors import ToolError, UsageError
from ..context import ToolContext
from ..invocation import Invocation
from ..running import ToolCrashed, ToolTimedOut, guarded, in_task, in_thread
from .pending import finished, is_pending
from .rendering import clean, cut_output, render
from .signature import Signature, default_name

TIMEOUT = 30.0
"""Seconds until a call is given up, where the tool says nothing else."""

MAX_CHARS = 20_000
"""Characters of an output that the policy sees, where the tool says nothing else."""

MIN_CHARS = 400
"""The least that `max_chars` may be: a cut output has to hold its note."""

Price = Decimal | float | str | Callable[..., Decimal | float]
"""USD per call, or a function from the validated arguments, by keyword, to USD."""

_LOG = logging.getLogger(__name__)

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True, kw_only=True, eq=False)
class FunctionTool:
    """A typed function as a tool. Build one with `tool`."""

    spec: ToolSpec
    function: Callable[..., Any]
    signature: Signature
    price: Decimal | Callable[..., Decimal | float] | None = None
    """USD per call, a function from the arguments to USD, or None: no price declared."""
    timeout: float = TIMEOUT
    """Seconds until a call is given up. An inline tool is never given up."""
    max_chars: int = MAX_CHARS
    """Characters of an output that the policy sees; the rest stays addressable."""
    inline: bool = False
    """True if the function is called on the event loop itself: quick, pure, never blocking."""
    concurrency: int | None = None

    @property
    def least_cost(self) -> Decimal | None:
        if self.price is None or isinstance(self.price, Decimal):
            return self.price
        return Decimal(0)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the bare function, as if it were not decorated."""
        return self.function(*args, **kwargs)

    def read(self, call: ToolCall) -> Invocation | InvalidArguments:
        """Returns the call with its arguments validated, or what is wrong with them."""
        try:
            values, given = guarded(lambda: self.signature.read(call.arguments))
            return Invocation.of(call, values, given, self.spec.batched)
        except Exception as exc:
            return InvalidArguments(tool=self.spec.name, why=clean(_said(exc)))

    def cost(self, call: Invocation) -> Decimal | None:
        """Returns the price in USD of a call, or None where no price is declared.

        Raises:
            UsageError: the price function raised, or its result is no sum of money.
        """
        if self.price is None:
            return None
        if isinstance(self.price, Decimal):
            return self.price * call.units
        priced = functools.partial(self.price, **call.fresh())
        try:
            price = guarded(priced)
        except Exception as exc:
            raise UsageError(
                f"the price function of tool {self.spec.name!r} failed: {_said(exc)}"
            ) from exc
        return _money(price, self.spec.name)

    async def admit(self, call: Invocation, context: ToolContext) -> Notice | None:
        return None

    def again(self, observation: Observation, attempt: int) -> float | None:
        return None

    async def run(self, call: ToolCall, context: ToolContext) -> Observation:
        """Calls the tool. Whatever goes wrong comes back as an observation with `error=True`.

        Only the caller's own cancellation and `KeyboardInterrupt` are raised.
        """
        invocation = call if isinstance(call, Invocation) else self.read(call)
        if isinstance(invocation, InvalidArguments):
            return self._failed(call, invocation, context)
        arguments = invocation.fresh()
        if self.signature.context is not None:
            arguments[self.signature.context] = context
        try:
            text, left_out = await self._output(
                functools.partial(self.function, **arguments), context
            )
        except Exception as exc:
            return self._failed(call, self._explain(exc), context)
        ref = left_out.ref or None if left_out else None
        return Observation(call.id, self.spec.name, text, ref=ref, notice=left_out)

    def _failed(self, call: ToolCall, notice: Notice, context: ToolContext) -> Observation:
        seen = told(call, notice)
        text, left_out = cut_output(clean(seen.text), self.max_chars, context.outputs)
        ref = left_out.ref or None if left_out else None
        return replace(seen, tool=self.spec.name, text=text, ref=ref)

    async def _output(
        self, function: Callable[[], Any], context: ToolContext
    ) -> tuple[str, CutOutput | None]:
        clock = asyncio.get_running_loop().time
        ends = clock() + self.timeout
        if self.inline:
            value = guarded(function)
        elif self.signature.is_async:
            value = await in_task(function, self.timeout)
        else:
            try:
                value = await in_thread(lambda: self._begun(function(), context), self.timeout)
            except asyncio.CancelledError:
                name = self.spec.name
                _LOG.warning("tool %s was cancelled, and goes on in its thread to its end", name)
                raise
            if isinstance(value, _Shown):
                return value.output
        if is_pending(value):
            pending = functools.partial(finished, value)
            value = await in_task(pending, max(ends - clock(), 0.0))
        if _is_small(value, self.max_chars):
            return self._shown(value, context)
        return await in_thread(lambda: self._shown(value, context), self.timeout)

    def _begun(self, value: Any, context: ToolContext) -> Any:
        """Returns what a sync function returned as it is shown, unless it has to be awaited."""
        return value if is_pending(value) else _Shown(self._shown(value, context))

    def _shown(self, value: Any, context: ToolContext) -> tuple[str, CutOutput | None]:
        return cut_output(render(value), self.max_chars, context.outputs)

    def _explain(self, exc: Exception) -> Notice:
        if isinstance(exc, ToolTimedOut):
            effects = not self.spec.read_only
            return TimedOutCall(tool=self.spec.name, seconds=self.timeout, effects=effects)
        why = clean(_said(exc))
        if isinstance(exc, ToolError):
            return FailedCall(tool=self.spec.name, why=why)
        _LOG.info("tool %s failed", self.spec.name, exc_info=exc)
        how: Literal["raised", "crashed"] = "crashed" if isinstance(exc, ToolCrashed) else "raised"
        return FailedCall(tool=self.spec.name, why=why, how=how)


@dataclass(frozen=True)
class _Shown:
    output: tuple[str, CutOutput | None]


@overload
def tool(function: Callable[..., Any], /) -> FunctionTool: ...


@overload
def tool(
    *,
    price: Price | None = None,
    timeout: float = TIMEOUT,
    read_only: bool = False,
    max_chars: int = MAX_CHARS,
    name: str | None = None,
    inline: bool = False,
    batched: str | None = None,
) -> Callable[[Callable[..., Any]], FunctionTool]: ...


def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    price: Price | None = None,
    timeout: float = TIMEOUT,
    read_only: bool = False,
    max_chars: int = MAX_CHARS,
    name: str | None = None,
    inline: bool = False,
    batched: str | None = None,
) -> FunctionTool | Callable[[Callable[..., Any]], FunctionTool]:
    """Makes a tool of a typed function with a docstring; the `Args:` section describes parameters.

    A parameter annotated `ToolContext` is filled in and not shown to the policy. Works bare
    (`@tool`) and with options (`@tool(price="0.001")`).

    Args:
        function: sync or async; sync functions run in a thread unless `inline`. A sync one around
            an async one may return what is to be awaited.
        price: USD per call, or a function from the arguments, by keyword, to USD. None means that
            the price book has to know it.
        timeout: seconds until a call is given up.
        read_only: True if calling it twice does no harm.
        max_chars: characters of an output that the policy sees.
        name: what the policy calls it; None takes the function's name.
        inline: call a sync function on the event loop itself, without time-out: over 10 times
            cheaper, and right only for functions that are quick and never block.
        batched: the parameter that takes a list of which each item counts as a call of its own:
            against limits on calls, and for the price, which is then per item.

    Raises:
        UsageError: a policy could not be told how to call this function, or an option is wrong.
    """

    def decorate(function: Callable[..., Any]) -> FunctionTool:
        if not callable(function):
            raise UsageError(f"a {type(function).__name__} is no tool: give a function")
        called = name or default_name(function)
        _check(called, timeout, max_chars)
        signature = Signature.of(function, called)
        if batched is not None and batched not in signature.parameters["properties"]:
            raise UsageError(f"tool {called!r} has no parameter {batched!r} to be batched by")
        if inline and signature.is_async:
            raise UsageError(f"tool {called!r} is async: it needs no inline=True")
        if inspect.iscoroutinefunction(price):
            raise UsageError(f"the price function of tool {called!r} is async: make it a plain one")
        return FunctionTool(
            spec=ToolSpec(called, signature.description, signature.parameters, read_only, batched),
            function=function,
            signature=signature,
            price=price if price is None or callable(price) else _money(price, called),
            timeout=timeout,
            max_chars=max_chars,
            inline=inline,
        )

    return decorate if function is None else decorate(function)


def _check(name: str, timeout: float, max_chars: int) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a tool: use 1 to 64 letters, digits, `_` and `-` (name=…)"
        )
    if not (timeout > 0 and math.isfinite(timeout)):
        raise UsageError(f"timeout of tool {name!r} must be seconds above 0, not {timeout}")
    if max_chars < MIN_CHARS:
        raise UsageError(f"max_chars of tool {name!r} must be {MIN_CHARS} or more, not {max_chars}")


def _money(price: Any, tool: str) -> Decimal:
    try:
        money = Decimal(str(price))
    except InvalidOperation:
        money = Decimal("NaN")
    if not money.is_finite() or money < 0:
        if inspect.iscoroutine(price):
            price.close()
        raise UsageError(f"the price of tool {tool!r} must be USD of 0 or more, not {price!r}")
    return money


def _is_small(value: Any, max_chars: int) -> bool:
    """True if showing the value takes no time worth a thread."""
    kind = type(value)
    if issubclass(kind, str):
        return len(value) <= max_chars
    return value is None or issubclass(kind, int | float | Decimal)


def _said(exc: Exception) -> str:
    """Returns what an exception says, with its type unless it is meant for the policy."""
    try:
        text = str.__str__(guarded(lambda: str(exc)))
    except Exception:
        text = "(its text cannot be shown)"
    if isinstance(exc, ToolError | ToolCrashed):
        return text
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__
