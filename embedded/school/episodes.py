"""Episodes to learn from: played by experts in Almanac worlds of training names, and drills."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from ...benchmarks.suite import Task
from ...benchmarks.suites.almanac import AlmanacKnobs, AlmanacWorld, ExactScorer
from ...benchmarks.suites.almanac.grammar import (
    ALIAS,
    NO_HITS_TEXT,
    OLD,
    RELATIONS,
    SEARCH_PRICE,
    Statement,
    read_question,
    read_statements,
)
from ...benchmarks.suites.almanac.questions import DrawnQuestion, QuestionDrawer, QuestionKind
from ...journal.notice_text import for_policy, told
from ...journal.notices import RefusedCall, WithdrawnTools, notices_of
from ...journal.records import Observation, ToolCall
from ..reader.lookups import NONE
from ..transformer.dialect import DialectTurn, budget_ids, observation_ids, question_ids
from ..transformer.vocabulary import IDS, LAST, OBSERVATION, TOLD, TURN, encode
from .expert import EFFICIENT, UNITS, WASTEFUL, Expert, ExpertHabits

BUDGETS = (1, 2, 2, 3, 3, 4, 4, 5, 6, 6, 7, 8, 8, 10, 12, 14, 16, 16, 18, 20, 25)
"""Budgets in prices of a search, small ones more often."""
_MOST_TURNS = 24
_QUESTIONS_PER_WORLD = 8
_URGED = 0.06
"""Share of episodes in which the policy is told something after its answer, and repeats it."""
_UNLIMITED, _CUT_SHORT, _UNTOLD = 0.2, 0.05, 0.1
"""Shares of questions without a budget, with a few turns only, and with a budget not told."""
_STALE = (0.18, 0.3, 0.4)


@dataclass(frozen=True, kw_only=True)
class TokenEpisode:
    """A transcript, and which of its tokens are to be learned."""

    ids: tuple[int, ...]
    mask: tuple[bool, ...]
    """True where a token is the policy's own."""


@dataclass(frozen=True, kw_only=True)
class WorldQuestion:
    """A question in its world."""

    world: AlmanacWorld
    drawn: DrawnQuestion
    hops: int | None
    """Length of a chain, None for other questions."""


