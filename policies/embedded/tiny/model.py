"""The transformer in NumPy: many transcripts at once, each with its cache of keys and values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

EPSILON = 1e-5
"""Added to the mean square in a norm."""
ROTARY_BASE = 10_000.0
CONTEXT = 1_024
"""The most tokens of a transcript, its last turn included."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Sizes of a transformer."""

    tokens: int
    """Tokens of the vocabulary."""
    width: int = 128
    layers: int = 4
    heads: int = 4
    hidden: int = 512
    """Width between the two maps of a layer."""
    grams: int = 4
    """Embedding tables: for a token, for the one before it, and so on."""


class Model:
    """Weights and what is computed once for all from them."""

    def __init__(self, shape: Shape, weights: Mapping[str, Floats]) -> None:
        self.shape = shape
        self.weights = dict(weights)
        half = shape.width // shape.heads // 2
        rates = ROTARY_BASE ** (-np.arange(half, dtype=np.float32) / half)
        angles = np.outer(np.arange(CONTEXT + 1, dtype=np.float32), rates)
        self.cosines: Floats = np.cos(angles).astype(np.float32)
        self.sines: Floats = np.sin(angles).astype(np.float32)

    def embedded(self, ids: Ints) -> Floats:
        """Returns the sum of embeddings for ids of shape (…, grams), the newest one first.

        An id below 0 stands before the transcript's beginning and adds nothing.
        """
        total: Floats = np.zeros((*ids.shape[:-1], self.shape.width), np.float32)
        for back in range(self.shape.grams):
            known = ids[..., back] >= 0
            total += self.weights[f"grams.{back}"][ids[..., back]] * known[..., None]
        return total


