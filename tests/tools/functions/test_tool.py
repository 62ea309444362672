from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import functools
import json
import math
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from reading import cost, fault

from outlay.journal.notices import TimedOutCall
from outlay.journal.records import Observation, ToolCall
from outlay.ledger.errors import ToolError, UsageError
from outlay.tools import FunctionTool, Outputs, ToolContext, tool
from outlay.tools.functions.foreign_values import DEEPEST
from outlay.tools.wrappers import redacted


async def run(subject: FunctionTool, context: ToolContext, /, **arguments: Any) -> Observation:
    call = ToolCall("call-1", subject.spec.name, json.dumps(arguments))
    return await subject.run(call, context)


@tool(price="0.002", read_only=True)
def greet(name: str, context: ToolContext, times: int = 1) -> str:
    """Greets somebody.

    Args:
        name: whom to greet.
        times: how often.
    """
    return f"{context.run}: " + " ".join([f"hello {name}"] * times)


async def test_a_call_comes_back_as_an_observation(context: ToolContext) -> None:
    seen = await run(greet, context, name="Ada", times=2)
    assert seen == Observation("call-1", "greet", "run-1: hello Ada hello Ada")


def test_the_function_stays_callable(context: ToolContext) -> None:
    assert greet("Ada", context) == "run-1: hello Ada"


def test_options_reach_the_tool() -> None:
    assert greet.spec.read_only
    assert greet.price == Decimal("0.002")
    assert tool(name="hail", max_chars=500, timeout=3)(greet.function).spec.name == "hail"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ('{"name": "Ada", "times": "often"}', "'times' should be a valid integer"),
        ('{"times": 1}', "'name' is missing"),
        ('{"name": "Ada", "tone": "kind"}', "'tone' is unknown (known: name, times)"),
        ('{"name": "Ada"', "they are not valid JSON"),
        ('["Ada"]', "they must be a JSON object"),
        ('"{}"', "they must be a JSON object"),
        ("", "'name' is missing"),
        ('{"name": "\\ud800"}', "they are not valid JSON"),
        ('{"name": "\ud800"}', "they are not valid JSON"),
        ("[" * 10_000, "they are not valid JSON"),
        ('{"name": "Ada", "context": {}}', "'context' is unknown"),
    ],
)
async def test_faulty_arguments_are_explained_and_cost_nothing(
    context: ToolContext, arguments: str, said: str
) -> None:
    seen = await greet.run(ToolCall("1", "greet", arguments), context)
    assert seen.error
    assert said in seen.text
    assert "\n" not in seen.text
    assert cost(greet, arguments) == 0
    assert said in (fault(greet, arguments) or "")


def test_sound_arguments_have_no_fault_and_the_full_price() -> None:
    assert fault(greet, '{"name": "Ada"}') is None
    assert cost(greet, '{"name": "Ada"}') == Decimal("0.002")


def test_a_price_function_sees_the_validated_arguments() -> None:
    @tool(price=lambda pages: Decimal("0.01") * pages)
    def fetch(pages: int = 3) -> str:
        """Fetches."""
        return ""

    assert cost(fetch, '{"pages": "7"}') == Decimal("0.07")
    assert cost(fetch, "{}") == Decimal("0.03")
    assert cost(fetch, "nonsense") == 0


def test_no_declared_price_is_unknown_not_free() -> None:
    @tool
    def free() -> str:
        """Is it free?"""
        return ""

    assert cost(free, "{}") is None
    assert cost(free, "nonsense") is None


@pytest.mark.parametrize("result", [-1, float("nan"), float("inf"), "cheap", None, 1 / 0.5j])
def test_a_price_function_that_names_no_sum_is_a_usage_error(result: Any) -> None:
    priced = tool(price=lambda **_: result)(greet.function)
    with pytest.raises(UsageError, match="the price of tool 'greet'"):
        cost(priced, '{"name": "Ada"}')


def test_a_price_function_that_raises_is_a_usage_error() -> None:
    priced = tool(price=lambda **_: 1 / 0)(greet.function)
    with pytest.raises(UsageError, match="price function of tool 'greet' failed: ZeroDivision"):
        cost(priced, '{"name": "Ada"}')


@pytest.mark.parametrize("price", [-0.1, "dear", math.inf, Decimal("NaN")])
def test_a_price_that_is_no_sum_is_refused(price: Any) -> None:
    with pytest.raises(UsageError, match="must be USD of 0 or more"):
        tool(price=price)(greet.function)


