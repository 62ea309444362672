"""Episodes of what planners and memories ask beside plain turns, without end.

An expert plays a question, after notes of an earlier attempt or not, sent on to look further or
not, with its earlier turns in view or hidden. Where it stands then, a plan, a verdict, a choice or
notes are asked for, and what rules find is to be learned in the transformer's dialect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from random import Random

from ...benchmarks.suites.almanac.grammar import NAME, UNKNOWN
from ...memory import FullMemory, Memory
from ...memory.state import StateMemory
from ...memory.summary import SummaryMemory
from ...memory.window import WindowMemory
from ...memory.workspace import WorkspaceMemory
from ..reader import planner_replies
from ..reader.transcript import SENT_ON
from .conversations import ExpertConversation
from .episodes import QuestionPlay, TokenEpisode, WorldQuestion, cases, drawn_play, training_knobs
from .expert import EFFICIENT, WASTEFUL, ExpertHabits

_QUESTIONS_PER_WORLD = 8
_OPENING = (
    planner_replies.PLAN,
    planner_replies.STEPS,
    planner_replies.MODE,
    planner_replies.CRITICISE,
)
_JUDGED = (
    planner_replies.VERIFY,
    planner_replies.VALUE,
    planner_replies.REFLECT,
    planner_replies.SUMMARISE,
)
_LISTED = {planner_replies.SELECT: "Candidate", planner_replies.DISTIL: "Draft"}
_HIDING: tuple[Memory, ...] = (
    WorkspaceMemory(),
    StateMemory(),
    StateMemory(turns=1),
    WindowMemory(outputs=1),
    WindowMemory(outputs=2),
    SummaryMemory(),
)
_KINDS = {"opening": 0.06, "listed": 0.14, "judged": 0.5, "turns": 0.3}
"""Shares of the sorts of episodes."""
_AGAIN, _HIDDEN, _WRONG, _SENT_ON, _TOLD = 0.3, 0.25, 0.4, 0.3, 0.1
"""Shares of second attempts, of memories that hide turns, of answers that are not the expert's, of
answers after which it is sent on, and of turns before which it is told something."""
_MOST_CANDIDATES = 4
_MANY = 99


def phase_episodes(random: Random) -> Iterator[TokenEpisode]:
    """Yields episodes of requests that are no turns, and of turns that follow from such.

    Seven in ten are of the former; plans, modes and critics, which are easily learned, are few.
    """
    while True:
        source = cases(random, training_knobs(random))
        for case in islice(source, _QUESTIONS_PER_WORLD):
            [kind] = random.choices(list(_KINDS), list(_KINDS.values()))
            yield _MAKERS[kind](case, random)


def _opening(case: WorldQuestion, random: Random) -> TokenEpisode:
    talk = _begun(case, random, FullMemory())
    heading = random.choice(_OPENING)
    if heading == planner_replies.CRITICISE:
        _go_on(talk, random, random.randint(0, 3))
    return talk.found(heading)


def _listed(case: WorldQuestion, random: Random) -> TokenEpisode:
    talk = _begun(case, random, FullMemory())
    heading = random.choice(list(_LISTED))
    return talk.found(heading, _candidates(heading, talk, random), from_head=True)


def _judged(case: WorldQuestion, random: Random) -> TokenEpisode:
    heading = random.choice(_JUDGED)
    talk = _begun(case, random, _memory(random))
    _go_on(talk, random, random.choice((1, 2, 3, 4, 6, _MANY, _MANY, _MANY)))
    _send_on(talk, random)
    is_due = heading in (planner_replies.VERIFY, planner_replies.REFLECT)
    may_err = is_due or heading == planner_replies.VALUE
    is_wrong = talk.is_answered and may_err and random.random() < _WRONG
    if is_wrong or (is_due and not talk.is_answered):
        talk.claim(_wrong(talk, random))
    return talk.found(heading)


def _turns(case: WorldQuestion, random: Random) -> TokenEpisode:
    talk = _begun(case, random, _memory(random))
    in_view = isinstance(talk.memory, FullMemory)
    _go_on(talk, random, _MANY if in_view else random.choice((2, 3, 4, _MANY, _MANY)))
    _send_on(talk, random)
    return talk.whole() if in_view else talk.last()


def _begun(case: WorldQuestion, random: Random, view: Memory) -> ExpertConversation:
    """Returns a talk at its beginning, now and then of a second attempt."""
    play = drawn_play(case, random)
    if random.random() >= _AGAIN:
        return ExpertConversation(play, random, habits=_habits(random), memory=view)
    first = ExpertConversation(play, random, habits=_habits(random))
    _go_on(first, random, random.choice((1, 2, 3, _MANY)))
    heading = random.choice(
        (planner_replies.REFLECT, planner_replies.VERIFY, planner_replies.DISTIL)
    )
    shown = _candidates(heading, first, random) if heading in _LISTED else ""
    notes = first.text(heading, shown)
    left = QuestionPlay(case, play.units, is_told=play.told is not None)
    if left.is_last:
        left = QuestionPlay(case, 3, is_told=left.told is not None)
    return ExpertConversation(left, random, habits=_habits(random), memory=view, notes=notes)


def _go_on(talk: ExpertConversation, random: Random, turns: int) -> None:
    """Plays some turns, or up to the answer; now and then it is told something before one."""
    for number in range(turns):
        if talk.is_answered:
            break
        if random.random() < _TOLD / (1 + number):
            talk.tell("Another way is to be taken now.")
        talk.turn()
        is_due = isinstance(talk.memory, SummaryMemory) and not talk.is_answered
        if is_due and random.random() < 1 / 2:
            talk.summarise()
    if talk.is_answered and not talk.play.is_last and random.random() < _TOLD:
        talk.tell("Go on with the next step.")


def _send_on(talk: ExpertConversation, random: Random) -> None:
    """Now and then sends it on after its answer, and plays up to the next one."""
    if talk.is_answered and not talk.play.is_last and random.random() < _SENT_ON:
        talk.tell(random.choice(SENT_ON), goes_on=True)
        _go_on(talk, random, _MANY)


def _candidates(heading: str, talk: ExpertConversation, random: Random) -> str:
    """Returns some attempts as a request lists them; many of their answers are wrong."""
    texts = []
    for _ in range(random.randint(2, _MOST_CANDIDATES)):
        drafted = ExpertConversation(
            drawn_play(talk.play.case, random), random, habits=_habits(random)
        )
        _go_on(drafted, random, _MANY)
        thought, _, _ = drafted.trajectory.messages[-1].content.partition("Answer:")
        answer = _wrong(drafted, random) if random.random() < _WRONG else drafted.answer
        texts.append(f"{thought}\nAnswer: {answer}")
    listed = [f"{_LISTED[heading]} {number}: {text}" for number, text in enumerate(texts, 1)]
    return "\n\n".join(listed)


def _wrong(talk: ExpertConversation, random: Random) -> str:
    """Returns an answer that may well be wrong: a name in view, or that it is not known."""
    seen = "\n".join(message.content for message in talk.trajectory.messages[1:])
    if talk.question.form == "same":
        return random.choice(("yes", "no"))
    return UNKNOWN if random.random() < 1 / 4 else random.choice(re.findall(NAME, seen))


def _memory(random: Random) -> Memory:
    return random.choice(_HIDING) if random.random() < _HIDDEN else FullMemory()


def _habits(random: Random) -> ExpertHabits:
    return random.choice((EFFICIENT, EFFICIENT, WASTEFUL))


_MAKERS = {"opening": _opening, "listed": _listed, "judged": _judged, "turns": _turns}
