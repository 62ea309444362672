"""The tokens of the small transformer: phrases and words of the Almanac, syllables, and marks.

A phrase that the Almanac always writes in the same words (`was born in`, `the mayor of`) is one
token; names are syllables, so that a new name is a new sequence of known tokens.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ...benchmarks.suites.almanac.grammar import (
    ALIAS,
    DISTRACTORS,
    FILLERS,
    FOLLOWERS,
    INITIALS,
    KINDS,
    NAME,
    OLD,
    RELATIONS,
    UNKNOWN,
)
from ..reader import planner_replies
from ..reader.lookups import NONE

PAD, UNK = "<pad>", "<unk>"
QUESTION, BUDGET, OBSERVATION, ERROR = "<q>", "<b>", "<obs>", "<err>"
TURN, SEARCH, OPEN, ANSWER, END = "<t>", "<s>", "<o>", "<a>", "<e>"
TOLD, MORE, LAST = "<u>", "<m>", "<w>"
"""Before what a later message tells, before one that sends the policy on to look further, and
before a turn in which no tool can be called."""
MARKS = (
    *(PAD, UNK, QUESTION, BUDGET, OBSERVATION, ERROR),
    *(TURN, SEARCH, OPEN, ANSWER, END, TOLD, MORE, LAST),
)

PHASES = {
    planner_replies.PLAN: "<plan>",
    planner_replies.STEPS: "<steps>",
    planner_replies.VERIFY: "<verify>",
    planner_replies.VALUE: "<value>",
    planner_replies.SELECT: "<select>",
    planner_replies.DISTIL: "<distil>",
    planner_replies.REFLECT: "<reflect>",
    planner_replies.SUMMARISE: "<summary>",
    planner_replies.CRITICISE: "<critic>",
    planner_replies.MODE: "<mode>",
}
"""The mark of each request that is no turn, by its heading."""
DECISIONS = (
    *(
        planner_replies.SUCCESS,
        planner_replies.CONTINUE,
        planner_replies.PIVOT,
        planner_replies.GO,
        planner_replies.STOP,
    ),
    *(planner_replies.AGENTIC, planner_replies.REASONING, planner_replies.INSTANT),
)
"""What such a request is decided as, a token each."""

MOST_UNITS = 20
"""The largest budget, in prices of a search, that has a token of its own."""
AMPLE = "n+"
BUDGETS = (*(f"n{units}" for units in range(MOST_UNITS + 1)), AMPLE)

FOLLOWER = "##"
"""Begins the token of a syllable that is not a name's first."""


def _phrases() -> tuple[str, ...]:
    relations = RELATIONS.values()
    nouns = [noun for relation in relations for noun in relation.nouns]
    stated = [phrase for relation in relations for phrase in relation.phrases]
    fillers = [part.strip() for text in FILLERS + DISTRACTORS for part in re.split("{[xy]}", text)]
    found = (
        *(f"the {noun} of" for noun in nouns),
        *(f"'s {noun}" for noun in nouns),
        *(f"has the {noun}" for noun in nouns),
        *(*stated, "is another name for", *fillers),
        *("Who is", "What is", "Are", "Which of", "and", "the same"),
        *("Nothing found", "No document has this name", "Similar names:"),
        *("is the name of a", "and of a", "Open", "or"),
        *(*KINDS, *(f"({kind})" for kind in KINDS), OLD),
        *(*RELATIONS, ALIAS, NONE, UNKNOWN, "yes", "no"),
        *"[].;,?:=",
    )
    return tuple(dict.fromkeys(filter(None, found)))


PHRASES: tuple[str, ...] = _phrases()
VOCABULARY: tuple[str, ...] = (
    *MARKS,
    *PHASES.values(),
    *DECISIONS,
    *BUDGETS,
    *PHRASES,
    *INITIALS,
    *(FOLLOWER + syllable for syllable in FOLLOWERS),
)
"""Every token; its place is its id. A file of weights is bound to this order."""
TOKENIZER = f"embedded/tiny-{zlib.crc32(' '.join(VOCABULARY).encode()):08x}"
"""Names this vocabulary in recorded token ids."""
IDS: dict[str, int] = {token: place for place, token in enumerate(VOCABULARY)}


def _guarded(phrase: str) -> str:
    start = r"(?<!\w)" if phrase[0].isalnum() else ""
    return start + re.escape(phrase) + (r"(?!\w)" if phrase[-1].isalnum() else "")


_PHRASE = "|".join(map(_guarded, sorted(PHRASES, key=len, reverse=True)))
_TOKEN = re.compile(rf"(?P<name>{NAME})|(?P<phrase>{_PHRASE})|\w+|\S")


def encode(text: str) -> list[int]:
    """Returns the ids of a text. A run of words of other languages is one `<unk>`."""
    return list(_encoded(text))


@lru_cache(maxsize=8_192)
def _encoded(text: str) -> tuple[int, ...]:
    """Returns the ids of a text; a transcript that grows is encoded again in each turn."""
    found: list[int] = []
    for match in _TOKEN.finditer(text):
        if match["name"]:
            found += _syllables(match["name"])
        elif match["phrase"]:
            found.append(IDS[match["phrase"]])
        elif not found or found[-1] != IDS[UNK]:
            found.append(IDS[UNK])
    return tuple(found)


def ids(tokens: Iterable[str]) -> list[int]:
    """Returns the ids of tokens."""
    return [IDS[token] for token in tokens]


def decode(ids: Sequence[int]) -> str:
    """Returns the text of ids: tokens between blanks, syllables joined to names."""
    words: list[str] = []
    for token in (VOCABULARY[place] for place in ids):
        if token.startswith(FOLLOWER) and words:
            words[-1] += token.removeprefix(FOLLOWER)
        else:
            words.append(token)
    return " ".join(words)


def _syllables(name: str) -> list[int]:
    return ids([name[:2], *(FOLLOWER + name[i : i + 2] for i in range(2, len(name), 2))])
