"""A real llama.cpp serves a model of random bytes: the protocol, not the wit."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import BaseModel

from outlay.agent import Agent
from outlay.journal.records import Message, Request
from outlay.ledger.errors import CallRefused, UsageError
from outlay.planners.loops.auto import ModeChoice
from outlay.planners.reply_schemas import schema_of
from outlay.planners.verified.checklist import Decomposition
from outlay.planners.verified.verifier import Verdict
from outlay.policies import policy, rate_limited
from outlay.policies.gguf.model_file import ModelFile
from outlay.policies.gguf.server import ModelServer, served

pytest.importorskip("xllamacpp", reason="llama.cpp is not installed (the extra `local`)")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tiny_gguf import write_tiny_gguf

    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(scope="module")
def spec(model: Path) -> str:
    return f"gguf:{model}?slots=2&context=512&threads=1"


def test_how_it_is_written() -> None:
    read = ModelFile.parse("/m/a.gguf+/m/b.gguf?slots=2&context=512&threads=1")
    assert read == ModelFile(
        file=Path("/m/a.gguf"), adapters=(Path("/m/b.gguf"),), slots=2, context=512, threads=1
    )
    assert read.name == "gguf/a+b"


@pytest.mark.parametrize("odd", ["", "a.bin", "a.gguf?slots=0", "a.gguf?speed=9", "a.gguf?slots="])
def test_anything_else_is_refused(odd: str) -> None:
    with pytest.raises(UsageError, match="gguf"):
        policy(f"gguf:{odd}")


def test_a_file_that_is_not_there_or_no_model(tmp_path: Path) -> None:
    other = tmp_path / "x.gguf"
    for said in ("cannot be read", "not a model"):
        with pytest.raises(UsageError, match=said):
            policy(f"gguf:{other}").check()  # type: ignore[attr-defined]
        other.write_bytes(b"GGML")


async def test_a_broken_model_ends_in_a_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(UsageError, match=r"llama.cpp cannot serve broken.gguf"):
        await policy(f"gguf:{broken}").prepare()  # type: ignore[attr-defined]


async def test_it_replies_with_a_bill(spec: str) -> None:
    model = policy(spec)
    request = Request((Message("user", "Hé!"),), max_tokens=7)
    reply = await model.reply(request)
    assert reply.usage is not None
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (
        len("<user>Hé!\n<assistant>".encode()),
        7,
    )
    assert reply.finish_reason == "length"
    assert reply.model == "gguf/tiny"


@pytest.mark.parametrize("form", [Decomposition, ModeChoice, Verdict])
async def test_it_is_held_to_a_schema(spec: str, form: type[BaseModel]) -> None:
    request = Request((Message("user", "Hé!"),), max_tokens=24, schema=schema_of(form))
    reply = await policy(spec).reply(request)
    first = next(iter(form.model_fields))
    begun = "".join(reply.message.content.split())
    assert begun[: len(first) + 4] == f'{{"{first}":'[: len(begun)]


async def test_runs_share_one_server_and_its_slots(spec: str, tmp_path: Path) -> None:
    agent = Agent(model=policy(spec, max_output=24), budget="usd=1,seconds=300", home=tmp_path)
    results = await asyncio.gather(*(agent.run(f"Say {n}.") for n in range(5)))
    assert {result.spend.usd for result in results} == {0}
    assert all(result.spend["output_tokens"] for result in results)
    assert served(ModelFile.parse(spec.removeprefix("gguf:"))).rate.limit.at_once == 2
    assert policy(spec).rate is agent.policy.rate  # type: ignore[union-attr,attr-defined]


def test_a_rate_of_its_own_cannot_be_set(spec: str) -> None:
    with pytest.raises(UsageError, match="cannot be given a rate"):
        rate_limited(policy(spec), "rpm=60")


async def test_a_prompt_beyond_its_context_is_told(spec: str) -> None:
    long = Request((Message("user", "x" * 2000),), max_tokens=7)
    with pytest.raises(CallRefused, match="longer than"):
        await policy(spec).reply(long)


async def test_a_server_that_was_killed_is_started_anew(spec: str) -> None:
    model = policy(spec)
    await model.reply(Request((Message("user", "a"),), max_tokens=2))
    server = served(ModelFile.parse(spec.removeprefix("gguf:")))
    process = server._process
    assert process is not None
    process.kill()
    process.wait()
    assert (await model.reply(Request((Message("user", "a"),), max_tokens=2))).usage is not None
    assert server._process is not process


ENDING = """
import asyncio, os, sys
from outlay.policies import policy
async def main():
    await policy(sys.argv[1]).prepare()
asyncio.run(main())
from outlay.policies.gguf.server import _servers
print(next(iter(_servers.values()))._process.pid, flush=True)
if sys.argv[2] == "killed":
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("how", ["killed", "ended"])
def test_the_server_ends_with_outlay(spec: str, how: str) -> None:
    told = subprocess.run([sys.executable, "-c", ENDING, spec, how], capture_output=True, text=True)
    server = int(told.stdout)
    until = time.monotonic() + 60
    while _is_running(server) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _is_running(server)


def test_a_model_server_is_told_of_nothing_secret(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    server = ModelServer(ModelFile(file=model, context=512, threads=1))
    try:
        server.url()
        assert server._process is not None
        environment = Path(f"/proc/{server._process.pid}/environ")
        if environment.exists():
            assert b"sk-secret" not in environment.read_bytes()
    finally:
        server.stop()


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True
