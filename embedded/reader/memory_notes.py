"""What the reader of the Almanac writes for a memory that does not show it everything.

The system message says what a memory wants: a report, a state, or that old outputs leave. The
notes hold all facts that are known, in sentences that the reader reads again with their mark
`(old)`, and the calls that need not be made again.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ...benchmarks.suites.almanac.grammar import read_statements
from ...journal.records import Request
from .planner_replies import facts_text, notes, tried_text
from .planner_requests import titles
from .transcript import Transcript

REPORT, STATE = "<report>", "<state>"
"""Marks in the system message of a memory that wants a report, or a state, in each turn."""
_TRIED = re.compile(r'\b(search|open) "([^"\n]*)"')


def with_notes(transcript: Transcript, request: Request) -> Transcript:
    """Returns the transcript with what the reader's own notes in it say."""
    texts = texts_of(request, "assistant", "user")
    written = "\n".join(texts_of(request, "assistant"))
    tried = [call for text in texts for call in tried_in(text)]
    return replace(
        transcript,
        statements=(*read_statements(written), *transcript.statements),
        tried=tuple(dict.fromkeys((*tried, *transcript.tried))),
        text="\n".join((transcript.text, *texts)),
    )


def tried_in(text: str) -> list[tuple[str, str]]:
    """Returns the calls that notes in a text say were made."""
    return _TRIED.findall(text)


def noted(thought: str, transcript: Transcript, request: Request) -> str:
    """Returns a thought with the notes that the memory in force asks for."""
    system = "\n".join(texts_of(request, "system"))
    facts = transcript.facts.values()
    tried = [*tried_text(transcript.tried), *titles(transcript)]
    if REPORT in system:
        return f"<report>\n{notes(facts, tried)}\n</report>\n{thought}"
    if STATE in system:
        found = facts_text(facts).replace(".", ";")
        return f"<state>\nfound: {found}\ntried: {'; '.join(tried)}\n</state>\n{thought}"
    return f"{notes(facts, tried)}\n{thought}" if "is out of view" in system else thought


def texts_of(request: Request, *roles: str) -> list[str]:
    """Returns the texts of a request's messages of some roles."""
    return [message.content for message in request.messages if message.role in roles]