class QuestionPlay:
    """One question being played: a transcript that grows, a purse, and at last an answer."""

    def __init__(
        self,
        case: WorldQuestion,
        units: int | None,
        *,
        is_told: bool = True,
        most_turns: int = _MOST_TURNS,
    ) -> None:
        self.case = case
        self.units = units
        """What is left, in prices of a search; None is no limit."""
        self.spent = 0
        self.answer: str | None = None
        self._is_told = is_told
        self._most_turns = most_turns
        self._withdrawn: set[str] = set()
        self.ids = question_ids(case.drawn.text, self.told)
        self.mask = [False] * len(self.ids)
        self.turns = 0

    @property
    def is_last(self) -> bool:
        """Whether no tool can be called any more."""
        return (self.units is not None and self.units < 1) or self.turns >= self._most_turns

    @property
    def is_done(self) -> bool:
        return self.answer is not None

    def prompt(self) -> list[int]:
        """Returns the transcript up to the `<t>` of the next turn."""
        marks = [IDS[TOLD], IDS[LAST]] if self.is_last else []
        self._add([*marks, IDS[TURN]], False)
        return self.ids

    def take(self, ids: Sequence[int], turn: DialectTurn) -> Observation | None:
        """Takes a turn, given as what follows its `<t>` and as what it means.

        Returns what the tool answered, or None after the last turn.
        """
        was_last = self.is_last
        self.turns += 1
        self._add(ids, True)
        if was_last or not turn.calls:
            self.answer = turn.answer or ""
            return None
        seen = self._called(*turn.calls[0])
        self._add(observation_ids(seen.text, self.told, *notices_of(seen.notice)), False)
        return seen

    def _called(self, tool: str, argument: str) -> Observation:
        """Returns what the Agent shows of a call."""
        price, before = UNITS[tool], self.units
        if before is not None and price > before:
            return told(ToolCall("", tool), self._refused(tool, before))
        self.spent += price
        world = self.case.world
        text = world.search(argument) if tool == "search" else world.open(argument)
        if before is None:
            return Observation("", tool, text)
        self.units = before - price
        gone = {name for name, cost in UNITS.items() if cost > self.units}
        new, self._withdrawn = gone - self._withdrawn, gone
        if not new:
            return Observation("", tool, text)
        notice = WithdrawnTools(tools=tuple(name for name in UNITS if name in new))
        return Observation("", tool, f"{text}\n\n{for_policy(notice)}", notice=notice)

    def _refused(self, tool: str, left: int) -> RefusedCall:
        limit = (left + self.spent) * SEARCH_PRICE
        return RefusedCall(
            tool=tool, resource="usd", account="the run", limit=limit,
            spent=self.spent * SEARCH_PRICE, asked=UNITS[tool] * SEARCH_PRICE,
        )  # fmt: skip

    def score(self) -> float:
        """Returns 1 for a right answer, else 0."""
        task = Task(id="", prompt="", kind="", gold=self.case.drawn.gold)
        return ExactScorer().score(task, f"Answer: {self.answer}")

    def urge(self) -> None:
        """Lets something be said after the answer, which is then given again."""
        self._add([IDS[TOLD], *budget_ids(self.told), IDS[TURN]], False)
        self._add(DialectTurn(answer=self.answer).ids()[1:], True)

    def episode(self) -> TokenEpisode:
        return TokenEpisode(ids=tuple(self.ids), mask=tuple(self.mask))

    @property
    def told(self) -> int | None:
        """What the policy is told of its budget."""
        return self.units if self._is_told else None

    def _add(self, ids: Sequence[int], is_own: bool) -> None:
        self.ids.extend(ids)
        self.mask.extend([is_own] * len(ids))


def cases(
    random: Random, knobs: AlmanacKnobs, hops: Sequence[int] = (1, 2, 3, 4)
) -> Iterator[WorldQuestion]:
    """Yields questions without end, a few from each world, of the kinds that the knobs say."""
    chains = 1 - knobs.comparison - knobs.unanswerable
    shares = (chains, knobs.comparison, knobs.unanswerable)
    while True:
        world = AlmanacWorld(f"training/{random.getrandbits(64)}", knobs)
        questions = QuestionDrawer(random, world.facts, knobs)
        for _ in range(_QUESTIONS_PER_WORLD):
            kind = random.choices(_KINDS, shares)[0]
            length = random.choice(hops) if kind == "chain" else None
            drawn = questions.draw(kind, length)
            if drawn:
                yield WorldQuestion(world=world, drawn=drawn, hops=length)


_KINDS: tuple[QuestionKind, ...] = ("chain", "comparison", "unanswerable")


def training_knobs(random: Random) -> AlmanacKnobs:
    """Returns knobs of training worlds: training names, more old facts and comparisons."""
    return AlmanacKnobs(split="train", stale=random.choice(_STALE), comparison=0.25)


def played(play: QuestionPlay, random: Random, habits: ExpertHabits = EFFICIENT) -> QuestionPlay:
    """Plays a question to its end as an expert does, and returns it."""
    question = read_question(play.case.drawn.text)
    if question is None:
        raise ValueError(f"no question of the Almanac: {play.case.drawn.text!r}")
    expert = Expert(question, habits, random)
    while not play.is_done:
        play.prompt()
        turn = expert.turn(play.told, may_call=not play.is_last)
        seen = play.take(turn.ids()[1:], turn)
        if seen is not None:
            expert.see(seen.text, seen.notice)
    return play


