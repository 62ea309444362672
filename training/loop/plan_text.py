"""What is trained how, as text: a checkpoint is compared by it with the training that goes on."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def plan_text(config: DataclassInstance) -> str:
    """Returns the values of a dataclass's fields as JSON, sorted by name.

    The text says nothing of classes and modules, so that a checkpoint outlives their renaming.

    Args:
        config: has plain values, paths and further dataclasses of them.
    """
    return json.dumps(dataclasses.asdict(config), sort_keys=True, default=_path)


def _path(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{value!r} is no plain value: a checkpoint cannot be compared by it")
