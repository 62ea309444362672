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
class ModelShape:
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


class TinyModel:
    """Weights, and the same folded for decoding: what is multiplied by each other is one matrix.

    A norm's weights are in the matrix after it, the scale of the scores in the queries, and the
    columns of queries and keys are in pairs, so that to turn them is to multiply complex numbers.
    """

    def __init__(self, shape: ModelShape, weights: Mapping[str, Floats]) -> None:
        self.shape = shape
        self.weights = dict(weights)
        half = shape.width // shape.heads // 2
        rates = ROTARY_BASE ** (-np.arange(half) / half)
        self.turns = np.exp(1j * np.outer(np.arange(CONTEXT + 1), rates)).astype(np.complex64)
        """By place, of shape (places, half a head's width)."""
        self.layers = [
            _LayerWeights.of(shape, self.weights, layer) for layer in range(shape.layers)
        ]
        self.head = _folded(weights["head"], weights["norm"])
        zero = np.zeros((1, shape.width), np.float32)
        self.grams = [np.vstack([weights[f"grams.{back}"], zero]) for back in range(shape.grams)]

    def embedded(self, ids: Ints) -> Floats:
        """Returns the sum of embeddings for ids of shape (…, grams), the newest one first.

        The id -1 stands before the transcript's beginning and adds nothing.
        """
        total: Floats = self.grams[0][ids[..., 0]]
        for back in range(1, self.shape.grams):
            total += self.grams[back][ids[..., back]]
        return total


@dataclass(frozen=True)
class _LayerWeights:
    """The matrices of a layer, each to be multiplied from the right."""

    asked: Floats
    mixed: Floats
    up: Floats
    down: Floats

    @classmethod
    def of(cls, shape: ModelShape, weights: Mapping[str, Floats], layer: int) -> _LayerWeights:
        name, size = f"layers.{layer}", shape.width // shape.heads
        asked = weights[f"{name}.asked.weight"].reshape(3, shape.heads, size, shape.width).copy()
        paired = np.arange(size).reshape(2, -1).T.reshape(-1)
        asked[:2] = asked[:2, :, paired]
        asked[0] /= np.float32(size**0.5)
        flat = asked.reshape(3 * shape.width, shape.width)
        return cls(
            asked=_folded(flat, weights[f"{name}.norm_mix"]),
            mixed=_folded(weights[f"{name}.mixed.weight"]),
            up=_folded(weights[f"{name}.up.weight"], weights[f"{name}.norm_map"]),
            down=_folded(weights[f"{name}.down.weight"]),
        )


def _folded(weight: Floats, norm: Floats | None = None) -> Floats:
    found: Floats = np.ascontiguousarray((weight if norm is None else weight * norm).T)
    return found


