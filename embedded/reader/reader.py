"""A small reader of the Almanac that follows rules: no model, but it speaks like one.

It looks facts up one after the other: it searches first, opens the document where a search does
not tell, and follows other names (`walks`). Asked for a plan, a verdict or notes, it gives them
(`phases`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from ...benchmarks.suites.almanac.grammar import UNKNOWN
from ...journal.records import Message, Request, ToolCall
from .memory_notes import noted, with_notes
from .planner_replies import written
from .planner_requests import find
from .transcript import Transcript, read_transcript
from .walks import Call, guess, next_calls, verdict, walk

_CALL_WORDS = 8
"""Words kept for a turn's calls or answer when its thought has to fit."""


class AlmanacReader:
    """Answers questions of the Almanac by rules. Keeps no state: all comes from the request."""

    def reply(self, request: Request) -> tuple[Message, str]:
        """Returns the assistant's message and its finish reason.

        Its text ends with a line `Answer: NAME`, or it asks for tools. Never raises for what
        tools answered.
        """
        transcript = with_notes(read_transcript(request), request)
        if transcript.question is None:
            text = "This is no question of the Almanac, and I can read no other."
            return _answer(text, UNKNOWN, transcript)
        finding = find(transcript, transcript.question)
        if finding is not None:
            return Message("assistant", written(finding)), "stop"
        walks = [walk(route, transcript) for route in transcript.question.routes]
        thought = noted(" ".join(walk.thought for walk in walks), transcript, request)
        known = transcript.agreed or verdict(transcript.question, walks, transcript)
        if known is None:
            calls = next_calls(transcript.question, walks, transcript)
            if calls:
                return _ask(thought, calls, transcript)
        return _answer(thought, known or guess(transcript.question, walks), transcript)


def _fits(thought: str, transcript: Transcript) -> str:
    """Returns the thought, or nothing where it would crowd out what has to be said."""
    limit = transcript.max_words
    return thought if limit is None or len(thought.split()) + _CALL_WORDS <= limit else ""


def _ask(thought: str, calls: Sequence[Call], transcript: Transcript) -> tuple[Message, str]:
    tool_calls = tuple(
        ToolCall(
            f"call_{transcript.turn}_{position}", tool,
            json.dumps({transcript.tools[tool]: argument}),
        )
        for position, (tool, argument) in enumerate(calls)
    )  # fmt: skip
    return Message("assistant", _fits(thought, transcript), tool_calls), "tool_calls"


def _answer(thought: str, answer: str, transcript: Transcript) -> tuple[Message, str]:
    text = f"{_fits(thought, transcript)}\nAnswer: {answer}".strip()
    return Message("assistant", text), "stop"
