"""What a reply marks as its answer, in whatever way models write that."""

from __future__ import annotations

import pytest

from outlay.planners.answers import final_answer, plain


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Answer: Ada Quill", "Ada Quill"),
        ("**Answer:** 120", "120"),
        ("**Answer: 120**", "120"),
        ("Final answer: 90", "90"),
        ("FINAL ANSWER = Melun", "Melun"),
        ("### Final Answer\n**42**", "42"),
        ("**Answer:**\n\n$\\boxed{18}$", "18"),
        ("The answer is: **5**", "5"),
        ("So the final answer is 7.", "7."),
        ("It follows that \\boxed{1260}.", "1260"),
        ("\\[ \\boxed{\\text{Ada \\textit{Quill}}} \\]", "Ada \\textit{Quill}"),
        ("3 + 4 = 7\n#### 7", "7"),
        ("> Answer: `x`", "x"),
        ("Answer: -5", "-5"),
        ("Answer: 6\nNo, wait.\nAnswer: 7", "7"),
        ("Answer: 6\nSources: a", "6"),
        ("I will answer: soon", "I will answer: soon"),
        (
            "The answer to that lies in the second file.",
            "The answer to that lies in the second file.",
        ),
        ("no marks at all ", "no marks at all"),
        ("", ""),
    ],
)
def test_the_answer_is_what_is_marked_last(text: str, answer: str) -> None:
    assert final_answer(text) == answer


def test_votes_for_the_same_are_equal() -> None:
    assert plain("**Answer:** Ada Quill.") == plain("so \\boxed{ada quill}")
