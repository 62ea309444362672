"""Episodes of plans, verdicts and notes are what planners and memories really show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from outlay.agent import Agent
from outlay.benchmarks.suites.almanac import almanac
from outlay.benchmarks.suites.almanac.questions import DrawnQuestion
from outlay.embedded.reader.transcript import SENT_ON, read_purse
from outlay.embedded.school.conversations import ExpertConversation
from outlay.embedded.school.episodes import QuestionPlay, WorldQuestion
from outlay.embedded.school.phase_episodes import phase_episodes
from outlay.embedded.transformer.planner_requests import phase_of, phase_text, request_ids
from outlay.embedded.transformer.vocabulary import END, IDS, PHASES, TURN, UNK, decode
from outlay.journal.records import Message, Reply, Request
from outlay.ledger.usage import Usage
from outlay.memory import memory
from outlay.planners import planner
from outlay.policies.in_process import Answer, InProcessPolicy


class Shadow:
    """Replies to a real run as a talk does, and compares what both were shown."""

    def __init__(self, case: WorldQuestion, shown: str) -> None:
        self.case = case
        self.view = memory(shown)
        self.talk = ExpertConversation(QuestionPlay(case, None), Random(0))
        self.asked: Counter[str] = Counter()
        self.differs: list[tuple[str, str]] = []

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        return [self._reply(request) for request in requests]

    def _reply(self, request: Request) -> Reply:
        phase = phase_of(request)
        self.asked[phase] += 1
        message = self._found(request, phase) if phase else self._turn(request)
        return Reply(message, Usage(input=1, output=1))

    def _found(self, request: Request, phase: str) -> Message:
        text = request.messages[-1].content.partition("\n\n")[2]
        listed = phase in ("Select an answer", "Distil the drafts")
        if len(request.messages) == 3 and not listed:
            self._begin(request)
        found = self.talk.found(phase, text, from_head=listed)
        shown = request_ids(request)
        self._compare(found.ids[: len(shown)], shown)
        return Message("assistant", phase_text(request, found.ids[len(shown) :]))

    def _turn(self, request: Request) -> Message:
        messages = request.messages
        told = messages[-1].content if messages[-1].role == "user" else ""
        if len(messages) == 2:
            self._begin(request)
            self.talk.turn()
        elif told and not told.startswith("<state>") and request.tool_choice != "none":
            text = told.partition("\n\n<budget>")[0]
            self.talk.tell(text, goes_on=text.startswith(SENT_ON))
            if not self.talk.is_answered:
                self.talk.turn()
        else:
            self.talk.turn()
        last = self.talk.last()
        shown = request_ids(request)
        self._compare(last.ids[: len(shown)], shown)
        return next(m for m in reversed(self.talk.trajectory.messages) if m.role == "assistant")

    def _begin(self, request: Request) -> None:
        task = request.messages[1].content
        purse = read_purse(task)
        head, _, _ = task.partition("\n\n<budget>")
        notes = head.removeprefix(self.case.drawn.text).strip()
        play = QuestionPlay(self.case, purse.calls_left("search") if purse else None)
        self.talk = ExpertConversation(play, Random(0), memory=self.view, notes=notes)

    def _compare(self, talk: Sequence[int], real: Sequence[int]) -> None:
        if list(talk) != list(real):
            self.differs.append((decode(talk), decode(real)))


PLANNERS = {
    "bats": {"Plan the search", "Verify the answer"},
    "plan_execute": {"Plan the steps"},
    "reflexion": {"Verify the answer"},
    "pdr": {"Distil the drafts"},
    "bavt:width=1": {"Judge the progress"},
    "best_of:n=2": set[str](),
    "vote:n=2": set[str](),
    "sequential": set[str](),
    "auto": {"Choose how to go about it"},
}


@pytest.mark.parametrize("name", list(PLANNERS))
async def test_planners_show_what_training_shows(name: str, tmp_path: Path) -> None:
    shadow = await shadowed(name, "full", tmp_path)
    assert shadow.differs == []
    assert set(shadow.asked) >= PLANNERS[name]
    assert shadow.asked[""] > 2


@pytest.mark.parametrize("shown", ["workspace", "state:turns=1", "window:outputs=1"])
async def test_memories_show_what_training_shows(shown: str, tmp_path: Path) -> None:
    assert (await shadowed("reflexion", shown, tmp_path)).differs == []


async def shadowed(name: str, shown: str, home: Path) -> Shadow:
    suite = almanac()
    task = list(suite.tasks(4, seed=0))[-1]
    case = WorldQuestion(
        world=suite.world(task), drawn=DrawnQuestion(task.prompt, task.gold, ()), hops=task.hops
    )
    shadow = Shadow(case, shown)
    agent = Agent(
        model=InProcessPolicy(shadow, name="embedded/tiny"),
        tools=suite.world(task).tools(),
        planner=planner(name, tracked=True),
        memory=memory(shown),
        budget=f"usd={Decimal('0.016')}",
        home=home,
    )
    await agent.run(task.prompt)
    return shadow


def test_what_is_learned_ends_each_request() -> None:
    seen: Counter[str] = Counter()
    for episode in islice(phase_episodes(Random(2)), 150):
        assert IDS[UNK] not in episode.ids
        last = max(at for at, place in enumerate(episode.ids) if place == IDS[TURN])
        assert episode.ids[-1] == IDS[END]
        assert all(episode.mask[last + 1 :])
        assert not any(episode.mask[at] for at, i in enumerate(episode.ids) if i == IDS[TURN])
        seen.update(mark for mark in PHASES.values() if IDS[mark] in episode.ids)
    assert set(seen) == set(PHASES.values())


def test_equal_seeds_give_equal_episodes() -> None:
    first, second = (list(islice(phase_episodes(Random(8)), 12)) for _ in range(2))
    assert first == second
