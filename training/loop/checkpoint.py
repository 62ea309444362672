"""Checkpoints: all that the next step depends on, in one file that is there whole or not at all."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ...ledger.errors import UsageError

NAME = "checkpoint.pt"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Where a training stands."""

    step: int
    """Steps that are done."""
    plan: str
    """What is trained how, as text: a checkpoint goes on only as it began."""
    module: dict[str, Any]
    optimiser: dict[str, Any]
    notes: dict[str, Any] = field(default_factory=dict)
    """Plain values that the next step depends on besides."""


def save(folder: Path, checkpoint: Checkpoint) -> None:
    """Writes a checkpoint in place of the last one; a crash at any moment leaves one of the two.

    Raises:
        UsageError: it cannot be written.
    """
    target = folder / NAME
    part = folder / f"{NAME}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            torch.save(vars(checkpoint), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise UsageError(f"cannot write the checkpoint {target}: {error.strerror}") from error


def load(folder: Path, plan: str) -> Checkpoint | None:
    """Returns the checkpoint of a folder, or None if there is none.

    Raises:
        UsageError: it is no checkpoint, or one of another plan.
    """
    target = folder / NAME
    if not target.exists():
        return None
    try:
        found = Checkpoint(**torch.load(target, map_location="cpu", weights_only=True))
    except Exception as error:
        raise UsageError(
            f"{target} is no checkpoint that can be read: move it away to begin anew"
        ) from error
    if found.plan != plan:
        raise UsageError(
            f"{target} is of another training ({found.plan}): give another folder, "
            "or the same model, data and options"
        )
    return found
