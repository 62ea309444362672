"""Observations as the messages that a policy reads: cut to its budget, with what it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...journal.notices import Notice, RestoredTools, UnreadOutput, WithdrawnTools, combined
from ...journal.old.sentences import CUT
from ...journal.records import Message, Observation


def shown(
    observations: Sequence[Observation],
    decided: Mapping[str, Any],
    told: Sequence[Notice] = (),
) -> list[Message]:
    """Returns the observations as messages, cut and with the tail that was decided on.

    Args:
        decided: `cut`, characters of each that are shown (None: all), the `note` after those, and
            the `tail` after the last one.
        told: what the tail tells of the tools.
    """
    cut, tail = decided["cut"], decided["tail"]
    messages: list[Message] = []
    for position, observation in enumerate(observations):
        text, notice = observation.text, observation.notice
        if cut is not None and len(text) > cut:
            text = f"{text[:cut]} {decided.get('note', CUT)}"
            notice = combined(notice, UnreadOutput(shown=cut))
        if position == len(observations) - 1:
            text = f"{text}\n\n{tail}" if tail else text
            notice = combined(notice, *told)
        id = observation.call_id
        messages.append(Message("tool", text, tool_call_id=id, notice=notice))
    return messages


def changes(before: frozenset[str], now: Sequence[str]) -> list[Notice]:
    """Returns what is to be told when other tools are used up than before."""
    lost = tuple(name for name in now if name not in before)
    back = tuple(sorted(before.difference(now)))
    told: list[Notice] = []
    if lost:
        told.append(WithdrawnTools(tools=lost))
    if back:
        told.append(RestoredTools(tools=back))
    return told
