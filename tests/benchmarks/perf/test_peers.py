"""The comparison with other frameworks, against peers made here: no environment is installed."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from outlay.benchmarks.perf.overhead import FLOOR, LoadCase
from outlay.benchmarks.perf.peers import __main__ as command
from outlay.benchmarks.perf.peers import environments, scripts
from outlay.benchmarks.perf.peers.environments import Peer, installed, names
from outlay.benchmarks.perf.peers.errors import PeerFailed
from outlay.benchmarks.perf.peers.overshoot import own_spent_at_cap, spent_at_cap
from outlay.benchmarks.perf.peers.turns import compare

SCRIPTS = Path(scripts.__file__).parent
CASE = LoadCase(agents=2, turns=3, wait_ms=0)
BY_HAND = """
import asyncio, json, urllib.request
from contextlib import asynccontextmanager
from .stage import TOOL, Cap, all_ends, at_once, lookup, main

def post(url, model, messages):
    body = {"model": model, "messages": messages, "tools": [TOOL]}
    request = urllib.request.Request(
        url + "/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["choices"][0]["message"]

@asynccontextmanager
async def playing(url, model):
    async def play(question):
        messages = [{"role": "user", "content": question}]
        while True:
            message = await asyncio.to_thread(post, url, model, messages)
            if not message.get("tool_calls"):
                return message["content"]
            call = message["tool_calls"][0]
            text = lookup(**json.loads(call["function"]["arguments"]))
            messages += [message, {"role": "tool", "tool_call_id": call["id"], "content": text}]

    yield at_once(play)

async def capped(url, model, questions):
    asked = [[{"role": "user", "content": question}] for question in questions]
    return await all_ends([asyncio.to_thread(post, url, model, messages) for messages in asked])
"""
CAP = 'Cap(name="a limit", unit="tokens", amount=4_000, ask=capped)'


def peer(folder: Path, name: str, script: str) -> Peer:
    """A peer whose script is written here and runs with this Python."""
    (folder / "scripts").mkdir(exist_ok=True)
    for shared in ("__init__.py", "stage.py"):
        shutil.copy(SCRIPTS / shared, folder / "scripts")
    (folder / "scripts" / f"{name}.py").write_text(script)
    return Peer(name=name, python=Path(sys.executable), folder=folder)


def test_a_peer_is_measured_beside_the_floor_and_outlay(tmp_path: Path) -> None:
    compared = compare(CASE, [peer(tmp_path, "made", f"{BY_HAND}\nmain('pytest', playing)")], 2)
    rows = {row.set_up: row for row in compared.rows}
    made = f"made {pytest.__version__}"
    assert set(rows) == {FLOOR, "outlay", made}
    assert rows[FLOOR].ratio == 1
    assert rows[made].cpu_ms > 0
    assert {row.rounds for row in compared.rows} == {2}
    assert compared.failed == []


def test_a_peer_that_fails_is_named_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = peer(tmp_path, "sound", f"{BY_HAND}\nmain('pytest', playing)")
    broken = peer(tmp_path, "broken", "raise ValueError('no such thing')")
    command.turns(CASE, [broken, sound], 1)
    command.at_cap([broken, sound], 2)
    out = capsys.readouterr().out
    assert out.count("broken is left out, running: ValueError: no such thing") == 2
    assert out.count(f"sound {pytest.__version__}") == 2


def test_a_peer_that_plays_another_conversation_is_left_out(tmp_path: Path) -> None:
    twice = BY_HAND.replace("message = await", "post(url, model, messages); message = await")
    (failure,) = compare(
        CASE, [peer(tmp_path, "eager", f"{twice}\nmain('pytest', playing)")], 1
    ).failed
    assert str(failure) == "eager is left out, comparing: 18 model calls in place of 9"


def test_a_script_that_prints_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(PeerFailed, match=r"silent is left out, .* no line of JSON"):
        spent_at_cap(peer(tmp_path, "silent", "print('hello')"), 1)


def test_what_a_peer_spends_above_its_cap(tmp_path: Path) -> None:
    made = peer(tmp_path, "made", f"{BY_HAND}\nmain('pytest', playing, {CAP})")
    spent = spent_at_cap(made, 5)
    assert (spent.billed, spent.above, spent.answers) == (5_500, 1_500, 5)
    assert spent.cap == "4,000 tokens: a limit"


def test_calls_that_do_not_arrive_are_no_thrift(tmp_path: Path) -> None:
    script = f"{BY_HAND}\ndef post(*_): raise OSError\nmain('pytest', playing, {CAP})"
    with pytest.raises(PeerFailed, match=r"nothing was billed: {'OSError': 3}"):
        spent_at_cap(peer(tmp_path, "offline", script), 3)


def test_outlay_spends_nothing_above_its_cap() -> None:
    spent = own_spent_at_cap(8)
    assert 0 < spent.billed <= spent.amount
    assert spent.above == 0
    assert spent.answers > 0


def test_an_environment_that_cannot_be_made_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "LOCKS", tmp_path)
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path / "made")
    (tmp_path / "odd.txt").write_text("this is no requirement\n")
    with pytest.raises(PeerFailed, match="odd is left out, installing: "):
        installed("odd")
    assert not (tmp_path / "made" / "odd" / "lock.txt").exists()


def test_an_environment_is_made_once_for_each_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "LOCKS", tmp_path)
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path / "made")
    lock = tmp_path / "bare.txt"
    lock.write_text("# nothing\n")
    python = installed("bare").python
    left = tmp_path / "made" / "bare" / "left"
    left.touch()
    assert installed("bare").python == python
    assert left.exists()
    lock.write_text("# nothing else\n")
    installed("bare")
    assert not left.exists()
    assert subprocess.run([python, "-c", ""], check=True).returncode == 0


def test_every_script_has_a_lock() -> None:
    written = {path.stem for path in SCRIPTS.glob("*.py")} - {"__init__", "stage"}
    assert written == set(names()) == {path.stem for path in environments.LOCKS.glob("*.in")}


def test_scripts_lean_on_nothing_of_ours() -> None:
    for path in SCRIPTS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                assert (node.level, node.module) == (1, "stage"), path
            elif isinstance(node, ast.ImportFrom | ast.Import):
                assert "outlay" not in ast.unparse(node), path


@pytest.mark.parametrize("flags", [["--peers", "nonsense"], ["--rounds", "many"]])
def test_nonsense_is_refused(flags: list[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(flags)
