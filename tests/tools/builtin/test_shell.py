from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from reading import denied

from outlay.journal.records import Observation, ToolCall
from outlay.ledger.errors import UsageError
from outlay.tools import Tool, ToolContext
from outlay.tools.builtin.shell import ShellLimits, shell

SECRET = "sk-planted-secret"
PYTHON = sys.executable


def fenced() -> bool:
    command = ["unshare", "--user", "--map-current-user", "--net", "--pid", "--fork", "true"]
    with contextlib.suppress(OSError):
        return subprocess.run(command, capture_output=True).returncode == 0
    return False


needs_fence = pytest.mark.skipif(not fenced(), reason="this system has no user namespaces")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture(params=[False, True], ids=["no network", "network"])
def subject(request: pytest.FixtureRequest, root: Path) -> Tool:
    if not request.param and not fenced():
        pytest.skip("this system has no user namespaces")
    return shell(root, approve=lambda command: True, network=request.param)


async def call(subject: Tool, context: ToolContext, command: str) -> Observation:
    return await subject.run(wish(command), context)


def wish(command: str) -> ToolCall:
    return ToolCall("1", "shell", json.dumps({"command": command}))


async def test_a_command_shows_its_output_and_exit_code(
    subject: Tool, root: Path, context: ToolContext
) -> None:
    (root / "a.txt").write_text("hello")
    assert (await call(subject, context, "cat a.txt")).text == "hello"
    assert (await call(subject, context, "true")).text == "[exit code 0]"
    seen = await call(subject, context, "echo out; echo err >&2; exit 3")
    assert (seen.text, seen.error) == ("out\nerr\n[exit code 3]", False)
    assert (await call(subject, context, "cat; pwd")).text == str(root)


async def test_every_command_needs_approval(root: Path, context: ToolContext) -> None:
    asked = []

    async def later(command: str) -> bool:
        asked.append(command)
        return command == "ls"

    def fail(command: str) -> bool:
        raise OSError

    approvals = {
        None: "need approval",
        later: "was not approved",
        fail: "the approval failed (OSError)",
        str: "was not approved",
    }
    for approve, said in approvals.items():
        subject = shell(root, approve=approve, network=True)  # type: ignore[arg-type]
        why = await denied(subject, wish("rm -rf x"), context)
        assert why is not None
        assert said in why
    subject = shell(root, approve=later, network=True)
    assert await denied(subject, wish("ls"), context) is None
    twice = ToolCall("1", "shell", '{"command": "ls", "command": "rm -rf x"}')
    assert await denied(subject, twice, context) is not None
    assert asked == ["rm -rf x", "ls", "rm -rf x"]


async def test_the_environment_holds_no_secret(
    root: Path, context: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    subject = shell(root, approve=bool, network=True, environment={"COLOUR": "blue"})
    seen = (await call(subject, context, "env")).text
    assert SECRET not in seen
    assert {line.split("=")[0] for line in seen.splitlines()} <= {
        "COLOUR", "HOME", "LANG", "LC_CTYPE", "OLDPWD", "PATH", "PWD", "SHLVL", "TERM", "_",
    }  # fmt: skip


@needs_fence
async def test_other_processes_keep_their_secrets(root: Path, context: ToolContext) -> None:
    holder = subprocess.Popen(["sleep", "60"], env={**os.environ, "PLANTED": SECRET})
    try:
        subject = shell(root, approve=bool)
        seen = await call(subject, context, f"tr '\\0' '\\n' < /proc/{holder.pid}/environ")
        assert SECRET not in seen.text
        seen = await call(subject, context, f"kill -9 {holder.pid}")
        assert holder.poll() is None
    finally:
        holder.kill()
        holder.wait()


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@needs_fence
async def test_there_is_no_network_unless_it_is_allowed(
    root: Path, context: ToolContext, listening: int
) -> None:
    code = f"import socket; socket.create_connection(('127.0.0.1', {listening}), 5); print('in')"
    command = f'{PYTHON} -c "{code}"'
    cut_off = await call(shell(root, approve=bool), context, command)
    assert "OSError" in cut_off.text or "Error: [Errno" in cut_off.text
    assert "in" not in cut_off.text.splitlines()
    reached = await call(shell(root, approve=bool, network=True), context, command)
    assert reached.text == "in"


def test_a_system_without_namespaces_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(root))
    with pytest.raises(UsageError, match=r"cannot run commands without network .*network=True"):
        shell(root)
    with pytest.raises(UsageError, match="there is no folder"):
        shell(root / "missing")
    shell(root, network=True)


