"""What counts as the right answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.suite import Task
from outlay.benchmarks.suites.almanac import ExactScorer

TASK = Task(id="1", prompt="Who is Vokizu's mentor?", kind="chain", gold=("Navazi", "Tema"))


@pytest.mark.parametrize(
    "answer",
    [
        "Navazi",
        "navazi.",
        "Tema",
        "Answer: Navazi",
        "Answer: Navazi.",
        "**Answer:** Navazi",
        "**Answer: Navazi**",
        "Final answer: the Navazi!",
        "The answer is: `Navazi`",
        "It was Kadi at first.\nAnswer: Navazi",
        "Answer: Kadi\nNo, wait.\nAnswer: Navazi\n\n",
        "Answer: Navazi (person)",
        "I looked it up.\n\nNavazi",
        '"Navazi"',
    ],
)
def test_the_right_answer_in_any_dress(answer):
    assert ExactScorer().score(TASK, answer) == 1.0


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        "   \n ",
        "Kadi",
        "unknown",
        "Navaz",
        "Navazi or Kadi",
        "Navazi, Kadi",
        "Answer: Navazi\nAnswer: Kadi",
        "Answer:",
        "Vokizu was taught by Navazi.",
    ],
)
def test_the_wrong_answer(answer):
    assert ExactScorer().score(TASK, answer) == 0.0


def test_unknown_is_an_answer():
    task = Task(id="1", prompt="Who?", kind="unanswerable", gold=("unknown",))
    assert ExactScorer().score(task, "Answer: Unknown.") == 1.0
    assert ExactScorer().score(task, None) == 0.0


@given(st.text())
def test_any_text_is_scored_0_or_1(text):
    assert ExactScorer().score(TASK, text) in (0.0, 1.0)
