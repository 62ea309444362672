"""What is known of earlier attempts: told to the next one, and to the verifier as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..answers import final_answer, plain
from ..candidates import Candidate
from ..prompts import prompt


def earlier_answers(found: Sequence[Candidate]) -> str:
    """Returns what a new attempt is told of the answers so far, or "".

    One that was accepted is told with its evidence and to be put to the test; it is not among those
    that did not hold, whatever was said of it at another time.
    """
    accepted = _by_answer(found, "success")
    rejected = _by_answer(found, "pivot").keys() - accepted.keys()
    unproven = _by_answer(found, "continue").keys() - accepted.keys() - rejected
    parts = []
    if accepted:
        parts.append(
            "\n".join((prompt("accepted").text, "", *map(_with_evidence, accepted.values())))
        )
    for title, answers in (("did not hold", rejected), ("could not be proven", unproven)):
        if answers:
            named = [final_answer(c["answer"] or "") for c in found]
            said = dict.fromkeys(text for text in named if plain(text) in answers)
            parts.append(f"Answers that {title} so far: {'; '.join(said)}")
    return "\n\n".join(parts)


def evidence_of(found: Iterable[Candidate]) -> str:
    """Returns what tool results have shown in earlier attempts, for the verifier, or ""."""
    shown = dict.fromkeys(line for one in found for line in one.get("evidence", ()))
    if not shown:
        return ""
    lines = "\n".join(f"- {line}" for line in shown)
    return f"What tool results of earlier attempts have shown; it counts as evidence too:\n{lines}"


def are_agreed(found: Sequence[Candidate]) -> bool:
    """Says whether two attempts came to the same answer and both were accepted."""
    accepted = [plain(c["answer"] or "") for c in found if c["verdict"] == "success"]
    return len(set(accepted)) < len(accepted)


def _by_answer(found: Sequence[Candidate], verdict: str) -> dict[str, Candidate]:
    return {plain(c["answer"] or ""): c for c in found if c["verdict"] == verdict}


def _with_evidence(found: Candidate) -> str:
    lines = "".join(f"\n  - {line}" for line in found.get("evidence", ()))
    return f"- {final_answer(found['answer'] or '')}{lines}"
