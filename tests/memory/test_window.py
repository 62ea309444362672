"""The window and the state: the latest turns, and what is carried along."""

from __future__ import annotations

import pytest

from outlay.ledger.errors import UsageError
from outlay.memory import memory
from outlay.memory.state import StateMemory
from outlay.memory.window import WindowMemory

from .conftest import grown, search


def test_only_the_latest_outputs_stay_and_all_that_was_said() -> None:
    rounds = [search(str(n), f"seen {n}", f"said {n}") for n in range(4)]
    seen = [m.content for m in WindowMemory(outputs=2).shown(grown(rounds))[2:]]
    assert seen == [
        "said 0", "[r3 is out of view]", "said 1", "[r5 is out of view]",
        "said 2", "seen 2", "said 3", "seen 3",
    ]  # fmt: skip


def test_the_outputs_of_the_last_reply_always_stay() -> None:
    both = ("said", [("search", {"query": "a"}, "seen a"), ("search", {"query": "b"}, "seen b")])
    for outputs in (0, 1, 2):
        seen = [m.content for m in WindowMemory(outputs=outputs).shown(grown([both]))[2:]]
        assert seen == ["said", "seen a", "seen b"]


def test_above_the_limit_the_oldest_turns_leave_in_blocks() -> None:
    """The prompt's beginning stays the same for many steps, for the provider's prompt cache."""
    kept = WindowMemory(outputs=1, limit=4_000)
    rounds = [search(str(n), "seen", f"said {n} " * 10) for n in range(120)]
    begins = [kept.shown(grown(rounds[:n]))[2].content for n in range(60, 120)]
    assert begins[0].endswith("are out of view; recall shows what tools told]")
    assert len(set(begins)) <= 15


def test_the_state_is_carried_as_plain_lines_and_the_latest_value_of_each_field_counts() -> None:
    rounds = [
        search(
            "a", "seen a", "<state>\ngoal: where\nfound: a\nnow: look for b\n</state>\nThought."
        ),
        search("b", "seen b", "<state>\nfound: a; b\nstray: no field\n</state>"),
        search("c", "seen c", "No state."),
    ]
    kept = StateMemory(turns=2)
    seen = kept.shown(grown(rounds))
    assert seen[-1].content == "<state>\ngoal: where\nfound: a; b\nnow: look for b\n</state>"
    assert [m.content for m in seen[2:-1]] == ["", "seen b", "No state.", "seen c"]


def test_lists_lose_their_oldest_items_beyond_the_cap() -> None:
    found = "; ".join(f"fact {n}" for n in range(100))
    state = StateMemory(cap=120).state(
        grown([search("a", "", f"<state>\ngoal: g\nfound: {found}\n</state>")])
    )
    assert state["goal"] == "g"
    assert state["found"].endswith("fact 98; fact 99")
    assert len(f"goal: g\nfound: {state['found']}") <= 120


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("ful", "the memories are full, window"),
        ("window:size=3", "memory window has no option 'size': it has "),
        ("window:outputs=x", "a value of type int is needed"),
        ("window:limit=5", "limit is 512 tokens or more"),
        ("workspace:cap=900:limit=1000", "cap at most half of it"),
        ("summary:when=never", "full or steps or saving is needed"),
        ("summary:limit", "is not OPTION=VALUE"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        memory(name)


def test_options_are_text_or_values_and_are_recorded() -> None:
    assert memory("summary:limit=8000:times=4").name == "summary:limit=8000:times=4"
    assert memory("workspace", cap=1200, recall="0.001").name == "workspace:cap=1200:recall=0.001"
    assert memory("summary:cap=100") == memory("summary", cap=100)
