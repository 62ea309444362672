"""The rule-following reader of the Almanac: what it solves, what it spends, what it survives."""

import json
from decimal import Decimal

import pytest
from chat_bodies import in_chat_form, request_of
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.suites.almanac import Almanac
from outlay.benchmarks.suites.almanac.grammar import VOCABULARY, tokens
from outlay.embedded.reader.reader import AlmanacReader
from outlay.embedded.reader.transcript import read_purse
from outlay.journal.notice_text import for_policy
from outlay.journal.notices import FailedCall
from outlay.journal.records import Message, Request, ToolCall, ToolSpec
from outlay.policies.word_bills import SpokenModel

QUESTION = "Who is the mayor of the birthplace of Vokizu?"
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"properties": {key: {}}}}}
    for name, key in (("search", "query"), ("open", "name"))
]
PRICES = {"search": Decimal("0.001"), "open": Decimal("0.003")}
MAX_TURNS = 40


@pytest.fixture(scope="module")
def suite():
    return Almanac()


@pytest.fixture(scope="module")
def tasks(suite):
    return suite.tasks(100, 5)


def user(text):
    return {"role": "user", "content": text}


def asked(tool, argument, number=0):
    call = {
        "id": f"c{number}",
        "function": {"name": tool, "arguments": json.dumps({"x": argument})},
    }
    return {"role": "assistant", "content": "", "tool_calls": [call]}


def told(text, number=0):
    return {"role": "tool", "tool_call_id": f"c{number}", "content": text}


def reply(*messages, **options):
    body = {"messages": list(messages), "tools": TOOLS, **options}
    return in_chat_form(AlmanacReader().reply(request_of(body)))


def calls(message):
    found = [call["function"] for call in message.get("tool_calls", ())]
    return [(f["name"], next(iter(json.loads(f["arguments"]).values()))) for f in found]


def answer(message):
    assert not message.get("tool_calls")
    return message["content"].splitlines()[-1]


class Drive:
    """A plain loop over the tools. Calls beyond `cap` (USD) are not run, and end the loop."""

    def __init__(self, suite, task, *, cap=None, block=False):
        self.world, self.cap, self.block = suite.world(task), cap, block
        self.spent, self.refused, self.texts = Decimal(0), 0, []
        self.messages = [user(task.prompt + self.shown())]
        self.score = suite.scorer.score(task, self.answer())

    def shown(self):
        left = self.cap - self.spent if self.block else 0
        return f"\n<budget>\nusd: used {self.spent}, remaining {left}\n</budget>" * self.block

    def answer(self):
        for _ in range(MAX_TURNS):
            message, finish = reply(*self.messages)
            self.texts.append(message["content"])
            if finish == "stop":
                return message["content"]
            self.messages.append(message)
            if not self.run(message):
                return reply(*self.messages, tool_choice="none")[0]["content"]
        raise AssertionError("the reader never came to an end")

    def run(self, message):
        for call, (tool, argument) in zip(message["tool_calls"], calls(message), strict=True):
            if self.cap is not None and self.spent + PRICES[tool] > self.cap:
                self.refused += 1
                return False
            self.spent += PRICES[tool]
            text = self.world.search(argument) if tool == "search" else self.world.open(argument)
            self.messages.append({"role": "tool", "tool_call_id": call["id"], "content": text})
        self.messages[-1]["content"] += self.shown()
        return True


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def test_it_solves_most_tasks_at_every_length(suite, tasks):
    rows = [(task, Drive(suite, task)) for task in tasks]
    for hops in (1, 2, 3, 4, None):
        scores = [drive.score for task, drive in rows if task.hops == hops]
        costs = [drive.spent for task, drive in rows if task.hops == hops]
        print(f"hops {hops}: success {mean(scores):.2f}, {mean(costs):.4f} USD a task")
        assert mean(scores) >= 0.8


def test_a_budget_block_makes_it_cheaper_at_equal_success(suite, tasks):
    plain = [Drive(suite, task) for task in tasks]
    frugal = [Drive(suite, task, cap=Decimal("0.1"), block=True) for task in tasks]
    costs = [mean(drive.spent for drive in drives) for drives in (plain, frugal)]
    print(f"without a block {costs[0]:.4f} USD a task, with one {costs[1]:.4f}")
    assert costs[1] < costs[0] * Decimal("0.9")
    assert mean(d.score for d in frugal) >= mean(d.score for d in plain) - 0.02


@pytest.mark.parametrize("cap", ["0.002", "0.004", "0.008"])
def test_with_a_block_it_never_asks_for_what_it_cannot_pay(suite, tasks, cap):
    plain = [Drive(suite, task, cap=Decimal(cap)) for task in tasks]
    frugal = [Drive(suite, task, cap=Decimal(cap), block=True) for task in tasks]
    assert sum(drive.refused for drive in frugal) == 0
    assert sum(drive.refused for drive in plain) > 0
    assert mean(d.score for d in frugal) > mean(d.score for d in plain)


