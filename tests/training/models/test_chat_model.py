"""A model of Hugging Face plays here: what it samples is what it is trained on."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("transformers", reason="the extra `train` is not installed")

import transformers  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from outlay.agent import Home  # noqa: E402
from outlay.benchmarks.suite import suite  # noqa: E402
from outlay.cli.commands.train.app import train  # noqa: E402
from outlay.journal.records import Message, Reply, Request, Sampled, ToolSpec  # noqa: E402
from outlay.ledger.account import Account  # noqa: E402
from outlay.ledger.budget import Budget  # noqa: E402
from outlay.ledger.errors import CallRefused, UsageError  # noqa: E402
from outlay.ledger.prices.price_book import PriceBook  # noqa: E402
from outlay.policies import text_protocol  # noqa: E402
from outlay.training.data.rollouts import RolloutConfig, play  # noqa: E402
from outlay.training.data.rows import RowTier  # noqa: E402
from outlay.training.loop.examples import Trainable, TrainingExample, examples, tokens_of  # noqa: E402
from outlay.training.loop.reference_logprobs import logprobs_of  # noqa: E402
from outlay.training.loop.reinforce import Learner, RlConfig  # noqa: E402
from outlay.training.loop.trainer import FineTuneConfig, fit  # noqa: E402
from outlay.training.models.chat_model import ChatModel  # noqa: E402
from outlay.training.models.generation import GenerationRequest, cache_name, generate  # noqa: E402
from outlay.training.models.loading import load  # noqa: E402
from outlay.training.objectives.loss import LOOP, SFT  # noqa: E402

from ..tiny_llama import WITH_TOOLS, save, tokenizer  # noqa: E402

ALMANAC = suite("almanac")
BUDGET = "usd=0.004,output_tokens=640"
CALL = '<tool_call>{"name": "look", "arguments": {"at": "it"}}</tool_call>'
TOOL = ToolSpec("look", "Looks.", {"type": "object"})
ASK = Request((Message("user", "look at it"),), (TOOL,), max_tokens=60)


def answered(model: ChatModel, request: Request) -> tuple[Reply, Sampled]:
    """Returns the reply to a request, and its tokens."""
    [reply] = model.answers([request])
    assert isinstance(reply, Reply)
    assert reply.sampled is not None
    return reply, reply.sampled


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model whose tokenizer knows the words of the Almanac's prompts."""
    texts = [ALMANAC.system_prompt, text_protocol.describe(()), CALL]
    made = tokenizer(texts)
    made.save_pretrained(tmp_path / "model")
    return save(tmp_path / "model", len(made), [made.eos_token_id, *range(2, 80)])


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # by peft
@pytest.mark.parametrize("lora", [0, 2])
def test_sequences_side_by_side_are_sampled_as_if_alone(folder: Path, lora: int) -> None:
    """Log-probabilities are those of a fresh pass over prompt and reply, whatever the padding."""
    model = load(save(folder, 12), lora=lora, device="cpu").trainable.module
    cache = cache_name(model)
    asked = [
        GenerationRequest(prompt=(3, 4, 5), limit=6, temperature=1.0, seed=1),
        GenerationRequest(prompt=(7,), limit=9, temperature=0.7, seed=2),
        GenerationRequest(prompt=(3, 4, 5, 6, 7, 8), limit=4),
    ]
    together = generate(model, asked, cache=cache, ends=frozenset({2}), pad=0)
    for each, said in zip(asked, together, strict=True):
        (alone,) = generate(model, [each], cache=cache, ends=frozenset({2}), pad=0)
        assert alone.ids == said.ids
        assert len(said.ids) == each.limit or said.ids[-1] == 2
        ids = torch.tensor([[*each.prompt, *said.ids]])
        table = torch.log_softmax(model(input_ids=ids).logits[0, len(each.prompt) - 1 : -1], -1)
        fresh = table.gather(1, torch.tensor(said.ids)[:, None])[:, 0].tolist()
        assert said.logprobs == pytest.approx(fresh, abs=1e-5)
        if not each.temperature:
            assert said.ids == tuple(table.argmax(-1).tolist())


def test_calls_are_read_from_the_text_and_the_next_prompt_goes_on_from_it(tmp_path: Path) -> None:
    """A model that has learned one call by heart; its template has a place for tools."""
    made = tokenizer([CALL, "look at it"], WITH_TOOLS)
    module = transformers.AutoModelForCausalLM.from_pretrained(
        save(tmp_path / "m", len(made), [made.eos_token_id])
    ).eval()
    app = ChatModel(module, made, "m")
    assert app.takes_tools
    first, sampled = answered(app, replace(ASK, max_tokens=1))
    prompt = sampled.prompt or ()
    assert first.finish_reason == "length"
    wanted = [*made(CALL)["input_ids"], made.eos_token_id]
    learned = TrainingExample(
        ids=(*prompt, *wanted), mask=(False,) * len(prompt) + (True,) * len(wanted),
        weights=(1.0,) * (len(prompt) + len(wanted)), trajectory="t",
    )  # fmt: skip
    model = Trainable(module=module, logits=lambda ids: module(input_ids=ids).logits, tokenizer="t")
    fit(model, [learned], FineTuneConfig(how=SFT, epochs=80, rate=0.03, warm_up=None))

    second, sampled = answered(app, ASK)
    assert (list(sampled.ids), second.finish_reason) == (wanted, "tool_calls")
    (call,) = second.message.tool_calls
    assert (call.name, call.arguments) == ("look", '{"at":"it"}')
    assert len(sampled.logprobs) == len(wanted)
    seen = Message("tool", "found", tool_call_id=call.id)
    _, third = answered(app, replace(ASK, messages=(*ASK.messages, second.message, seen)))
    assert list(third.prompt or ())[: len(prompt) + len(wanted)] == [*prompt, *wanted]


