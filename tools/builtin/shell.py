"""`shell`: commands that somebody approved, without network and within limits."""

from __future__ import annotations

import dataclasses
import glob
import inspect
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from ...journal.notices import DeniedCall, Notice
from ...ledger.errors import ToolError, UsageError
from ..context import ToolContext
from ..functions.tool import MAX_CHARS, FunctionTool, Price, tool
from ..invocation import Invocation
from ..protocol import Tool, Wrapper
from .closed_places import check_open
from .process import ProcessResult, run_program

TIMEOUT = 60.0
"""Seconds until a command is killed."""

OUTPUT = 4 * 1024 * 1024
"""Bytes of output above which a command is killed."""

MAX_MATCHES = 1_000
"""Paths that a pattern in a command is looked up as."""

_BETWEEN_PATHS = re.compile(r"[\s'\"=:;|&<>()`$\\\0]+")

Approve = Callable[[str], bool | Awaitable[bool]]
"""Says whether a command may run."""

_ALONE = ("unshare", "--user", "--map-current-user", "--pid", "--fork", "--kill-child")

_LIMIT = """
import os, resource, sys
for pair in sys.argv[1].split(","):
    name, most = pair.split("=")
    hard = resource.getrlimit(getattr(resource, name))[1]
    most = int(most) if hard == resource.RLIM_INFINITY else min(int(most), hard)
    try:
        resource.setrlimit(getattr(resource, name), (most, most))
    except (ValueError, OSError):
        pass  # macOS knows some of these limits by name only
os.execv("/bin/sh", ["sh", "-c", '/bin/sh -c "$1"; exit $?', "sh", sys.argv[2]])
"""
"""Sets limits and becomes a shell that waits for the command's shell: as the first process of its
namespace it could not be killed for breaking a limit, its child can."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShellLimits:
    """What one command may use."""

    seconds: float = TIMEOUT
    """Seconds until it is killed; also its processor time."""
    memory: int = 1024 * 1024 * 1024
    """Bytes of address space of each of its processes."""
    file: int = 64 * 1024 * 1024
    """Bytes of a file that it writes."""
    open_files: int = 256
    processes: int = 128
    """Processes at once. Root is not held to it, nor is a command without a namespace."""
    output: int = OUTPUT
    """Bytes of output above which it is killed."""

    def told(self, alone: bool) -> str:
        limits = {
            "RLIMIT_CPU": int(self.seconds) + 1,
            "RLIMIT_AS": self.memory,
            "RLIMIT_FSIZE": self.file,
            "RLIMIT_NOFILE": self.open_files,
            "RLIMIT_CORE": 0,
        }
        if alone:
            limits["RLIMIT_NPROC"] = self.processes
        return ",".join(f"{name}={most}" for name, most in limits.items())


def shell(
    root: Path | str,
    *,
    approve: Approve | None = None,
    network: bool = False,
    limits: ShellLimits | None = None,
    environment: Mapping[str, str] | None = None,
    price: Price = Decimal(0),
    max_chars: int = MAX_CHARS,
) -> Tool:
    """Returns the tool `shell`. Every command is put to `approve` before it runs.

    A command starts in `root` but can read and write whatever your account can. One that names
    the run's home or prices file is refused; that is no wall, so read what you approve.

    Args:
        root: the folder where commands start; also their home.
        approve: says whether a command may run; None refuses every one.
        network: True lets commands reach the network.
        limits: what one command may use; None takes the defaults.
        environment: variables for commands; they see no other ones but PATH, HOME, LANG and TERM.
        price: USD per command.
        max_chars: characters of an output that the policy sees.

    Raises:
        UsageError: the folder does not exist, or this system cannot take the network away.
    """
    if os.name != "posix":
        raise UsageError("the tool shell needs a POSIX system (Linux, macOS)")
    if not Path(root).is_dir():
        raise UsageError(f"there is no folder {str(root)!r}: make it or name another")
    running = _FencedShell(
        Path(root).resolve(), _fence(network), limits or ShellLimits(), dict(environment or {})
    )

    @tool(price=price, timeout=running.limits.seconds + 10, max_chars=max_chars)
    async def shell(command: str, context: ToolContext) -> str:
        """Runs a command in a shell and shows its output and its exit code.

        Args:
            command: a command line for /bin/sh. It cannot read input.
        """
        _check(command, running.root, context.closed)
        return await running.run(command)

    return _ApprovedShell(dataclasses.replace(shell, concurrency=1), approve)


def _check(command: str, root: Path, closed: Sequence[Path]) -> None:
    """Refuses a shell in a closed place, and a command that names one."""
    check_open(root, closed)
    for word in filter(None, _BETWEEN_PATHS.split(command)) if closed else ():
        named = os.path.join(root, os.path.expanduser(word))
        for path in (named, *itertools.islice(glob.iglob(named), MAX_MATCHES)):
            check_open(Path(path), closed)


class _ApprovedShell(Wrapper):
    """A shell whose commands somebody has to agree to."""

    def __init__(self, inner: FunctionTool, approve: Approve | None) -> None:
        super().__init__(inner)
        self._approve = approve

    async def admit(self, call: Invocation, context: ToolContext) -> Notice | None:
        why = await self._denied(call.values["command"])
        if why:
            return DeniedCall(tool=self.spec.name, why=why)
        return await self.inner.admit(call, context)

    async def _denied(self, command: str) -> str:
        """Returns why a command may not run, or ""."""
        if self._approve is None:
            return "shell commands need approval, and nobody was named who could give it"
        try:
            agreed = self._approve(command)
            if inspect.isawaitable(agreed):
                agreed = await agreed
        except Exception as exc:
            return f"the approval failed ({type(exc).__name__})"
        return "" if agreed is True else "the command was not approved"


@dataclasses.dataclass(frozen=True)
class _FencedShell:
    """Runs commands behind a fence. `fence` holds the words before the command line."""

    root: Path
    fence: tuple[str, ...]
    limits: ShellLimits
    environment: Mapping[str, str]

    async def run(self, command: str) -> str:
        if "\0" in command:
            raise ToolError("a command cannot hold a NUL character")
        told = self.limits.told(bool(self.fence))
        ended = await run_program(
            [*self.fence, sys.executable, "-I", "-S", "-c", _LIMIT, told, command],
            timeout=self.limits.seconds,
            limit=self.limits.output,
            folder=self.root,
            environment=self._environment(),
        )
        return self._shown(ended)

    def _environment(self) -> dict[str, str]:
        plain = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.root)}
        return {**plain, "LANG": "C.UTF-8", "TERM": "dumb", **self.environment}

    def _shown(self, ended: ProcessResult) -> str:
        text = ended.output.decode("utf-8", "replace").rstrip("\n")
        before = f"{text}\n" if text else ""
        if ended.flooded:
            most = f"{self.limits.output:,}"
            raise ToolError(f"the command was killed: it wrote more than {most} bytes\n{text}")
        if ended.code is None:
            seconds = f"{self.limits.seconds:g}"
            raise ToolError(f"the command was killed after {seconds} seconds\n{text}")
        return f"{before}[exit code {ended.code}]" if ended.code or not text else text


def _fence(network: bool) -> tuple[str, ...]:
    """Returns the words that put a command into namespaces of its own, or none.

    Raises:
        UsageError: the network was to be taken away and cannot be.
    """
    fence = _ALONE if network else (*_ALONE, "--net")
    try:
        tried = subprocess.run([*fence, "true"], capture_output=True, timeout=30)
        why = "" if tried.returncode == 0 else tried.stderr.decode("utf-8", "replace").strip()[:200]
    except (OSError, subprocess.SubprocessError) as exc:
        why = str(exc)
    if not why:
        return (*fence, "--")
    if not network:
        raise UsageError(
            f"this system cannot run commands without network ({why}): "
            "leave out the tool shell, or pass network=True to let commands reach the network"
        )
    return ()