def expert_episodes(
    random: Random, wasteful: float, waste: ExpertHabits = WASTEFUL
) -> Iterator[TokenEpisode]:
    """Yields episodes without end; `wasteful` is the share of experts with the habits `waste`."""
    while True:
        source = cases(random, training_knobs(random))
        for case in (next(source) for _ in range(_QUESTIONS_PER_WORLD)):
            habits = waste if random.random() < wasteful else EFFICIENT
            play = played(drawn_play(case, random), random, habits)
            if random.random() < _URGED:
                play.urge()
            yield play.episode()


def drawn_play(case: WorldQuestion, random: Random) -> QuestionPlay:
    """Returns a question with a budget, with one that is not told, with none, or cut short."""
    chance = random.random()
    if chance < _UNLIMITED:
        return QuestionPlay(case, None)
    if chance < _UNLIMITED + _CUT_SHORT:
        return QuestionPlay(case, None, most_turns=random.randint(1, 4))
    is_told = chance >= _UNLIMITED + _CUT_SHORT + _UNTOLD
    return QuestionPlay(case, random.choice(BUDGETS), is_told=is_told)


def drills(random: Random) -> Iterator[TokenEpisode]:
    """Yields drills without end: some observations, then look-ups in them, one after the other."""
    while True:
        world = AlmanacWorld(f"drill/{random.getrandbits(64)}", training_knobs(random))
        for _ in range(_QUESTIONS_PER_WORLD):
            yield _drill(world, random)


def _drill(world: AlmanacWorld, random: Random) -> TokenEpisode:
    titles = list(world.library.documents)
    texts = [_observed(world, random, random.choice(titles)) for _ in range(random.randint(1, 5))]
    ids = [place for text in texts for place in (IDS[OBSERVATION], *encode(text))]
    ids.append(IDS[TURN])
    mask = [False] * len(ids)
    facts = _newest(s for text in texts for s in read_statements(text))
    for _ in range(random.randint(4, 10)):
        head, value = _look_up(facts, random)
        ids += (asked := encode(head))
        mask += [False] * len(asked)
        ids += (told := encode(f"{value} ."))
        mask += [True] * len(told)
    return TokenEpisode(ids=tuple(ids), mask=tuple(mask))


def _observed(world: AlmanacWorld, random: Random, title: str) -> str:
    if random.random() < 0.5:
        return world.open(title)
    name = title.split(" ")[0]
    return world.search(f"{name} {random.choice(list(RELATIONS))}") or NO_HITS_TEXT


def _newest(statements: Iterator[Statement]) -> dict[tuple[str, str], Statement]:
    facts: dict[tuple[str, str], Statement] = {}
    for fact in statements:
        key = (fact.subject, fact.relation)
        if key not in facts or facts[key].old or not fact.old:
            facts[key] = fact
    return facts


def _look_up(facts: dict[tuple[str, str], Statement], random: Random) -> tuple[str, str]:
    """Returns a look-up up to its colon, and its value; one in four has none."""
    names = [name for name, _ in facts] or ["Vokizu"]
    rest = random.choices(list(RELATIONS), k=random.randint(0, 3))
    if facts and random.random() < 0.75:
        key, fact = random.choice(list(facts.items()))
        name, relation = key
        value = fact.object + (f" {OLD}" if fact.old else "")
        if relation == ALIAS:
            relation, value = random.choice(list(RELATIONS)), f"{ALIAS} {fact.object}"
    else:
        name, relation = random.choice(names), random.choice(list(RELATIONS))
        found = facts.get((name, ALIAS)) or facts.get((name, relation))
        value = NONE if found is None else found.object + (f" {OLD}" if found.old else "")
        value = f"{ALIAS} {value}" if (name, ALIAS) in facts else value
    if (name, ALIAS) in facts and not value.startswith(ALIAS):
        value = f"{ALIAS} {facts[name, ALIAS].object}"
    return " ".join((*rest, name, relation, ":")), value
