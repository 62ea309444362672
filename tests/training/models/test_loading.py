"""Models of Hugging Face, made here: read, trained whole or by adapters, written, read again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
transformers = pytest.importorskip("transformers", reason="the extra `train` is not installed")

from outlay.embedded.transformer.weights import SHIPPED  # noqa: E402
from outlay.ledger.errors import UsageError  # noqa: E402
from outlay.training.loop.examples import TrainingExample  # noqa: E402
from outlay.training.loop.trainer import FineTuneConfig, fit, name_of  # noqa: E402
from outlay.training.models.loading import load, tokenizer_of  # noqa: E402
from outlay.training.objectives.loss import SFT  # noqa: E402

IDS = torch.tensor([[1, 2, 3, 4]])
GIVEN = [
    TrainingExample(ids=(1, 2, 3), mask=(False, True, True), weights=(1.0,) * 3, trajectory="t")
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=16, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=64,
    )  # fmt: skip
    path = tmp_path / "model"
    transformers.LlamaForCausalLM(config).save_pretrained(path)
    (path / "tokenizer.json").write_text(json.dumps({"model": "words"}))
    return path


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # by peft
@pytest.mark.parametrize("lora", [0, 2])
def test_a_model_is_trained_written_and_read_again(folder: Path, tmp_path: Path, lora: int) -> None:
    before = load(folder).trainable.logits(IDS).detach()
    loaded = load(folder, lora=lora)
    assert torch.allclose(loaded.trainable.logits(IDS), before)
    told: list[float] = []
    plan = FineTuneConfig(how=SFT, epochs=30, rate=0.2 if lora else 0.03)
    fit(loaded.trainable, GIVEN, plan, told=lambda step: told.append(step.loss))
    assert told[-1] < 0.95 * told[0]
    after = loaded.trainable.logits(IDS).detach()
    loaded.save(tmp_path / "out")
    again = load(tmp_path / "out")
    found = again.trainable.logits(IDS)
    assert torch.allclose(found, after, atol=1e-5)
    assert not torch.allclose(found, before, atol=1e-2)
    assert again.trainable.tokenizer == loaded.trainable.tokenizer
    kept = [name for name, _ in loaded.trainable.module.named_parameters() if "lora" in name]
    assert bool(kept) == bool(lora)  # it can be trained on after it was written


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # by peft
@pytest.mark.parametrize("lora", [0, 2])
def test_a_model_that_is_read_twice_is_the_same(folder: Path, lora: int) -> None:
    plan = FineTuneConfig(how=SFT)
    names = {name_of(plan, GIVEN, load(folder, lora=lora).trainable) for _ in range(2)}
    assert len(names) == 1


def test_ids_belong_to_the_tokenizers_content(folder: Path) -> None:
    first = tokenizer_of(folder)
    assert tokenizer_of(folder.rename(folder.with_name("moved"))) == first
    folder = folder.with_name("moved")
    (folder / "tokenizer.json").write_text("{}")
    assert tokenizer_of(folder) != first


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no model at"):
        load(tmp_path / "none")
    with pytest.raises(UsageError, match="is no causal language model"):
        load(tmp_path)
    with pytest.raises(UsageError, match="trained as a whole"):
        load(SHIPPED, lora=4)
    assert load(SHIPPED).trainable.device.type == "cpu"
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="torch sees no GPU here"):
            load(SHIPPED, device="cuda")
    (tmp_path / "torn.npz").write_bytes(b"x")
    with pytest.raises(UsageError, match="holds no weights"):
        load(tmp_path / "torn.npz")
