"""Verdicts: read from JSON, repaired once, and no better than their own checks."""

from __future__ import annotations

from typing import Any

import pytest

from outlay.planners.structured_output import read
from outlay.planners.verified.verifier import Verdict


def verdict(decision: str, *states: str, **more: str) -> Verdict:
    checks = [{"condition": f"c{n}", "state": state} for n, state in enumerate(states)]
    return Verdict.model_validate({"checks": checks, "decision": decision, **more})


@pytest.mark.parametrize(
    ("given", "means"),
    [
        (verdict("success", "satisfied", "satisfied"), "success"),
        (verdict("success", "satisfied", "unverifiable"), "continue"),
        (verdict("success", "unverifiable", "contradicted"), "pivot"),
        (verdict("continue", "satisfied"), "continue"),
        (verdict("pivot"), "pivot"),
        (verdict("success"), "success"),
    ],
)
def test_a_success_needs_every_condition(given: Verdict, means: str) -> None:
    assert given.verdict == means


def test_notes_tell_what_there_is() -> None:
    made = verdict("pivot", summary="it rained", advice="look up")
    assert made.notes() == "Summary: it rained\nAdvice: look up"


def test_json_is_found_in_whatever_surrounds_it() -> None:
    found = read(Verdict, 'Well:\n```json\n{"decision": "pivot"}\n```')
    assert isinstance(found, Verdict)
    assert found.decision == "pivot"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("no", "holds no JSON object"),
        ('{"decision": "maybe"}', "decision: Input should be 'success', 'continue' or 'pivot'"),
        ('{"checks": [{}], "decision": "pivot"}', "checks.0.condition: Field required"),
        ('{"decision":', "holds no JSON object"),
        ('{"decision": }', "the object: Invalid JSON"),
    ],
)
def test_what_is_wrong_is_said(text: str, complaint: str) -> None:
    found: Any = read(Verdict, text)
    assert complaint in found
