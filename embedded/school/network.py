"""The embedded transformer in torch, to be trained; `policies.embedded.tiny.model` runs it.

Decoder-only, pre-norm, rotary positions (Su et al. 2021, arXiv 2104.09864), squared ReLU (So et al.
2021, arXiv 2109.08668). A token's input is the sum of one embedding for each of the last few
tokens, so that a name's last syllable carries the whole name.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..transformer.model import EPSILON, ROTARY_BASE, ModelShape, TinyModel

_EMBEDDING_SPREAD = 0.05
_INNER_GAIN = 0.6


class TransformerLayer(nn.Module):
    """Attention, then two linear maps with a squared ReLU between them."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.norm_mix = nn.Parameter(torch.ones(width))
        self.norm_map = nn.Parameter(torch.ones(width))
        self.asked = nn.Linear(width, 3 * width, bias=False)
        self.mixed = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, width, bias=False)
        for place, scale in (
            (self.asked, _INNER_GAIN),
            (self.up, _INNER_GAIN),
            (self.mixed, 1 / math.sqrt(2 * shape.layers)),
            (self.down, 1 / math.sqrt(2 * shape.layers)),
        ):
            nn.init.normal_(place.weight, std=scale / math.sqrt(place.weight.shape[1]))

    def forward(self, states: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
        """Takes and returns states of shape (rows, tokens, width)."""
        rows, tokens, width = states.shape
        asked = self.asked(_normal(states, self.norm_mix))
        query, key, value = asked.view(rows, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(
            _turned(query, cosines, sines), _turned(key, cosines, sines), value, is_causal=True
        )
        states = states + self.mixed(mixed.transpose(1, 2).reshape(rows, tokens, width))
        mapped = functional.relu(self.up(_normal(states, self.norm_map))).square()
        out: Tensor = states + self.down(mapped)
        return out


class Network(nn.Module):
    """The whole transformer: ids to logits."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.shape = shape
        self.grams = nn.ParameterList(
            nn.Parameter(torch.randn(shape.tokens, shape.width) * _EMBEDDING_SPREAD)
            for _ in range(shape.grams)
        )
        self.layers = nn.ModuleList(TransformerLayer(shape) for _ in range(shape.layers))
        self.norm = nn.Parameter(torch.ones(shape.width))
        self.head = nn.Parameter(torch.zeros(shape.tokens, shape.width))

    def forward(self, ids: Tensor, chosen: Tensor | None = None) -> Tensor:
        """Returns the logits of the token after each of `ids`, of shape (rows, tokens).

        Args:
            chosen: places in the flattened ids whose logits are wanted; None: all, unflattened.
        """
        rows, tokens = ids.shape
        states = torch.zeros(rows, tokens, self.shape.width, device=ids.device)
        for back, table in enumerate(self.grams):
            found = functional.embedding(ids, table)
            states = states + functional.pad(found, (0, 0, back, 0))[:, :tokens]
        angles = _angles(tokens, self.shape, ids.device)
        cosines, sines = angles.cos(), angles.sin()
        for layer in self.layers:
            states = layer(states, cosines, sines)
        states = _normal(states, self.norm)
        if chosen is not None:
            states = states.reshape(-1, self.shape.width)[chosen]
        return functional.linear(states, self.head)

    def exported(self) -> TinyModel:
        """Returns the same transformer to be run with NumPy."""
        arrays = {name: value.detach().cpu().numpy() for name, value in self.named_parameters()}
        return TinyModel(
            self.shape, {name: array.astype(np.float32) for name, array in arrays.items()}
        )

    @classmethod
    def of(cls, model: TinyModel) -> Network:
        """Returns a network with the weights of a model."""
        network = cls(model.shape)
        network.load_state_dict({n: torch.from_numpy(w.copy()) for n, w in model.weights.items()})
        return network


def _normal(states: Tensor, weight: Tensor) -> Tensor:
    return functional.rms_norm(states, weight.shape, weight, EPSILON)


def _angles(tokens: int, shape: ModelShape, device: torch.device) -> Tensor:
    half = shape.width // shape.heads // 2
    places, rates = (torch.arange(count, device=device) for count in (tokens, half))
    return torch.outer(places.float(), ROTARY_BASE ** (-rates / half))


def _turned(states: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    first, second = states.chunk(2, -1)
    turned = (first * cosines - second * sines, first * sines + second * cosines)
    return torch.cat(turned, -1)
