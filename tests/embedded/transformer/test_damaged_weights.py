"""A file of weights that was damaged is named in one sentence."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outlay.embedded.transformer.weights import load
from outlay.ledger.errors import UsageError


def packed(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


WHOLE = packed(about=np.array([1, 2, 3], np.int64), x=np.zeros((64, 64), np.float16))


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255), st.booleans())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_named(tmp_path: Path, place: int, by: int, cut: bool) -> None:
    data = bytearray(WHOLE)
    data[place] ^= by
    path = tmp_path / "w.npz"
    path.write_bytes(data[:place] if cut else data)
    with pytest.raises(UsageError, match=r"w\.npz"):
        load(path)


@pytest.mark.parametrize("about", [np.array(["x"]), np.array([]), np.zeros(3), np.array([[1]])])
def test_an_odd_head_is_named(tmp_path: Path, about: np.ndarray) -> None:
    (tmp_path / "w.npz").write_bytes(packed(about=about))
    with pytest.raises(UsageError, match=r"w\.npz"):
        load(tmp_path / "w.npz")