def test_it_never_beats_the_gold_path(suite, tasks):
    for task in tasks:
        if task.kind == "chain":
            drive = Drive(suite, task, cap=Decimal(1), block=True)
            assert drive.score == 0 or drive.spent >= task.gold_cost


def test_it_writes_in_the_closed_vocabulary(suite, tasks):
    known = set(VOCABULARY)
    for task in tasks[:20]:
        assert {token for text in Drive(suite, task).texts for token in tokens(text)} <= known


def test_it_searches_first_and_says_what_it_looks_for():
    message, finish = reply(user(QUESTION))
    assert finish == "tool_calls"
    assert calls(message) == [("search", "Vokizu birthplace")]
    assert message["content"] == "Vokizu birthplace : ? ."


def test_it_reads_what_it_was_told_and_goes_on():
    search = asked("search", "Vokizu birthplace")
    page = asked("open", "Vokizu", 1)
    text = "[Vokizu] Vokizu was born in Navazi."
    message, _ = reply(user(QUESTION), search, told(text), page, told(text, 1))
    assert message["content"] == "Vokizu birthplace : Navazi . Navazi mayor : ? ."
    assert calls(message) == [("search", "Navazi mayor")]


def test_it_opens_the_document_where_a_search_does_not_tell():
    message, _ = reply(user(QUESTION), asked("search", "Vokizu birthplace"), told("Nothing found."))
    assert calls(message) == [("open", "Vokizu")]


def test_it_follows_other_names():
    text = "[Vokizu] Vokizu is another name for Temaka."
    message, _ = reply(user(QUESTION), asked("search", "Vokizu birthplace"), told(text))
    assert calls(message) == [("search", "Temaka birthplace")]


def test_it_says_which_one_it_means_where_a_name_is_shared():
    text = "Vokizu is the name of a person and of a city. Open Vokizu (person) or Vokizu (city)."
    opened = asked("open", "Vokizu", 1)
    search = asked("search", "Vokizu birthplace")
    message, _ = reply(user(QUESTION), search, told("Nothing found."), opened, told(text, 1))
    assert calls(message) == [("open", "Vokizu (person)")]


OLD = "[Vokizu] Vokizu was born in Navazi (old)."


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        ("usd: used 0.001, remaining 0.009", ("open", "Vokizu")),
        ("usd: used 0.001, remaining 0.003", ("search", "Navazi mayor")),
        ("open: used 3, remaining 0", ("search", "Navazi mayor")),
        ("tool_calls: used 9, remaining 1", ("search", "Navazi mayor")),
        ("tool_calls.open: used 0, remaining 4", ("open", "Vokizu")),
    ],
)
def test_it_checks_what_is_old_only_while_the_rest_stays_paid(budget, expected):
    text = f"{OLD}\n\n<budget>\n{budget}\n</budget>"
    message, _ = reply(user(QUESTION), asked("search", "Vokizu birthplace"), told(text))
    assert calls(message) == [expected]


def test_it_answers_with_what_may_be_old_where_it_cannot_check():
    text = f"{OLD}\n<budget>\nsearch: used 1, remaining 0\nopen: used 1, remaining 0\n</budget>"
    question = user("What is Vokizu's birthplace?")
    message, finish = reply(question, asked("search", "Vokizu birthplace"), told(text))
    assert finish == "stop"
    assert answer(message) == "Answer: Navazi"


def test_it_gives_up_when_it_has_run_out_of_ideas():
    tries = [("search", "Vokizu birthplace"), ("open", "Vokizu"), ("search", "Vokizu")]
    messages = [user(QUESTION)]
    for number, (tool, argument) in enumerate(tries):
        assert calls(reply(*messages)[0]) == [(tool, argument)]
        messages += [asked(tool, argument, number), told("Nothing found.", number)]
    assert answer(reply(*messages)[0]) == "Answer: unknown"


def test_it_gives_up_at_once_where_the_budget_is_hopeless():
    far = "Who is the mayor of the capital of the country of the birthplace of Vokizu?"
    text = f"{far}\n<budget>\nusd: used 0.007, remaining 0.001\n</budget>"
    assert answer(reply(user(text))[0]) == "Answer: unknown"


def test_it_tries_a_call_that_failed_once_more():
    error = FailedCall(tool="search", why="search gave no result")
    failed = [asked("search", "Vokizu birthplace"), {**told(for_policy(error)), "notice": error}]
    assert calls(reply(user(QUESTION), *failed)[0]) == [("search", "Vokizu birthplace")]
    assert calls(reply(user(QUESTION), *failed, *failed)[0]) == [("open", "Vokizu")]


@pytest.mark.parametrize("options", [{"tool_choice": "none"}, {"tools": []}, {"tools": None}])
def test_it_answers_at_once_where_no_tool_may_be_called(options):
    message, finish = reply(user(QUESTION), **options)
    assert finish == "stop"
    assert answer(message) == "Answer: unknown"