def test_a_request_that_fails_leaves_the_others_be(folder: Path) -> None:
    loaded = load(folder)
    made = transformers.AutoTokenizer.from_pretrained(folder)
    refusing = "{% if messages[0].role == 'tool' %}{{ raise_exception('no tool') }}{% endif %}"
    made.chat_template = refusing + made.chat_template
    app = ChatModel(loaded.trainable.module, made, "m")
    asked = Request((Message("user", "hi"),), max_tokens=2, temperature=1.0)
    long = Request((Message("user", "\x00" * 3_000),))
    refused_by_template = Request((Message("tool", "?"),))
    answers = app.answers([long, asked, refused_by_template])
    assert [type(answer) for answer in answers] == [CallRefused, Reply, CallRefused]
    assert "the prompt is longer than m can read" in str(answers[0])
    assert "chat template" in str(answers[2])


def test_a_model_without_a_cache_is_refused() -> None:
    config = transformers.OpenAIGPTConfig(vocab_size=12, n_embd=8, n_layer=1, n_head=2)
    module = transformers.OpenAIGPTLMHeadModel(config)
    with pytest.raises(UsageError, match="OpenAIGPTLMHeadModel cannot be sampled from"):
        ChatModel(module, tokenizer(), "m")


async def test_what_is_played_is_what_is_learned(folder: Path, tmp_path: Path) -> None:
    loaded = load(folder)
    tasks = {task.id: task for task in ALMANAC.tasks(2, seed=0)}
    stage = RolloutConfig(suite=ALMANAC, planner="tracker", memory="full", budgets=(BUDGET,))
    policy = loaded.policy()
    runs = await play(
        policy, stage, tasks, dict.fromkeys(tasks, 2), round=0,
        account=Account(Budget.parse("usd=1"), name="the training"), home=Home.at(tmp_path),
        prices=PriceBook.load(None), experiment="e",
    )  # fmt: skip
    await policy.close()
    Home.at(tmp_path).close()
    rows = [row for run in runs for row in run.rows]
    assert len(runs) == 4
    assert {row.tier for row in rows} == {RowTier.TOKENS}
    given = examples(rows, [[1.0] * len(row.ids) for row in rows], loaded.trainable.tokenizer)
    fresh = logprobs_of(loaded.trainable, given, 10_000)
    for row, values in zip(rows, fresh, strict=True):
        assert row.logprobs == pytest.approx(values, abs=1e-4)
    turn = count()
    plan = RlConfig(fitting=FineTuneConfig(how=LOOP), reward=lambda outcome: float(next(turn) % 2))
    done = Learner(loaded.trainable, plan).learn(0, runs)
    assert done.useful == 1
    assert done.steps[0].kl < 1e-6


def test_the_command_plays_a_round_with_divergence_and_entropy(
    folder: Path, tmp_path: Path
) -> None:
    done = CliRunner().invoke(
        train,
        ["rl", "--model", str(folder), "--out", str(tmp_path / "out"), "--suite", "almanac",
         "--budget", BUDGET, "--tasks", "2", "--per-round", "2", "--rounds", "1", "--group", "2",
         "--total-budget", "usd=0.1", "--loss", "ppo", "--kl", "0.1", "--entropy", "0.01",
         "--device", "cpu", "--home", str(tmp_path / "home"), "--plain"],
    )  # fmt: skip
    if done.exception is not None:
        raise done.exception
    assert "round 1 of 1: 4 runs, success 0" in done.stdout
    assert load(tmp_path / "out").trainable.tokenizer == load(folder).trainable.tokenizer


def test_a_device_that_is_not_there_is_refused(folder: Path) -> None:
    if torch.cuda.is_available():
        assert load(folder, device="cuda").trainable.device.type == "cuda"
    else:
        with pytest.raises(UsageError, match="torch sees no GPU here"):
            load(folder, device="cuda")
    assert load(folder, device="cpu").trainable.device.type == "cpu"


def test_tensors_are_where_the_model_is() -> None:
    module = torch.nn.Sequential(torch.nn.Embedding(6, 4), torch.nn.Linear(4, 6)).to("meta")
    model = Trainable(module=module, logits=module, tokenizer="t")
    one = TrainingExample(
        ids=(1, 2), mask=(False, True), weights=(0.0, 1.0), sampled=(0.0, -1.0),
        referred=(0.0, -2.0), trajectory="t",
    )  # fmt: skip
    found = vars(tokens_of(model, [one], {"t": 0}))
    assert len(found) == 8
    assert {tensor.device.type for tensor in found.values()} == {"meta"}
