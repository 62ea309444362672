"""When committed values are the label."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.suites.dbbench import same_answers
from outlay.benchmarks.suites.dbbench.answers import written_answers


@pytest.mark.parametrize(
    ("given_values", "label", "same"),
    [
        (["26"], ["26"], True),
        (["26"], ["26.0"], True),
        (["26.009"], ["26"], True),
        (["26.02"], ["26"], False),
        (["1,234"], ["1234.0"], True),
        (["Rome, Italy"], ["Rome Italy"], False),
        (["12%"], ["12"], True),
        (["none"], ["0"], True),
        ([""], ["none"], True),
        ([], ["none"], False),
        (["giza"], ["Giza"], False),
        (["b", "a"], ["a", "b"], True),
        (["a", "b", "a"], ["a", "b"], True),
        (["a"], ["a", "b"], False),
        (["1", "2.001"], ["2", "1"], True),
        (["1", "3"], ["2", "1"], False),
    ],
)
def test_values_are_compared_as_texts_and_as_numbers(
    given_values: list[str], label: list[str], same: bool
) -> None:
    assert same_answers(given_values, label) is same


@given(
    st.lists(st.text(), min_size=1).flatmap(
        lambda each: st.tuples(st.just(each), st.permutations(each))
    )
)
def test_a_label_is_the_same_as_itself_in_any_order(both: tuple[list[str], list[str]]) -> None:
    label, shuffled = both
    assert same_answers(shuffled, label)


@pytest.mark.parametrize(
    ("text", "values"),
    [("Rome", ["Rome"]), ('["a", 2]', ["a", "2"]), ("12", ["12"]), ('{"a": 1}', ['{"a": 1}'])],
)
def test_an_answer_in_words_is_a_list_or_one_value(text: str, values: list[str]) -> None:
    assert written_answers(text) == values
