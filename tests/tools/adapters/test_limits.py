"""Foreign schemas and documents that grow when they are used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jsonschema")

from outlay.ledger.errors import UsageError
from outlay.tools.adapters import json_schema
from outlay.tools.adapters.openapi.document import OpenApiDocument

MANY = [{"const": n} for n in range(1_500)]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"items": {"anyOf": MANY}}, ["x"] * 1_000),
        ({"contains": {"anyOf": MANY}}, ["x"] * 1_000),
        ({"contains": {"oneOf": MANY}, "minContains": 2}, ["x"] * 1_000),
        ({"uniqueItems": True}, [[n] for n in range(5_000)]),
        ({"items": {"uniqueItems": True}}, [[{"a": n} for n in range(3_000)]]),
    ],
)
def test_a_check_takes_so_many_steps(
    schema: dict[str, Any], value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []

    class Counting(list[int]):
        def __setitem__(self, place: Any, value: Any) -> None:
            steps.append(value)
            super().__setitem__(place, value)

    applied = json_schema._APPLIED
    monkeypatch.setattr(
        json_schema, "_APPLIED", type("", (), {
            "set": lambda _, start: applied.set(Counting(start)),
            "get": lambda _, default: applied.get(default),
            "reset": lambda _, token: applied.reset(token),
        })(),
    )  # fmt: skip
    check = json_schema.checker({"type": "object", "properties": {"v": schema}}, "t")
    check({"v": value})
    assert 0 < len(steps) <= json_schema.STEPS + 1


def test_faults_are_still_told() -> None:
    check = json_schema.checker({"properties": {"n": {"type": "integer"}}}, "t")
    assert "is not of type" in str(check({"n": "x"}))
    assert check({"n": 1}) is None


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n"
                                   for n in range(1, 12)),
        "a: &a [*a]\n",
    ],
)  # fmt: skip
def test_anchors_are_not_written_out_without_end(text: str, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    path = tmp_path / "openapi.yaml"
    path.write_text(f"openapi: 3.1.0\n{text}")
    with pytest.raises(UsageError, match="anchors written out"):
        OpenApiDocument.read(str(path))