class Decoder:
    """Transcripts that grow together, each at its own length."""

    def __init__(self, model: TinyModel, rows: int, room: int = CONTEXT) -> None:
        shape = model.shape
        self._model = model
        self._room = room
        self.ids: list[list[int]] = [[] for _ in range(rows)]
        """The transcripts so far."""
        size = (shape.layers, rows, shape.heads, room + 1, shape.width // shape.heads)
        self._keys: Floats = np.zeros(size, np.float32)
        self._values: Floats = np.zeros(size, np.float32)
        self._back = np.arange(shape.grams - 1, -1, -1)
        self._said: Ints = np.full((rows, shape.grams + room), -1, np.int64)
        """The ids from the place of `grams - 1` on; before it nothing, at last a spare place."""

    def feed(self, rows: Sequence[int], new: Sequence[Sequence[int]]) -> Floats:
        """Appends new tokens, at least one, to some rows; returns the logits after each row's last.

        Raises:
            ValueError: a transcript would outgrow its room.
        """
        starts = np.array([len(self.ids[row]) for row in rows])
        counts = np.array([len(ids) for ids in new])
        reach, longest = int((starts + counts).max()), int(counts.max())
        if reach > self._room:
            raise ValueError(f"a transcript is longer than {self._room} tokens")
        for row, start, ids in zip(rows, starts, new, strict=True):
            self.ids[row].extend(ids)
            first = start + self._model.shape.grams - 1
            self._said[row, first : first + len(ids)] = ids
        columns = np.arange(longest)
        places = np.where(columns < counts[:, None], starts[:, None] + columns, self._room)
        index = np.array(rows)
        recent = self._said[index[:, None, None], places[..., None] + self._back]
        states = self._model.embedded(recent)
        seen = _AttentionRows.of(index, places, reach, len(self.ids))
        for layer in range(self._model.shape.layers):
            self._layer(layer, states, seen)
        return _normal(states[np.arange(len(rows)), counts - 1]) @ self._model.head

    def _layer(self, number: int, states: Floats, seen: _AttentionRows) -> None:
        """Adds to the states, of shape (rows, new tokens, width), what a layer makes of them."""
        layer, shape = self._model.layers[number], self._model.shape
        count, columns, width = states.shape
        asked = (_normal(states) @ layer.asked).reshape(count, columns, 3, shape.heads, -1)
        turns = self._model.turns[np.minimum(seen.places, CONTEXT)][:, :, None, None]
        turned = (asked[:, :, :2].view(np.complex64) * turns).view(np.float32)
        keys, values = self._keys[number], self._values[number]
        keys[seen.rows[:, None], :, seen.places] = turned[:, :, 1]
        values[seen.rows[:, None], :, seen.places] = asked[:, :, 2]
        query = seen.spread(turned[:, :, 0].swapaxes(1, 2))
        scores = query @ keys[seen.mine, :, : seen.reach].swapaxes(2, 3)
        if seen.is_later is not None:
            np.copyto(scores, np.float32(-1e30), where=seen.is_later)
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        mixed = scores @ values[seen.mine, :, : seen.reach]
        mixed /= scores.sum(axis=-1, keepdims=True)
        states += seen.gathered(mixed).swapaxes(1, 2).reshape(count, columns, width) @ layer.mixed
        mapped = _normal(states) @ layer.up
        np.maximum(mapped, 0, out=mapped)
        mapped *= mapped
        states += mapped @ layer.down


@dataclass(frozen=True)
class _AttentionRows:
    """Which rows look at which of their places; the caches of all rows are read where it pays.

    Some rows out of many would have to be copied out of the caches first: where most rows look,
    all of them do, and what the others see is thrown away.
    """

    rows: Ints
    places: Ints
    """Of shape (rows, new tokens); padding stands at the spare place."""
    reach: int
    mine: slice | Ints
    """What is read of the caches."""
    whole: int
    """How many rows are read where all of them are; 0 where only those that look are."""
    is_later: npt.NDArray[np.bool_] | None
    """What may not be looked at, of shape (rows read, 1, new tokens, reach)."""

    @classmethod
    def of(cls, rows: Ints, places: Ints, reach: int, count: int) -> _AttentionRows:
        first, last = int(rows[0]), int(rows[-1])
        is_run = last - first + 1 == len(rows) and bool((np.diff(rows) == 1).all())
        is_most = not is_run and 2 * len(rows) >= count
        mine = slice(first, last + 1) if is_run else slice(None) if is_most else rows
        is_later = None
        if places.shape[1] > 1 or (places != reach - 1).any():
            is_later = np.arange(reach) > places[:, None, :, None]
            if is_most:
                spread = np.zeros((count, *is_later.shape[1:]), np.bool_)
                spread[rows] = is_later
                is_later = spread
        return cls(rows, places, reach, mine, count if is_most else 0, is_later)

    def spread(self, query: Floats) -> Floats:
        """Returns the queries of the rows that are read."""
        if not self.whole:
            return query
        spread = np.zeros((self.whole, *query.shape[1:]), np.float32)
        spread[self.rows] = query
        return spread

    def gathered(self, mixed: Floats) -> Floats:
        """Returns what the rows that look have seen."""
        return mixed[self.rows] if self.whole else mixed


Choose = Callable[[int, Floats], int]
"""From a row and the log-probabilities of all tokens to the token that is taken."""


@dataclass(frozen=True, kw_only=True)
class GeneratedTurn:
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
) -> list[GeneratedTurn]:
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
    return [GeneratedTurn(ids=tuple(ids[r]), logprobs=tuple(logprobs[r])) for r in rows]


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    table: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return table


def _normal(states: Floats) -> Floats:
    mean = np.vecdot(states, states) / np.float32(states.shape[-1])
    normal: Floats = states / np.sqrt(mean + np.float32(EPSILON))[..., None]
    return normal
