"""The text by which a checkpoint knows its training again."""

from __future__ import annotations

from dataclasses import make_dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from outlay.training.loop.plan_text import plan_text


def made(name: str, inner: str, **values: object) -> object:
    nested = make_dataclass(inner, ["clip"])((0.1, None))
    return make_dataclass(name, ["rate", "how", *values])(1e-4, nested, *values.values())


def test_it_does_not_change_with_the_names_of_classes_or_the_order_of_fields() -> None:
    text = plan_text(made("Course", "Loss", out=Path("m.npz"), seed=0))  # type: ignore[arg-type]
    assert text == plan_text(made("Plan", "How", seed=0, out=Path("m.npz")))  # type: ignore[arg-type]
    assert text == '{"how": {"clip": [0.1, null]}, "out": "m.npz", "rate": 0.0001, "seed": 0}'


@pytest.mark.parametrize("value", [object(), Decimal(1), max])
def test_what_has_no_text_of_its_own_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no plain value"):
        plan_text(made("Course", "Loss", value=value))  # type: ignore[arg-type]
