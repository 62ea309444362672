"""The file of weights: one compressed NumPy archive of 16-bit floats."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ...ledger.errors import UsageError
from .model import ModelShape, TinyModel
from .vocabulary import VOCABULARY

SHIPPED = Path(__file__).with_name("weights.npz")
"""The weights that come with the package."""
_FORMAT = 1
_SIZES = ("tokens", "width", "layers", "heads", "hidden", "grams")
"""The entry `about` holds the format version, then these sizes of the shape."""


def save(model: TinyModel, path: Path) -> None:
    """Writes a model; its numbers lose what 16 bits cannot hold."""
    about = np.array([_FORMAT, *(asdict(model.shape)[size] for size in _SIZES)], np.int64)
    weights: dict[str, Any] = {n: array.astype(np.float16) for n, array in model.weights.items()}
    with path.open("wb") as file:
        np.savez_compressed(file, about=about, **weights)


def load(path: Path) -> TinyModel:
    """Reads a model.

    Raises:
        UsageError: there is no such file, or it was written for another format or vocabulary.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except Exception as exc:  # numpy raises whatever its parsers do on a damaged file
        raise UsageError(f"{path} holds no weights of the embedded transformer: {exc}") from exc
    about = arrays.pop("about", np.array([0]))
    whole = about.dtype.kind in "iu" and about.size > 0
    version, *sizes = (int(number) for number in about.ravel()[:100]) if whole else (0,)
    if version != _FORMAT or not sizes or sizes[0] != len(VOCABULARY):
        raise UsageError(
            f"{path} was written for another version of the embedded transformer: train it anew "
            "with `outlay train embedded`"
        )
    try:
        shape = ModelShape(**dict(zip(_SIZES, sizes, strict=True)))
        return TinyModel(shape, {n: array.astype(np.float32) for n, array in arrays.items()})
    except (KeyError, TypeError, ValueError) as exc:
        raise UsageError(f"{path} holds no weights of the embedded transformer: {exc}") from exc


@cache
def shipped() -> TinyModel:
    """Returns the model that comes with the package; it is read at the first call."""
    return load(SHIPPED)
