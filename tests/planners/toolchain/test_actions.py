"""Steps: equal calls are one step, however their JSON is written."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.prompt_files import prompt_versions
from outlay.planners.toolchain.actions import Action, LookaheadResult, PlanStep, canonical
from outlay.planners.toolchain.policy_proposer import SEEN_CHARS, proposal, question

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_order_and_blanks_make_no_difference(arguments: dict[str, object]) -> None:
    backwards = dict(reversed(arguments.items()))
    assert canonical(json.dumps(arguments)) == canonical(json.dumps(backwards, indent=2))
    assert json.loads(canonical(json.dumps(arguments))) == arguments
    assert canonical(canonical(json.dumps(arguments))) == canonical(json.dumps(arguments))


def test_a_whole_number_is_one_however_it_is_written() -> None:
    assert Action.of("f", '{"n": 2.0}') == Action.of("f", '{"n":2}')
    assert Action.of("f", '{"n": 2.5}') != Action.of("f", '{"n": 2}')
    assert Action.of("f", '{"n": 1e999}') == Action.of("f", '{"n":1e999}')


def test_what_is_no_json_stands_for_itself() -> None:
    assert canonical(' {"n": ') == '{"n":'
    assert canonical("") == "{}"


def test_a_sample_proposes_its_first_step_and_counts_the_rest() -> None:
    text = 'So: {"steps": [{"tool": "f", "arguments": {"b": 1, "a": 2}}, {"tool": "g"}]}'
    found = proposal(text)
    assert found is not None
    assert (found.action, found.remaining) == (Action("f", '{"a":2,"b":1}'), 1)
    assert proposal("I do not know.") is None
    assert proposal('{"steps": [{"arguments": {}}]}') is None


def test_what_is_cut_of_an_observation_is_marked() -> None:
    long, short = "x" * (SEEN_CHARS + 1234), "x" * SEEN_CHARS
    steps = [PlanStep(Action("f"), LookaheadResult(text)) for text in (long, short)]
    first, second = question(steps).splitlines()[-2:]
    assert first.endswith("x [… 1,234 characters left out]")
    assert second.endswith("x")
    with prompt_versions({"toolchain": 1}):
        assert "left out" not in question(steps)


def test_questions_begin_alike() -> None:
    assert question(()).endswith("\n\nPlanned so far:\nnothing")
