"""The comparison of engines: they compute the same, and each has a speed."""

from __future__ import annotations

import numpy as np
import pytest

from outlay.embedded.evidence.decoding import floor, in_numpy, in_onnxruntime, side_by_side, speed
from outlay.embedded.transformer.model import TinyModel
from outlay.embedded.transformer.weights import shipped


@pytest.fixture(scope="module")
def model() -> TinyModel:
    return shipped()


def test_every_engine_has_a_speed(model: TinyModel) -> None:
    assert speed("NumPy", in_numpy(model), 1).written > 0
    assert side_by_side(model, 1).read > 0
    assert floor(model, 1) > 0


def test_onnxruntime_computes_the_same(model: TinyModel) -> None:
    for name in ("torch", "onnx", "onnxruntime"):
        pytest.importorskip(name, reason="the engine to compare with is not installed")
    ours, theirs = in_numpy(model)(), in_onnxruntime(model)()
    for ids in ([5, 60, 61, 62, 9], [7], [8]):
        assert np.allclose(ours(ids), theirs(ids), atol=1e-3)