def test_a_float_price_is_taken_as_written() -> None:
    assert tool(price=0.001)(greet.function).price == Decimal("0.001")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timeout": 0}, "timeout"),
        ({"timeout": math.inf}, "timeout"),
        ({"timeout": math.nan}, "timeout"),
        ({"max_chars": 10}, "max_chars"),
        ({"name": "no spaces"}, "no name for a tool"),
        ({"name": "x" * 65}, "no name for a tool"),
        ({"name": "newline\n"}, "no name for a tool"),
    ],
)
def test_options_without_sense_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        tool(**options)(greet.function)


def test_an_async_function_cannot_be_inline() -> None:
    async def wait() -> str:
        """Waits."""
        return ""

    with pytest.raises(UsageError, match="async"):
        tool(inline=True)(wait)


def raising(error: BaseException) -> list[FunctionTool]:
    """Returns a sync, an async and an inline tool that raise the error."""

    def fail() -> str:
        """Fails."""
        raise error

    async def fail_async() -> str:
        """Fails."""
        raise error

    return [tool(fail), tool(fail_async), tool(inline=True)(fail)]


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class Sullen(Exception):
    def __str__(self) -> str:
        raise SystemExit


class Base(BaseException):
    pass


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ToolError("the well is dry"), "Error: the well is dry"),
        (ValueError("bad\0value\ud800"), "Error: ValueError: bad␀value�"),
        (KeyError(), "Error: KeyError"),
        (Unspeakable(), "Error: Unspeakable: (its text cannot be shown)"),
        (Sullen(), "Error: Sullen: (its text cannot be shown)"),
        (TimeoutError("its own"), "Error: TimeoutError: its own"),
        (RecursionError("deep"), "Error: RecursionError: deep"),
        (MemoryError(), "Error: MemoryError"),
        (SystemExit(3), "Error: the tool raised SystemExit"),
        (GeneratorExit(), "Error: the tool raised GeneratorExit"),
        (Base(), "Error: the tool raised Base"),
        (asyncio.CancelledError(), "Error: the tool "),
    ],
)
async def test_whatever_a_tool_raises_is_an_observation(
    context: ToolContext, error: BaseException, said: str
) -> None:
    for subject in raising(error):
        seen = await run(subject, context)
        assert seen.error
        assert seen.text.startswith(said)


@pytest.mark.parametrize("kind", ["thread", "inline"])
async def test_a_person_who_interrupts_is_heard(context: ToolContext, kind: str) -> None:
    threaded, _, inline = raising(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        await run(threaded if kind == "thread" else inline, context)


async def test_a_long_error_is_cut(context: ToolContext) -> None:
    for subject in raising(ValueError("x" * 100_000)):
        seen = await run(subject, context)
        assert seen.error
        assert len(seen.text) <= subject.max_chars
        assert seen.ref is not None


async def test_a_hanging_sync_tool_is_given_up(context: ToolContext) -> None:
    release = threading.Event()

    @tool(timeout=0.02)
    def hang() -> str:
        """Hangs."""
        release.wait()
        return "late"

    seen = await asyncio.gather(*(run(hang, context) for _ in range(20)))
    release.set()
    (told,) = {one.text for one in seen}
    assert told.startswith("Error: hang gave no result within 0.02 seconds. It may or may not")


async def test_a_hanging_async_tool_is_given_up_and_may_clean_up(context: ToolContext) -> None:
    cleaned: list[bool] = []

    @tool(timeout=0.02)
    async def hang() -> str:
        """Hangs."""
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)
        return "late"

    seen = await run(hang, context)
    assert "gave no result within 0.02 seconds" in seen.text
    assert cleaned == [True]


