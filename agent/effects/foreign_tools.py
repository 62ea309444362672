"""Tools, approvers and conditions that are not ours: what they raise is an observation."""

from __future__ import annotations

import logging

from langgraph.errors import GraphBubbleUp

from ...journal.notice_text import told
from ...journal.notices import DeniedCall, FailedCall, Notice
from ...journal.records import Observation
from ...tools import Tool, ToolContext
from ...tools.invocation import Invocation

logger = logging.getLogger(__name__)


async def admitted(tool: Tool, call: Invocation, context: ToolContext) -> Notice | None:
    """Returns why a call may not be made, or None; a tool that cannot tell does not admit it."""
    try:
        return await tool.admit(call, context)
    except GraphBubbleUp:  # a question to a person
        raise
    except Exception as error:
        logger.exception("tool %s could not tell whether a call may be made", call.name)
        why = f"whether it may be made could not be told: {_said(error)}"
        return DeniedCall(tool=call.name, why=why)


async def made(tool: Tool, call: Invocation, context: ToolContext) -> Observation:
    """Makes a call and returns what came of it."""
    try:
        return await tool.run(call, context)
    except GraphBubbleUp:
        raise
    except Exception as error:
        logger.exception("tool %s raised instead of returning an observation", call.name)
        return told(call, FailedCall(tool=call.name, why=_said(error), how="raised"))


def pause_before_next(tool: Tool, observation: Observation, attempt: int) -> float | None:
    """Returns the seconds until a call that failed is made again, or None."""
    if not observation.error:
        return None
    try:
        return tool.again(observation, attempt)
    except Exception:
        logger.exception("tool %s could not tell whether to call it again", observation.tool)
        return None


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