def test_it_answers_in_the_last_turn_that_is_paid():
    text = f"{QUESTION}\n<budget>\nmodel_calls: used 3, remaining 1\n</budget>"
    assert answer(reply(user(text))[0]) == "Answer: unknown"


def test_a_short_limit_leaves_room_for_the_answer():
    message, _ = reply(user(QUESTION), tool_choice="none", max_tokens=5)
    assert message["content"] == "Answer: unknown"


def test_independent_questions_are_asked_together():
    same = user("Are the country of Badi and the country of Kofu the same?")
    both = [("search", "Badi country"), ("search", "Kofu country")]
    assert calls(reply(same)[0]) == both
    badi = told("[Badi] Badi lies in Temi.\n[Kofu] Kofu lies in Temi.")
    assert answer(reply(same, badi, tool_choice="none")[0]) == "Answer: yes"


def test_one_side_of_a_choice_is_enough_where_money_is_short():
    which = "Which of Badi and Kofu has the country Temi?"
    block = "\n<budget>\nsearch: used 0, remaining 5\n</budget>"
    assert calls(reply(user(which + block))[0]) == [("search", "Badi country")]
    other = told("[Badi] Badi lies in Vedi." + block)
    assert answer(reply(user(which), asked("search", "Badi country"), other)[0]) == "Answer: Kofu"


def test_what_is_no_question_of_the_almanac_is_said_to_be_none():
    message, finish = reply(user("Write a poem."))
    assert finish == "stop"
    assert answer(message) == "Answer: unknown"


def test_it_speaks_as_a_local_model():
    model = SpokenModel(AlmanacReader().reply, "embedded/almanac-reader")
    (said,) = model.answers([request_of({"messages": [user(QUESTION)], "tools": TOOLS})])
    assert said.finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<budget>\nsearch: used 3, remaining 5\n</budget>", 5),
        ("<budget>\n- search : used 3 / remaining: 5 calls\n</budget>", 5),
        ("<budget>\nusd: used 0.002, remaining 0.0029\n</budget>", 2),
        ("<budget>\nusd: used $0.002, remaining $0.0029\n", 2),
        ("<budget>\ntool_calls: used 1, remaining 3\nsearch: used 1, remaining 9\n</budget>", 3),
        ("<budget>\nusd for search: used 0, remaining 0.004\n</budget>", 4),
        ("<budget>\nsearch: remaining 7\n</budget>", 7),
        ("<budget>\nsearch: used 1, remaining 7\n</budget> <budget>\nsearch: remaining 2", 2),
        ("<budget>\nopen: used 1, remaining 2\n</budget>", None),
    ],
)
def test_a_budget_block_is_read_with_tolerance(text, left):
    assert read_purse(text).calls_left("search") == left


@pytest.mark.parametrize("text", ["", "no block", "<budget></budget>", "<budget>\nlots\n</budget>"])
def test_no_numbers_are_no_budget(text):
    assert read_purse(text) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["query", "name", "properties"]), inner, max_size=3)
    ),
    max_leaves=10,
)
NAMES = st.sampled_from(["search", "open", "nothing"]) | st.text(max_size=5)
CALLS = st.builds(ToolCall, st.text(max_size=3), NAMES, JSON.map(json.dumps) | st.text(max_size=9))
GARBAGE = st.text() | st.sampled_from(
    [OLD, "<budget>\nusd: used .., remaining 1.2.3\n</budget>", "[", QUESTION, OLD[:30]]
)


MESSAGES = st.builds(
    Message,
    st.sampled_from(["system", "user", "assistant", "tool"]),
    GARBAGE,
    st.lists(CALLS, max_size=3).map(tuple),
    st.none() | st.text(max_size=3),
)
OFFERED = st.builds(ToolSpec, NAMES, st.text(max_size=5), st.dictionaries(NAMES, JSON, max_size=2))


@given(st.lists(GARBAGE, max_size=4), st.lists(MESSAGES, max_size=3), st.lists(OFFERED, max_size=3))
def test_no_observation_takes_it_down(texts, messages, tools):
    observations = [told(text, number) for number, text in enumerate(texts)]
    known = request_of({"messages": [user(QUESTION), *observations], "tools": TOOLS})
    request = Request((*known.messages, *messages), (*known.tools, *tools))
    message, finish = AlmanacReader().reply(request)
    assert finish in ("stop", "tool_calls")
    assert AlmanacReader().reply(request) == (message, finish)


@given(st.lists(GARBAGE, max_size=4))
def test_no_call_is_made_of_a_name_that_nobody_told(texts):
    message, _ = reply(user(QUESTION), *(told(text) for text in texts))
    for _, argument in calls(message):
        assert argument.split()[0] in QUESTION + " ".join(texts)
