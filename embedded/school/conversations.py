"""A question of the Almanac as the chat that a planner and a memory make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

from ...benchmarks.suites.almanac.grammar import SEARCH_PRICE, read_question
from ...journal.records import Message, Request, ToolSpec
from ...memory import FullMemory, Memory, Summary, Trajectory
from ...memory.prompts import prompt
from ...planners.budget_tracker import BudgetLine, budget_block
from ..reader.lookups import read_look_ups, told
from ..reader.memory_notes import texts_of, with_notes
from ..reader.planner_replies import SUMMARISE
from ..reader.planner_requests import final, find
from ..reader.transcript import Transcript, read_transcript
from ..transformer.dialect import DialectTurn, message_ids
from ..transformer.planner_requests import phase_text, remembered, reply_ids, request_ids
from ..transformer.vocabulary import END, IDS, TURN
from .episodes import QuestionPlay, TokenEpisode
from .expert import EFFICIENT, UNITS, Expert, ExpertHabits

_LAST_WORDS = "Reply now with the best answer that you can give."


class ExpertConversation:
    """A question that an expert plays, as messages.

    Args:
        play: the question with its budget; nothing of it is played yet.
        memory: what it sees of its turns.
        notes: what it is told of earlier attempts.
    """

    def __init__(
        self,
        play: QuestionPlay,
        random: Random,
        *,
        habits: ExpertHabits = EFFICIENT,
        memory: Memory | None = None,
        notes: str = "",
    ) -> None:
        self.play = play
        question = read_question(play.case.drawn.text)
        if question is None:
            raise ValueError(f"no question of the Almanac: {play.case.drawn.text!r}")
        self.question = question
        self.memory = memory or FullMemory()
        self.expert = Expert(question, habits, random)
        self.expert.see(notes)
        self.is_forged = False
        """Whether the last answer is not the expert's."""
        system = "\n\n".join(prompt(name).text for name in self.memory.prompts)
        task = "\n\n".join(filter(None, (play.case.drawn.text, notes)))
        opening = Message("user", self._with_budget(task))
        self.trajectory = Trajectory((Message("system", system), opening))
        self._last: tuple[Request, list[int]] | None = None

    @property
    def is_answered(self) -> bool:
        return self.play.is_done

    @property
    def answer(self) -> str:
        """The last answer, or ""."""
        return final(self.trajectory.messages[-1].content)

    def request(self, *asked: str) -> Request:
        """Returns a request: what the memory shows, and a last message where there is one.

        With such a message no tool may be called.
        """
        messages = (*self.memory.shown(self.trajectory), *(Message("user", a) for a in asked))
        left = self.play.units
        tools = tuple(
            ToolSpec(tool, "", {}) for tool, price in UNITS.items() if left is None or price <= left
        )
        return Request(messages, tools, "none" if asked else "auto")

    def turn(self) -> None:
        """Plays one turn."""
        is_last = self.play.is_last
        request = self.request(_LAST_WORDS) if is_last else self.request()
        if not isinstance(self.memory, FullMemory):
            self.expert.see_only(self._read(request).facts)
        self._take(request, self.expert.turn(self.play.told, may_call=not is_last))

    def tell(self, text: str, *, goes_on: bool = False) -> None:
        """Tells something between two turns.

        Args:
            goes_on: the expert then looks further after its answer; otherwise it repeats that.
        """
        answer = self.answer
        self.trajectory.append(Message("user", self._with_budget(text)))
        if not self.is_answered:
            return
        if goes_on:
            self.play.answer = None
            self.expert.again()
        else:
            self._take(self.request(), DialectTurn(answer=answer))

    def claim(self, answer: str) -> None:
        """Gives an answer that is not the expert's; where it has given one, it is misread so."""
        thought = ""
        if self.is_answered:
            said = self.trajectory.messages[-1].content.partition("Answer:")[0]
            thought = said.replace(f": {self.answer} ", f": {answer} ")
            self.trajectory.rewind(self.trajectory.mark - 1)
        self.play.answer = answer
        self.is_forged = True
        self.trajectory.append(Message("assistant", f"{thought}Answer: {answer}"))

    def summarise(self) -> None:
        """Lets a summary stand for all but the last turn."""
        messages = self.trajectory.messages
        replies = [place for place, m in enumerate(messages) if m.role == "assistant"]
        if len(replies) > 1:
            self.trajectory.edit(Summary(upto=replies[-1], text=self.text(SUMMARISE)))

    def found(self, heading: str, shown: str = "", *, from_head: bool = False) -> TokenEpisode:
        """Returns the episode of a request that is no turn: what rules find is to be learned.

        Args:
            shown: what the request lists, such as candidates.
            from_head: it shows the task only, none of the turns.
        """
        request = self._phase(heading, shown, from_head)
        return self._episode(request, self._reply(request))

    def text(self, heading: str, shown: str = "") -> str:
        """Returns the text that the transformer's reply to such a request comes to."""
        request = self._phase(heading, shown, bool(shown))
        return phase_text(request, self._reply(request))

    def whole(self) -> TokenEpisode:
        """Returns all turns so far as an episode; what a memory hides is not in it."""
        ids = message_ids(self.memory.shown(self.trajectory))
        return TokenEpisode(ids=tuple(ids), mask=tuple(self._own(ids)))

    def last(self) -> TokenEpisode:
        """Returns the last turn as an episode, after what it was shown."""
        if self._last is None:
            raise ValueError("no turn has been played")
        return self._episode(*self._last, alone=True)

    def _phase(self, heading: str, shown: str, from_head: bool) -> Request:
        request = self.request(f"# {heading}\n\n{shown}")
        head = (*request.messages[:2], request.messages[-1])
        return replace(request, messages=head) if from_head else request

    def _reply(self, request: Request) -> list[int]:
        found = find(self._read(request), self.question)
        if found is None:
            raise ValueError(f"no finding for {request.messages[-1].content!r}")
        return reply_ids(found)

    def _read(self, request: Request) -> Transcript:
        """Returns what a request tells, by notes and by look-ups too where turns are hidden."""
        transcript = with_notes(read_transcript(request), request)
        if isinstance(self.memory, FullMemory):
            return transcript
        read = told(read_look_ups("\n".join(texts_of(request, "assistant"))))
        return replace(transcript, statements=(*read, *transcript.statements))

    def _take(self, request: Request, turn: DialectTurn) -> None:
        ids = turn.ids()[1:]
        self._last = request, ids
        before = sum(1 for message in request.messages if message.role == "assistant")
        message = turn.message(before)
        said = replace(message, content=remembered(message.content, request))
        seen = self.play.take(ids, turn)
        self.trajectory.append(said)
        if seen is not None:
            self.expert.see(seen.text, seen.notice)
            shown, call = self._with_budget(seen.text), said.tool_calls[0].id
            answer = Message("tool", shown, tool_call_id=call, notice=seen.notice)
            self.trajectory.append(answer)

    def _episode(
        self, request: Request, reply: Sequence[int], *, alone: bool = False
    ) -> TokenEpisode:
        """Returns a request's transcript with its reply; `alone` if only that is learned."""
        shown = request_ids(request)
        is_own = [False] * len(shown) if alone else self._own(shown)
        mask = (*is_own, *(True for _ in reply))
        return TokenEpisode(ids=(*shown, *reply), mask=mask)

    def _own(self, ids: Sequence[int]) -> list[bool]:
        if not isinstance(self.memory, FullMemory):
            return [False] * len(ids)
        return _own(ids, not self.is_forged)

    def _with_budget(self, text: str) -> str:
        left = self.play.told
        if left is None:
            return text
        line = BudgetLine("usd", self.play.spent * SEARCH_PRICE, Decimal(left) * SEARCH_PRICE)
        return f"{text}\n\n{budget_block([line])}"


def _own(ids: Sequence[int], with_last: bool) -> list[bool]:
    """Returns which tokens of a transcript stand in a turn, the last turn too or not."""
    own, turns, is_in = [], 0, False
    for place in ids:
        turns += place == IDS[TURN]
        own.append(turns if is_in else 0)
        is_in = (is_in or place == IDS[TURN]) and place != IDS[END]
    whole = turns - is_in
    return [0 < turn <= (whole if with_last else whole - 1) for turn in own]