class Decoder:
    """Transcripts that grow together, each at its own length."""

    def __init__(self, model: Model, rows: int, room: int = CONTEXT) -> None:
        shape = model.shape
        self._model = model
        self._room = room
        self.ids: list[list[int]] = [[] for _ in range(rows)]
        """The transcripts so far."""
        size = (shape.layers, rows, shape.heads, room + 1, shape.width // shape.heads)
        self._keys: Floats = np.zeros(size, np.float32)
        self._values: Floats = np.zeros(size, np.float32)

    def feed(self, rows: Sequence[int], new: Sequence[Sequence[int]]) -> Floats:
        """Appends new tokens, at least one, to some rows; returns the logits after each row's last.

        Raises:
            ValueError: a transcript would outgrow its room.
        """
        starts = np.array([len(self.ids[row]) for row in rows])
        counts = np.array([len(ids) for ids in new])
        if (starts + counts).max() > self._room:
            raise ValueError(f"a transcript is longer than {self._room} tokens")
        for row, ids in zip(rows, new, strict=True):
            self.ids[row].extend(ids)
        columns = np.arange(counts.max())
        is_real = columns < counts[:, None]
        places = np.where(is_real, starts[:, None] + columns, self._room)
        states = self._model.embedded(self._recent(rows, places, is_real))
        index = np.array(rows)
        reach = int((starts + counts).max())
        for layer in range(self._model.shape.layers):
            states = self._layer(layer, states, index, places, reach)
        last = states[np.arange(len(rows)), counts - 1]
        weights = self._model.weights
        logits: Floats = _normal(last, weights["norm"]) @ weights["head"].T
        return logits

    def _recent(self, rows: Sequence[int], places: Ints, is_real: npt.NDArray[np.bool_]) -> Ints:
        """Returns for each place its id and those before it, newest first; -1 where none is."""
        grams = self._model.shape.grams
        longest = max(len(self.ids[row]) for row in rows)
        padded = np.full((len(rows), grams + longest), -1, np.int64)
        for line, row in enumerate(rows):
            padded[line, grams : grams + len(self.ids[row])] = self.ids[row]
        at = np.where(is_real, places, 0)[..., None] + grams - np.arange(grams)
        recent: Ints = np.take_along_axis(padded[:, None, :], at, axis=2)
        return recent

    def _layer(self, layer: int, states: Floats, rows: Ints, places: Ints, reach: int) -> Floats:
        weights, shape = self._model.weights, self._model.shape
        count, columns, width = states.shape
        name = f"layers.{layer}"
        asked = _normal(states, weights[f"{name}.norm_mix"]) @ weights[f"{name}.asked.weight"].T
        asked = asked.reshape(count, columns, 3, shape.heads, -1)
        cosines = self._model.cosines[np.minimum(places, CONTEXT)][:, :, None]
        sines = self._model.sines[np.minimum(places, CONTEXT)][:, :, None]
        query = _turned(asked[:, :, 0], cosines, sines).swapaxes(1, 2)
        keys, values = self._keys[layer], self._values[layer]
        keys[rows[:, None], :, places] = _turned(asked[:, :, 1], cosines, sines)
        values[rows[:, None], :, places] = asked[:, :, 2]
        is_all = len(rows) == len(keys) and bool((rows == np.arange(len(keys))).all())
        mine = slice(None) if is_all else rows
        known, told = keys[mine, :, :reach], values[mine, :, :reach]
        scores = query @ known.swapaxes(2, 3) / np.float32((width // shape.heads) ** 0.5)
        is_later = np.arange(reach) > places[:, None, :, None]
        scores = np.where(is_later, np.float32(-1e30), scores)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ told).swapaxes(1, 2).reshape(count, columns, width)
        states = states + mixed @ weights[f"{name}.mixed.weight"].T
        mapped = _normal(states, weights[f"{name}.norm_map"]) @ weights[f"{name}.up.weight"].T
        mapped = np.square(np.maximum(mapped, 0))
        out: Floats = states + mapped @ weights[f"{name}.down.weight"].T
        return out


Choose = Callable[[int, Floats], int]
"""From a row and the log-probabilities of all tokens to the token that is taken."""


@dataclass(frozen=True, kw_only=True)
class Generated:
    """What was decoded after a transcript."""

    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    """Of each id, before any change of temperature."""


def greedy(row: int, logprobs: Floats) -> int:
    """Takes the likeliest token, the first of several."""
    return int(logprobs.argmax())


def generate(
    decoder: Decoder,
    rows: Sequence[int],
    new: Sequence[Sequence[int]],
    *,
    end: int,
    limits: Sequence[int],
    choose: Choose = greedy,
) -> list[Generated]:
    """Appends `new` to the rows and decodes each one up to `end` or its limit of tokens.

    What was decoded stands in the transcripts afterwards, save a row's last token, which is to be
    fed with whatever comes next: see `Decoder.feed`.
    """
    ids: dict[int, list[int]] = {row: [] for row in rows}
    logprobs: dict[int, list[float]] = {row: [] for row in rows}
    most = dict(zip(rows, limits, strict=True))
    going, fed = list(rows), [list(tokens) for tokens in new]
    while going:
        table = _log_softmax(decoder.feed(going, fed))
        for row, line in zip(going, table, strict=True):
            token = choose(row, line)
            ids[row].append(token)
            logprobs[row].append(float(line[token]))
        going = [r for r in going if ids[r][-1] != end and len(ids[r]) < most[r]]
        fed = [[ids[row][-1]] for row in going]
    return [Generated(ids=tuple(ids[r]), logprobs=tuple(logprobs[r])) for r in rows]


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    table: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return table


def _normal(states: Floats, weight: Floats) -> Floats:
    mean = np.square(states).mean(axis=-1, keepdims=True)
    normal: Floats = states / np.sqrt(mean + np.float32(EPSILON)) * weight
    return normal


def _turned(states: Floats, cosines: Floats, sines: Floats) -> Floats:
    first, second = np.split(states, 2, axis=-1)
    turned = (first * cosines - second * sines, first * sines + second * cosines)
    return np.concatenate(turned, axis=-1)
