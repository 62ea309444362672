from __future__ import annotations

from random import Random

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from outlay.embedded.school.muon import Muon, orthogonal  # noqa: E402
from outlay.embedded.school.network import Network  # noqa: E402
from outlay.embedded.transformer.model import Decoder, ModelShape, generate  # noqa: E402

SHAPE = ModelShape(tokens=50, width=32, layers=3, heads=4, hidden=64, grams=4)


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    made = Network(SHAPE)
    torch.nn.init.normal_(made.head, std=0.3)
    return made


def test_numpy_computes_what_torch_computes(network: Network) -> None:
    random = Random(0)
    prompts = [[random.randrange(50) for _ in range(length)] for length in (1, 30, 7)]
    logits = Decoder(network.exported(), 3, 64).feed(range(3), prompts)
    for prompt, row in zip(prompts, logits, strict=True):
        expected = network(torch.tensor([prompt]))[0, -1].detach().numpy()
        assert np.allclose(row, expected, atol=1e-4)


def test_numpy_decodes_as_torch_does_token_by_token(network: Network) -> None:
    prompts = [[3, 4, 5], [9], [20, 21, 22, 23, 24]]
    limits = [40, 40, 40]
    found = generate(Decoder(network.exported(), 3, 64), range(3), prompts, end=-1, limits=limits)
    for prompt, said in zip(prompts, found, strict=True):
        ids = list(prompt)
        for token, logprob in zip(said.ids, said.logprobs, strict=True):
            table = network(torch.tensor([ids])).detach()[0, -1].log_softmax(-1)
            assert token == int(table.argmax())
            assert logprob == pytest.approx(float(table[token]), abs=1e-3)
            ids.append(token)


def test_a_network_comes_back_from_its_model(network: Network) -> None:
    ids = torch.arange(12)[None]
    assert torch.equal(Network.of(network.exported())(ids), network(ids))


def test_all_tensors_are_where_the_ids_are(network: Network) -> None:
    ids = torch.zeros(2, 5, dtype=torch.long, device="meta")
    assert Network(network.shape).to("meta")(ids).device.type == "meta"


def test_the_loss_is_of_the_chosen_places_only(network: Network) -> None:
    ids = torch.arange(20).reshape(2, 10)
    chosen = torch.tensor([3, 17])
    assert torch.allclose(network(ids, chosen), network(ids).reshape(20, -1)[chosen], atol=1e-5)


@pytest.mark.parametrize("shape", [(8, 24), (24, 8), (16, 16)])
def test_an_orthogonalised_matrix_has_singular_values_near_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(1)
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
    assert float(values.min()) > 0.5
    assert float(values.max()) < 1.4


def test_muon_finds_the_least_squares() -> None:
    torch.manual_seed(2)
    goal = torch.randn(3, 3) / 2
    matrix = torch.nn.Parameter(torch.zeros(3, 3))
    muon = Muon([matrix], lr=0.3)
    for step in range(60):
        muon.zero_grad()
        (matrix - goal).square().sum().backward()
        muon.param_groups[0]["lr"] = 0.3 * (1 - step / 60)
        muon.step()
    assert float((matrix.detach() - goal).abs().max()) < 0.2
