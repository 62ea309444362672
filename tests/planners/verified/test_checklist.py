"""The plan of BATS: edits, marks, costs; a step that is there stays there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from outlay.journal.records import Message, ToolCall
from outlay.planners.verified.checklist import Checklist, Decomposition


def plan(*ids: str) -> Checklist:
    steps = [{"id": id, "text": f"step {id}"} for id in ids]
    return Checklist.of(Decomposition.model_validate({"steps": steps}))


def test_steps_stand_in_the_order_of_their_numbers() -> None:
    assert [step.id for step in plan("10", "2", "1.10", "1.2", "1").steps] == [
        "1", "1.2", "1.10", "2", "10",
    ]  # fmt: skip


def test_edits_mark_and_add() -> None:
    text = "I found it.\n<plan>\n[x] 1.1 done now\n[!] 1.2\n+ 1.3 another way\n</plan> Next."
    edited, faults = plan("1", "1.1", "1.2").edited(text)
    assert str(edited) == (
        "[ ] 1 step 1\n  [x] 1.1 step 1.1\n  [!] 1.2 step 1.2\n  [ ] 1.3 another way"
    )
    assert faults == ()


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("[x] 7", "there is no step 7"),
        ("+ 1 again", "there is a step 1 already"),
        ("- 1", "'- 1' is no edit"),
        ("[?] 1", "'[?] 1' is no edit"),
        ("+ one more", "'+ one more' is no edit"),
    ],
)
def test_what_cannot_be_followed_changes_nothing_and_is_named(line: str, fault: str) -> None:
    before = plan("1", "2")
    assert before.edited(f"<plan>\n{line}\n</plan>") == (before, (fault,))


def test_a_text_without_a_plan_changes_nothing() -> None:
    assert plan("1").edited("[x] 1") == (plan("1"), ())


def test_calls_are_charged_to_the_step_at_work() -> None:
    def said(text: str, *tools: str) -> Message:
        return Message("assistant", text, tuple(ToolCall("c", tool) for tool in tools))

    after = plan("1", "1.1", "1.2", "2").after(
        [
            said("look", "search", "search", "open"),
            Message("tool", "<plan>\n[x] 1.2\n</plan>", tool_call_id="c"),
            said("<plan>\n[x] 1.1\n</plan>", "open"),
            said("<plan>\n[!] 1.2\n[x] 1\n</plan>", "search"),
            said("<plan>\n[x] 2\n</plan>", "search"),
        ]
    )
    assert str(after) == (
        "[x] 1 step 1\n  [x] 1.1 step 1.1 (open 1, search 2)\n  [!] 1.2 step 1.2 (open 1)\n"
        "[x] 2 step 2 (search 1)"
    )


@given(st.lists(st.text(alphabet="[]x!~+ 12.\nabc", max_size=40), max_size=8))
def test_no_edit_ever_deletes_a_step_or_its_text(texts: list[str]) -> None:
    now = plan("1", "1.1", "2")
    for text in texts:
        before = now
        now, _ = now.edited(f"<plan>{text}</plan>")
        kept = {step.id: step.text for step in now.steps}
        assert all(kept[step.id] == step.text for step in before.steps)
        assert len(kept) == len(now.steps)
        assert [step.order for step in now.steps] == sorted(step.order for step in now.steps)


@pytest.mark.parametrize(
    "steps",
    [[], [{"id": "a", "text": "x"}], [{"id": "1", "text": ""}], [{"id": "1", "text": "x"}] * 2],
)
def test_a_plan_without_sound_steps_is_refused(steps: list[dict[str, str]]) -> None:
    with pytest.raises(ValidationError):
        Decomposition.model_validate({"steps": steps})
