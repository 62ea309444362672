"""How fast the embedded transformer reads and writes: NumPy, and onnxruntime where it is installed.

    OMP_NUM_THREADS=1 python -m outlay.embedded.evidence.decoding

One transcript is read (prefilled) and then written on token by token, with a cache of keys and
values either way; NumPy also writes 64 transcripts side by side. The floor, in the same run, is the
bare products of the transformer's matrices with one vector for each token. The whole task is the
ordinary agent's: a question of the Almanac under the planner `tracker`. `pip install onnx
onnxruntime` and torch are needed for the comparison only.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.util
import io
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ...agent import Agent
from ...benchmarks.suite import suite
from ..transformer.model import EPSILON, Decoder, Floats, TinyModel
from ..transformer.weights import SHIPPED, load

READ, WRITTEN, ROWS = 250, 120, 64
"""Tokens that are read and then written, and transcripts side by side."""


@dataclass(frozen=True, kw_only=True)
class DecodingSpeed:
    """Tokens a second of processor time."""

    engine: str
    read: float
    written: float


Feed = Callable[[Sequence[int]], Floats]
"""From new tokens of one transcript to the logits after the last one."""


def speed(engine: str, begin: Callable[[], Feed], rounds: int) -> DecodingSpeed:
    """Measures an engine on one transcript; `begin` starts a new one."""
    ids = _ids(READ)
    begin()(ids)
    read, written = 0.0, 0.0
    for _ in range(rounds):
        feed = begin()
        start = time.process_time()
        logits = feed(ids)
        middle = time.process_time()
        for _ in range(WRITTEN):
            logits = feed([int(logits.argmax())])
        read, written = read + middle - start, written + time.process_time() - middle
    return DecodingSpeed(
        engine=engine, read=rounds * READ / read, written=rounds * WRITTEN / written
    )


def in_numpy(model: TinyModel) -> Callable[[], Feed]:
    """Returns the engine that ships."""

    def begin() -> Feed:
        decoder = Decoder(model, 1)
        return lambda ids: decoder.feed([0], [list(ids)])[0]

    return begin


def side_by_side(model: TinyModel, rounds: int) -> DecodingSpeed:
    """Measures NumPy on many transcripts at once."""
    ids, rows, read, written = _ids(READ), range(ROWS), 0.0, 0.0
    for _ in range(rounds):
        decoder = Decoder(model, ROWS)
        start = time.process_time()
        logits = decoder.feed(rows, [ids] * ROWS)
        middle = time.process_time()
        for _ in range(WRITTEN):
            logits = decoder.feed(rows, [[int(line.argmax())] for line in logits])
        read, written = read + middle - start, written + time.process_time() - middle
    count = rounds * ROWS
    return DecodingSpeed(
        engine=f"NumPy, {ROWS} side by side", read=count * READ / read,
        written=count * WRITTEN / written,
    )  # fmt: skip


def floor(model: TinyModel, rounds: int) -> float:
    """Returns how many tokens a second the bare products of all matrices with a vector allow."""
    matrices = [w for name, w in model.weights.items() if w.ndim == 2 and "grams" not in name]
    vectors = {w.shape[1]: np.ones(w.shape[1], np.float32) for w in matrices}
    start = time.process_time()
    for _ in range(rounds * WRITTEN):
        for matrix in matrices:
            matrix @ vectors[matrix.shape[1]]
    return rounds * WRITTEN / (time.process_time() - start)


def in_onnxruntime(model: TinyModel) -> Callable[[], Feed]:
    """Returns the same transformer run by onnxruntime on one thread, from a graph made by torch."""
    onnxruntime = importlib.import_module("onnxruntime")  # has no types

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(_graph(model), options)
    shape = model.shape
    empty = np.zeros((shape.layers, shape.heads, 0, shape.width // shape.heads), np.float32)

    def begin() -> Feed:
        said = [shape.tokens] * shape.grams
        state = [empty, empty]

        def feed(ids: Sequence[int]) -> Floats:
            said.extend(ids)
            places = range(len(said) - len(ids), len(said))
            recent = [[said[place - back] for back in range(shape.grams)] for place in places]
            given = {"recent": np.array(recent), "keys": state[0], "values": state[1]}
            logits, *state[:] = session.run(None, given)
            found: Floats = logits
            return found

        return feed

    return begin


def _graph(model: TinyModel) -> bytes:
    import torch
    from torch.nn import functional

    weights = {name: torch.from_numpy(array) for name, array in model.weights.items()}
    shape, zero = model.shape, torch.zeros(1, model.shape.width)
    tables = [torch.cat([weights[f"grams.{back}"], zero]) for back in range(shape.grams)]
    cosines, sines = torch.from_numpy(model.turns.real), torch.from_numpy(model.turns.imag)

    def normal(states: torch.Tensor, name: str) -> torch.Tensor:
        mean = states.square().mean(-1, keepdim=True)
        return states / (mean + EPSILON).sqrt() * weights[name]

    class DecodeStep(torch.nn.Module):
        def forward(self, recent: Any, keys: Any, values: Any) -> Any:
            count, past = recent.shape[0], keys.shape[2]
            places = torch.arange(count) + past
            found = [functional.embedding(recent[:, n], table) for n, table in enumerate(tables)]
            states = torch.stack(found).sum(0)
            is_later = torch.arange(past + count)[None] > places[:, None]
            kept: tuple[list[Any], list[Any]] = ([], [])
            for layer in range(shape.layers):
                name = f"layers.{layer}"
                asked = normal(states, f"{name}.norm_mix") @ weights[f"{name}.asked.weight"].T
                asked = asked.view(count, 3, shape.heads, -1).permute(1, 2, 0, 3)
                query, key = (
                    _turned(each, cosines[places], sines[places]) for each in (asked[0], asked[1])
                )
                for old, new, known in zip((keys, values), (key, asked[2]), kept, strict=True):
                    known.append(torch.cat([old[layer], new], 1))
                scores = query @ kept[0][-1].transpose(1, 2) / (shape.width // shape.heads) ** 0.5
                scores = scores.masked_fill(is_later, -1e30).softmax(-1)
                mixed = (scores @ kept[1][-1]).transpose(0, 1).reshape(count, -1)
                states = states + mixed @ weights[f"{name}.mixed.weight"].T
                mapped = normal(states, f"{name}.norm_map") @ weights[f"{name}.up.weight"].T
                states = states + mapped.relu().square() @ weights[f"{name}.down.weight"].T
            logits = normal(states[-1], "norm") @ weights["head"].T
            return logits, torch.stack(kept[0]), torch.stack(kept[1])

    def _turned(states: Any, cosines: Any, sines: Any) -> Any:
        first, second = states.chunk(2, -1)
        return torch.cat((first * cosines - second * sines, first * sines + second * cosines), -1)

    file: Any = io.BytesIO()
    old = torch.zeros(shape.layers, shape.heads, 7, shape.width // shape.heads)
    names, new = ["recent", "keys", "values"], ["logits", "new_keys", "new_values"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            DecodeStep(), (torch.zeros(3, shape.grams, dtype=torch.long), old, old), file,
            input_names=names, output_names=new, dynamo=False,
            dynamic_axes={"recent": {0: "new"}, "keys": {2: "past"}, "values": {2: "past"}},
        )  # fmt: skip
    graph: bytes = file.getvalue()
    return graph


async def seconds_a_task(count: int) -> float:
    """Returns the processor seconds of a task that the ordinary agent carries out."""
    made = suite("almanac")
    spent = []
    with TemporaryDirectory() as home:
        for task in made.tasks(count, 11):
            agent = Agent(
                model="embedded", tools=made.world(task).tools(), planner="tracker",
                budget="usd=0.016", home=Path(home),
            )  # fmt: skip
            start = time.process_time()
            await agent.run(task.prompt)
            spent.append(time.process_time() - start)
            await agent.close()
    return fmean(spent[1:])


def _ids(count: int) -> list[int]:
    random = Random(0)
    return [random.randrange(20, 300) for _ in range(count)]


def main() -> None:
    """Prints tokens a second by engine, and the seconds of a task."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=25)
    given = parser.parse_args()
    model = load(SHIPPED)
    found = [speed("NumPy", in_numpy(model), given.rounds), side_by_side(model, 1)]
    if all(map(importlib.util.find_spec, ("torch", "onnx", "onnxruntime"))):
        found.append(speed("onnxruntime", in_onnxruntime(model), given.rounds))
    for each in found:
        print(
            f"{each.engine}: {each.read:,.0f} tokens read and {each.written:,.0f} written a second"
        )
    print(f"floor: {floor(model, given.rounds):,.0f} tokens a second (bare products)")
    print(f"a task: {asyncio.run(seconds_a_task(given.tasks)):.2f} s of the processor")


if __name__ == "__main__":
    main()