async def test_an_async_tool_that_ignores_its_cancellation_is_left_behind(
    context: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outlay.tools.running.GRACE", 0.02)
    release = asyncio.Event()

    @tool(timeout=0.02)
    async def hang() -> str:
        """Hangs."""
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        raise ValueError("nobody hears this")

    seen = await run(hang, context)
    release.set()
    assert seen.error
    assert "gave no result" in seen.text


@pytest.mark.parametrize("is_async", [True, False])
async def test_the_callers_cancellation_is_raised(context: ToolContext, is_async: bool) -> None:
    started, release = threading.Event(), threading.Event()
    stopped: list[bool] = []

    async def hang_async() -> str:
        """Hangs."""
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.append(True)
            raise
        return ""

    def hang() -> str:
        """Hangs."""
        started.set()
        release.wait()
        return ""

    task = asyncio.create_task(run(tool(hang_async if is_async else hang), context))
    while not started.is_set():
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    release.set()
    assert stopped == ([True] if is_async else [])


async def test_context_variables_are_seen_by_the_tool(context: ToolContext) -> None:
    place: contextvars.ContextVar[str] = contextvars.ContextVar("place")
    place.set("here")

    def where() -> str:
        """Where?"""
        return place.get()

    async def where_async() -> str:
        """Where?"""
        return place.get()

    for subject in (tool(where), tool(where_async), tool(inline=True)(where)):
        assert (await run(subject, context)).text == "here"


async def test_an_inline_tool_runs_on_the_loops_own_thread(context: ToolContext) -> None:
    def thread() -> int:
        """Which thread?"""
        return threading.get_ident()

    here = str(threading.get_ident())
    assert (await run(tool(inline=True)(thread), context)).text == here
    assert (await run(tool(thread), context)).text != here


def sync_and_async(result: Callable[[], Any]) -> list[FunctionTool]:
    def give() -> Any:
        """Gives."""
        return result()

    async def give_async() -> Any:
        """Gives."""
        return result()

    return [tool(give), tool(give_async), tool(inline=True)(give)]


class Point(BaseModel):
    x: int
    name: str = "p"


class Colour(Enum):
    RED = "red"


@dataclasses.dataclass
class Pair:
    left: int
    right: int


class Sly(str):
    def __str__(self) -> str:
        raise RuntimeError("no")

    def replace(self, *_: Any) -> str:
        return "\0"


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("plain", "plain"),
        ("", "(empty)"),
        (None, "(no result)"),
        (True, "true"),
        (12, "12"),
        (1.5, "1.5"),
        (Decimal("1.50"), "1.50"),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        ([Point(x=1)], '[{"x":1,"name":"p"}]'),
        (Point(x=1), '{"x":1,"name":"p"}'),
        (Pair(1, 2), '{"left":1,"right":2}'),
        (Colour.RED, '"red"'),
        (b"\xff\xfeab", "��ab"),
        (Sly("sly\0"), "sly␀"),
        ("nul\0 lone\ud800 pair\ud83d\ude00", "nul␀ lone� pair😀"),
        (float("nan"), "nan"),
        ([float("inf")], "[Infinity]"),
    ],
)
async def test_results_are_rendered_as_text(context: ToolContext, result: Any, text: str) -> None:
    for subject in sync_and_async(lambda: result):
        assert await run(subject, context) == Observation("call-1", subject.spec.name, text)


class Posing:
    @property
    def __class__(self) -> type:
        raise RuntimeError("who asks?")


def cycle() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


def nested() -> list[Any]:
    return functools.reduce(lambda inner, _: [inner], range(100_000), list[Any]())


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (object, "<object object at 0x"),
        (cycle, '["(seen above)"]'),
        (nested, "[" * DEEPEST + '"(deeper)"]'),
        (lambda: 10**5000, "0x31e208"),
        (Posing, "<"),
        (threading.Lock, "<unlocked"),
    ],
)
async def test_results_that_json_cannot_hold_are_told_as_far_as_they_can_be(
    context: ToolContext, result: Callable[[], Any], text: str
) -> None:
    for subject in sync_and_async(result):
        seen = await run(subject, context)
        assert seen.text.startswith(text)
        assert not seen.error


async def _words() -> AsyncIterator[str]:
    yield "a"
    yield "b"


async def _nothing() -> None:
    await asyncio.sleep(0)


async def _failing() -> None:
    raise ToolError("no luck")


