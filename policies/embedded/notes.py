"""What the reader of the Almanac writes for a memory that does not show it everything.

The system message says what a memory wants: a report, a state, or that old outputs leave. The
notes hold all facts that are known, in sentences that the reader reads again with their mark
`(old)`, and the calls that need not be made again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .grammar import KINDS, NAME, read_statements
from .phases import facts_text
from .transcript import Transcript

SUMMARISE = "Summarise the work so far"
"""The heading of a memory's request for a summary."""

_TRIED = re.compile(r'\b(search|open) "([^"\n]*)"')
_TITLE = re.compile(rf"{NAME} \((?:{'|'.join(KINDS)})\)")


def with_notes(transcript: Transcript, body: Mapping[str, Any]) -> Transcript:
    """Returns the transcript with what the reader's own notes in it say."""
    texts = _texts(body, "assistant", "user")
    written = "\n".join(_texts(body, "assistant"))
    tried = {(tool, argument) for text in texts for tool, argument in _TRIED.findall(text)}
    return replace(
        transcript,
        statements=(*read_statements(written), *transcript.statements),
        tried=transcript.tried | tried,
        text="\n".join((transcript.text, *texts)),
    )


def noted(thought: str, transcript: Transcript, body: Mapping[str, Any]) -> str:
    """Returns a thought with the notes that the memory in force asks for."""
    system = "\n".join(_texts(body, "system"))
    if "<report>" in system:
        return f"<report>\n{summary(transcript)}\n</report>\n{thought}"
    if "<state>" in system:
        found, tried = facts_text(transcript).replace(".", ";"), "; ".join(_tried(transcript))
        return f"<state>\nfound: {found}\ntried: {tried}\n</state>\n{thought}"
    return f"{summary(transcript)}\n{thought}" if "is out of view" in system else thought


def summary(transcript: Transcript) -> str:
    """Returns all that is known, and what was tried."""
    tried = _tried(transcript)
    return f"{facts_text(transcript)}\nTried: {'; '.join(tried)}" if tried else "Nothing yet."


def _tried(transcript: Transcript) -> list[str]:
    titles = dict.fromkeys(_TITLE.findall(transcript.text))
    return [*(f'{tool} "{argument}"' for tool, argument in sorted(transcript.tried)), *titles]


def _texts(body: Mapping[str, Any], *roles: str) -> list[str]:
    messages = (m for m in body.get("messages") or () if isinstance(m, Mapping))
    found = (m.get("content") for m in messages if m.get("role") in roles)
    return [text for text in found if isinstance(text, str)]
