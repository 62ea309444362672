"""Small files in the published formats, written by hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[4]
DATA = Path(os.environ.get("OUTLAY_DATA") or ROOT.parent / "shared" / "data")

HOTPOT: dict[str, Any] = {
    "_id": "h1",
    "question": "Who is the mayor of the town on the river Soral?",
    "answer": "Ada Quill",
    "type": "bridge",
    "level": "hard",
    "supporting_facts": [["Soral", 1], ["Melun", 0]],
    "context": [
        ["Soral", ["Soral is a river.", " It flows through Melun."]],
        ["Melun", ["The mayor of Melun is Ada Quill.", " It has two bridges."]],
        ["Tarn", ["Tarn is another river."]],
    ],
}
HOTPOT_YES: dict[str, Any] = {
    **{**HOTPOT, "_id": "h2", "question": "Are Soral and Tarn both rivers?", "answer": "yes"},
    **{"type": "comparison", "supporting_facts": [["Soral", 0], ["Tarn", 0]]},
}
MUSIQUE: dict[str, Any] = {
    "id": "2hop__1_2",
    "question": "Who is the mayor of the town on the river Soral?",
    "answer": "Ada Quill",
    "answer_aliases": ["A. Quill"],
    "answerable": True,
    "question_decomposition": [
        {"id": 1, "question": "Soral >> town", "answer": "Melun", "paragraph_support_idx": 0},
        {"id": 2, "question": "mayor of #1", "answer": "Ada Quill", "paragraph_support_idx": 1},
    ],
    "paragraphs": [
        {"idx": 0, "title": "Soral", "paragraph_text": "Soral flows through Melun.",
         "is_supporting": True},
        {"idx": 1, "title": "Melun", "paragraph_text": "The mayor of Melun is Ada Quill.",
         "is_supporting": True},
        {"idx": 2, "title": "Melun", "paragraph_text": "Melun is also a cheese.",
         "is_supporting": False},
    ],
}  # fmt: skip
STRATEGY: dict[str, Any] = {
    "qid": "s1",
    "term": "Soral",
    "question": "Could a whale swim in the Soral?",
    "answer": False,
    "facts": ["The Soral is two metres deep.", "A whale needs ten metres."],
    "decomposition": ["How deep is the Soral?"],
    "evidence": [],
}
GSM8K: dict[str, Any] = {
    "question": "A box holds 12 pens. How many pens do 100 boxes hold?",
    "answer": "100*12 = <<100*12=1200>>1,200 pens.\n#### 1,200",
}


def write(path: Path, *records: Any) -> Path:
    """Writes JSON Lines and returns the path."""
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    return path


def published(name: str) -> Path:
    """Returns a file of the published data, or skips the test."""
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"no published data in {path}")
    return path
