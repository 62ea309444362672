"""Secrets stay with the tool, through other wrappers and tools that are no functions too."""

from __future__ import annotations

import base64
import html
import json
import logging
import urllib.parse
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import cost, fault

from outlay.journal.notices import InvalidArguments, Notice
from outlay.journal.records import Observation, ToolCall, ToolSpec
from outlay.journal.secrets import cleaner
from outlay.ledger.errors import UsageError
from outlay.tools import Tool, ToolContext, Wrapper, tool
from outlay.tools.functions.rendering import cut
from outlay.tools.invocation import Invocation
from outlay.tools.wrappers import approved, cached, redacted

SECRET = 'hunter2-"ünïcode"&<key>/+'
SAID = SECRET + " "


@tool(price=0, read_only=True, max_chars=1_000)
def leak(times: int = 1, fails: bool = False) -> str:
    """Tells too much."""
    if fails:
        raise RuntimeError(SAID * times)
    return SAID * times


@dataclass
class Foreign(Wrapper):
    """A tool that is no function: it cuts and keeps its output itself."""

    inner: Tool

    @property
    def spec(self) -> ToolSpec:
        return ToolSpec("leak", f"Signs in with {SECRET}.", {"default": {"key": SECRET}}, True)

    async def run(self, call: ToolCall, context: ToolContext) -> Observation:
        times = json.loads(call.arguments).get("times", 1)
        text, ref = cut("x" * 700 + SAID * times, 1_000, context.outputs)
        return Observation(call.id, "leak", text, ref=ref)


class Alien:
    """Hides the function of a tool, so that only what comes out can be cleaned."""

    least_cost = Decimal(0)
    concurrency = None

    def __init__(self, inner: Tool) -> None:
        self.spec = inner.spec
        self.run = inner.run

    def read(self, call: ToolCall) -> InvalidArguments:
        return InvalidArguments(tool="leak", why=f"no: {call.arguments}")

    def cost(self, call: Invocation) -> Decimal | None:
        return self.least_cost

    async def admit(self, call: Invocation, context: ToolContext) -> Notice | None:
        return None

    def again(self, observation: Observation, attempt: int) -> float | None:
        return None


def kept(folder: Path) -> str:
    return b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file()).decode()


@pytest.mark.parametrize("times", [1, 500])
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("wrap", ["none", "approved", "cached", "foreign", "alien"])
async def test_nothing_is_told_or_kept(
    wrap: str,
    fails: bool,
    times: int,
    tmp_path: Path,
    context: ToolContext,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    wrapped: dict[str, Tool] = {
        "none": leak,
        "approved": approved(leak, lambda question: True),
        "cached": cached(leak, tmp_path / "cache"),
        "foreign": Foreign(leak),
        "alien": Alien(Foreign(leak)),
    }
    safe = redacted(wrapped[wrap], [SECRET])
    given = json.dumps({"times": times, "fails": fails})
    for _ in range(2):
        found = await safe.run(ToolCall("c", "leak", given), context)
        assert "[redacted]" in found.text
        seen = found.text + kept(tmp_path) + caplog.text + repr(safe.spec)
        assert not [part for part in ("hunter2", "key>") if part in seen]


async def test_what_was_cut_can_be_read_on_in(context: ToolContext) -> None:
    safe = redacted(Alien(Foreign(leak)), SECRET)
    found = await safe.run(ToolCall("c", "leak", '{"times": 500}'), context)
    assert found.ref is not None
    assert len(found.text) <= 1_000
    assert context.outputs.get(found.ref, length=None) == "x" * 700 + "[redacted] " * 500


def test_faults_and_prices_that_fail_tell_nothing() -> None:
    def price(times: int) -> float:
        raise ValueError(f"no tariff for {SECRET}")

    @tool(price=price)
    def sell(times: int) -> str:
        """Sells."""
        return ""

    safe = redacted(sell, [SECRET])
    with pytest.raises(UsageError, match=r"no tariff for \[redacted\]"):
        cost(safe, '{"times": 1}')
    assert fault(redacted(Alien(leak), [SECRET]), SECRET) == "no: [redacted]"


async def test_leaving_the_process_tells_nothing(
    context: ToolContext, caplog: pytest.LogCaptureFixture
) -> None:
    @tool
    def leave() -> str:
        """Goes."""
        raise SystemExit(SECRET)

    caplog.set_level(logging.DEBUG)
    found = await redacted(leave, [SECRET]).run(ToolCall("c", "leave", "{}"), context)
    assert (found.error, found.text) == (True, "Error: the tool raised SystemExit")
    assert "hunter2" not in caplog.text


secrets = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=11, max_size=40)


@given(secrets, st.text(max_size=9), st.text(max_size=9), st.integers(0, 7))
def test_no_form_of_a_secret_passes(secret: str, before: str, after: str, form: int) -> None:
    written = [
        lambda text: text,
        lambda text: json.dumps(text),
        lambda text: json.dumps(text, ensure_ascii=False),
        lambda text: urllib.parse.quote(text, safe=""),
        lambda text: urllib.parse.quote_plus(text).lower(),
        lambda text: html.escape(text),
        lambda text: text.encode().hex().upper(),
        lambda text: base64.b64encode(text.encode()).decode(),
    ][form]
    shown = cleaner([secret])(written(f"{before}{secret}{after}"))
    assert "[redacted]" in shown
    assert written(secret).strip('"') not in shown