HOSTILE = {
    "sleep 60": "was killed after 2 seconds",
    "sleep 60 & wait": "was killed after 2 seconds",
    "trap '' TERM INT HUP; while :; do :; done": "was killed after 2 seconds",
    "yes": "wrote more than 100,000 bytes",
    "head -c 300000 /dev/zero | tr '\\0' 'x'": "wrote more than 100,000 bytes",
    "head -c 3000000 /dev/zero > big; ls -s big": "File",
    f"{PYTHON} -c 'x = bytearray(10**9)'": "MemoryError",
    f"{PYTHON} -c 'f = [open(\"/dev/null\") for _ in range(500)]'": "Too many open files",
}


@pytest.mark.parametrize(("command", "said"), HOSTILE.items())
async def test_hostile_commands_are_stopped(
    command: str, said: str, root: Path, context: ToolContext
) -> None:
    limits = ShellLimits(
        seconds=2, memory=500_000_000, file=1_000_000, output=100_000, open_files=64
    )
    subject = shell(root, approve=bool, network=True, limits=limits)
    seen = await call(subject, context, command)
    assert said in seen.text
    assert (await call(subject, context, "echo alive")).text == "alive"
    assert not (root / "big").exists() or (root / "big").stat().st_size <= 1_000_000


@needs_fence
@pytest.mark.parametrize("left", ["sleep 61.5 &", "setsid sleep 61.5 &", "(setsid sleep 61.5 &) &"])
async def test_nothing_stays_behind(left: str, root: Path, context: ToolContext) -> None:
    seen = await call(shell(root, approve=bool), context, f"{left} echo done")
    assert seen.text == "done"
    assert (
        "61.5" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    )


async def test_without_a_fence_what_left_the_group_keeps_nobody_waiting(
    root: Path, context: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outlay.tools.builtin.shell._ALONE", ("no-such-program",))
    subject = shell(root, approve=bool, network=True, limits=ShellLimits(seconds=3))
    seen = await call(subject, context, "setsid sleep 30 & echo began")
    assert seen.text == "Error: the command was killed after 3 seconds\nbegan"
    assert (await call(subject, context, "echo alive")).text == "alive"


async def test_a_cancelled_call_ends_its_command(root: Path, context: ToolContext) -> None:
    subject = shell(root, approve=bool, network=True)
    running = asyncio.create_task(call(subject, context, "touch began; sleep 62.5"))
    while not (root / "began").exists():
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (
        "62.5" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    )


@pytest.mark.parametrize("command", ["a\0b", "x" * 200_000, "\ud800", ""])
async def test_strange_commands_are_observations(
    command: str, root: Path, context: ToolContext
) -> None:
    seen = await call(shell(root, approve=bool, network=True), context, command)
    assert seen.error or "exit code" in seen.text


@needs_fence
def test_every_example_of_the_page_works_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("data", "work"):
        (tmp_path / folder).mkdir()
    (tmp_path / "data" / "sales.csv").write_text("id,eur\n1,2.5\n")
    monkeypatch.chdir(tmp_path)
    page = Path(__file__).parents[3] / "docs" / "local-tools.md"
    for example in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        exec(compile(example, page, "exec"), {"__name__": "example"})


def test_it_is_priced_and_declares_side_effects(root: Path) -> None:
    subject = shell(root, price="0.01", network=True)
    assert (subject.least_cost, subject.spec.read_only, subject.concurrency) == (
        Decimal("0.01"), False, 1,
    )  # fmt: skip
