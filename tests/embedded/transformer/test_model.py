from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest

from outlay.embedded.transformer.model import Decoder, ModelShape, TinyModel, generate
from outlay.embedded.transformer.vocabulary import VOCABULARY
from outlay.embedded.transformer.weights import load, save
from outlay.ledger.errors import UsageError

SHAPE = ModelShape(tokens=len(VOCABULARY), width=16, layers=2, heads=2, hidden=32, grams=3)
PROMPTS = [[5, 40, 41], [7, 8, 9, 300, 12, 13, 14], [200]]


@pytest.fixture(scope="module")
def model() -> TinyModel:
    random = np.random.default_rng(0)
    sizes: dict[str, tuple[int, ...]] = {"norm": (16,), "head": (SHAPE.tokens, 16)}
    sizes |= {f"grams.{place}": (SHAPE.tokens, 16) for place in range(SHAPE.grams)}
    for layer in range(SHAPE.layers):
        name = f"layers.{layer}"
        sizes |= {f"{name}.norm_mix": (16,), f"{name}.norm_map": (16,)}
        sizes |= {f"{name}.asked.weight": (48, 16), f"{name}.mixed.weight": (16, 16)}
        sizes |= {f"{name}.up.weight": (32, 16), f"{name}.down.weight": (16, 32)}
    return TinyModel(SHAPE, {n: random.normal(size=s).astype(np.float32) for n, s in sizes.items()})


def test_decoding_many_is_decoding_each(model: TinyModel) -> None:
    together = generate(Decoder(model, 3, 64), range(3), PROMPTS, end=0, limits=[20, 9, 15])
    for prompt, limit, found in zip(PROMPTS, (20, 9, 15), together, strict=True):
        [alone] = generate(Decoder(model, 1, 64), [0], [prompt], end=0, limits=[limit])
        assert alone.ids == found.ids
        assert alone.logprobs == pytest.approx(found.logprobs, abs=1e-3)


def test_the_cache_changes_nothing(model: TinyModel) -> None:
    whole = Decoder(model, 1, 64).feed([0], [PROMPTS[1]])
    decoder = Decoder(model, 2, 64)
    decoder.feed([1], [PROMPTS[1][:2]])
    decoder.feed([0, 1], [[3], PROMPTS[1][2:5]])
    assert np.allclose(decoder.feed([1], [PROMPTS[1][5:]]), whole, atol=1e-3)


def test_whichever_rows_are_fed_each_is_as_if_alone(model: TinyModel) -> None:
    random = Random(0)
    together = Decoder(model, 5, 64)
    alone = [Decoder(model, 1, 64) for _ in range(5)]
    for some in ([0, 1, 2, 3, 4], [0, 2, 4], [1, 4], [3], [4, 0, 1], [2, 3], [3, 1, 4, 0, 2]):
        new = [[random.randrange(300) for _ in range(random.randint(1, 4))] for _ in some]
        for row, ids, found in zip(some, new, together.feed(some, new), strict=True):
            [expected] = alone[row].feed([0], [ids])
            assert np.allclose(found, expected, atol=1e-3)


def test_a_transcript_that_is_too_long_is_refused(model: TinyModel) -> None:
    with pytest.raises(ValueError, match="longer than 4 tokens"):
        Decoder(model, 1, 4).feed([0], [[1, 2, 3, 4, 5]])


def test_the_file_gives_the_model_back(model: TinyModel, tmp_path: Path) -> None:
    save(model, tmp_path / "w.npz")
    again = load(tmp_path / "w.npz")
    assert again.shape == SHAPE
    for name, weights in model.weights.items():
        assert np.array_equal(again.weights[name], weights.astype(np.float16))


def test_a_file_of_another_vocabulary_is_refused(model: TinyModel, tmp_path: Path) -> None:
    other = ModelShape(tokens=7, width=16, layers=2, heads=2, hidden=32, grams=3)
    save(TinyModel(other, model.weights), tmp_path / "w.npz")
    with pytest.raises(UsageError, match="another version"):
        load(tmp_path / "w.npz")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.npz").write_text("weights")
    with pytest.raises(UsageError, match="holds no weights"):
        load(tmp_path / "w.npz")