def once(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator such as most packages have: sync, around whatever it is given."""

    @functools.wraps(function)
    def inner(*args: Any, **options: Any) -> Any:
        return function(*args, **options)

    return inner


async def _doubled(number: int) -> int:
    """Doubles."""
    await asyncio.sleep(0)
    return number * 2


class _Awaitable:
    def __await__(self) -> Iterator[Any]:
        yield from asyncio.sleep(0).__await__()
        return {"later": 1}


@pytest.mark.parametrize(
    ("result", "text", "error"),
    [
        (_nothing, "(no result)", False),
        (_words, '["a","b"]', False),
        (_Awaitable, '{"later":1}', False),
        (_failing, "Error: no luck", True),
    ],
)
async def test_what_is_still_to_come_is_awaited(
    context: ToolContext, result: Callable[[], Any], text: str, error: bool
) -> None:
    for subject in (*sync_and_async(result), redacted(sync_and_async(result)[0], ["secret"])):
        seen = await run(subject, context)
        assert (seen.text, seen.error) == (text, error)


@pytest.mark.parametrize("inline", [True, False])
async def test_a_sync_wrapper_around_an_async_function_is_awaited(
    context: ToolContext, inline: bool
) -> None:
    assert (await run(tool(inline=inline)(once(_doubled)), context, number=2)).text == "4"


async def test_what_is_still_to_come_is_given_up_in_time(context: ToolContext) -> None:
    async def hang() -> None:
        """Hangs."""
        await asyncio.Event().wait()

    seen = await run(tool(timeout=0.05)(once(hang)), context)
    assert isinstance(seen.notice, TimedOutCall)


def test_an_async_price_is_refused() -> None:
    async def price(**_: Any) -> Decimal:
        return Decimal(1)

    with pytest.raises(UsageError, match="is async: make it a plain one"):
        tool(price=price)(_doubled)
    with pytest.raises(UsageError, match="must be USD of 0 or more"):
        cost(tool(price=once(price))(_doubled), '{"number": 1}')


async def test_fifty_megabytes_are_cut_and_stay_addressable(context: ToolContext) -> None:
    big = "begin " + "x" * 50_000_000 + " end"
    for subject in sync_and_async(lambda: big):
        seen = await run(subject, context)
        assert not seen.error
        assert len(seen.text) <= subject.max_chars
        assert seen.text.startswith("begin ")
        assert seen.text.endswith(" end")
        assert seen.ref is not None
        assert f'recall(ref="{seen.ref}", start=' in seen.text
        assert context.outputs.get(seen.ref, len(big) - 4) == " end"


@pytest.mark.parametrize("max_chars", [400, 401, 1000, 20_000])
async def test_a_cut_output_is_never_longer_than_allowed(
    context: ToolContext, max_chars: int
) -> None:
    subject = tool(max_chars=max_chars)(sync_and_async(lambda: "y" * 10_000_000)[0].function)
    assert len((await run(subject, context)).text) <= max_chars


async def test_where_the_disk_fails_the_output_is_still_cut(
    context: ToolContext, tmp_path: Any
) -> None:
    (tmp_path / "file").write_text("in the way")
    blocked = dataclasses.replace(context, outputs=Outputs(tmp_path / "file" / "below"))
    for subject in sync_and_async(lambda: "z" * 30_000):
        seen = await run(subject, blocked)
        assert not seen.error
        assert seen.ref is None
        assert "they could not be kept" in seen.text
        assert len(seen.text) <= subject.max_chars


class Filter(BaseModel):
    field: str
    above: float | None = None
    inside: list[Filter] = Field(default_factory=list)


def several_schemas() -> Iterator[FunctionTool]:
    @tool(inline=True)
    def first(query: str, limit: Annotated[int, Field(ge=1, le=10)] = 5) -> str:
        """Takes plain things."""
        return f"{query}{limit}"

    @tool(inline=True)
    def second(filters: list[Filter], mode: Literal["any", "all"] = "any") -> Any:
        """Takes nested things."""
        return filters

    @tool(inline=True)
    def third(copy: dict[str, int | str], json: bytes = b"", model_dump: bool = False) -> Any:
        """Takes things whose names pydantic uses itself."""
        return {"copy": copy, "json": json, "model_dump": model_dump}

    @tool(inline=True)
    def fourth() -> None:
        """Takes nothing."""

    yield from (first, second, third, fourth)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)
NAMES = st.sampled_from(
    ["query", "limit", "filters", "mode", "copy", "json", "field", "above", "inside"]
)
OBJECTS = st.dictionaries(NAMES | st.text(max_size=8), JSON, max_size=5).map(json.dumps)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(arguments=OBJECTS | JSON.map(json.dumps) | st.text())
async def test_no_arguments_make_a_tool_raise(context: ToolContext, arguments: str) -> None:
    for subject in several_schemas():
        seen = await subject.run(ToolCall("1", subject.spec.name, arguments), context)
        assert seen.error == (fault(subject, arguments) is not None)
        seen.text.encode()
        assert "\0" not in seen.text
        assert "\n" not in seen.text or not seen.error


def test_a_batched_parameter_has_to_be_there() -> None:
    with pytest.raises(UsageError, match="has no parameter 'queries' to be batched by"):

        @tool(batched="queries")
        def find(query: str) -> str:
            """Finds."""
            return query
