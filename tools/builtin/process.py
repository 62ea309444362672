"""Runs a program that may hang, flood or leave children behind, and always gets rid of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 64 * 1024


@dataclass(frozen=True)
class ProcessResult:
    """What came of a program."""

    output: bytes
    """What it wrote, up to the limit."""
    code: int | None
    """Its exit code, negative for a signal; None if it was killed for its time or its output."""
    flooded: bool = False
    """True if it was killed because it wrote more than the limit."""


async def run_program(
    command: Sequence[str],
    *,
    timeout: float,
    limit: int,
    input: bytes = b"",
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    errors: bool = True,
) -> ProcessResult:
    """Returns what a program wrote and how it ended. Its whole process group ends with it.

    Args:
        command: the program and its arguments.
        timeout: seconds until it is killed.
        limit: bytes of output above which it is killed.
        input: what it reads.
        folder: where it runs, or None for the current one.
        environment: its environment variables, or None for those of this process.
        errors: whether what it writes as errors belongs to the output, else it is dropped.

    Raises:
        OSError: the program cannot be started.
    """
    program = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE if input else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT if errors else asyncio.subprocess.DEVNULL,
        cwd=folder,
        env=environment,
        start_new_session=True,
    )
    output = bytearray()
    try:
        async with asyncio.timeout(timeout):
            whole, _ = await asyncio.gather(_read(program, output, limit), _feed(program, input))
            if not whole:
                return ProcessResult(bytes(output[:limit]), None, flooded=True)
            return ProcessResult(bytes(output), await program.wait())
    except TimeoutError:
        return ProcessResult(bytes(output), None)
    finally:
        await _end(program)


def signal_group(program: asyncio.subprocess.Process, *, hard: bool) -> None:
    """Asks a program and its process group to end, or kills them; Windows knows no such group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(program.pid, signal.SIGKILL if hard else signal.SIGTERM)
        else:
            program.kill()


async def _read(program: asyncio.subprocess.Process, output: bytearray, limit: int) -> bool:
    """Reads until the program closes its output; returns False if it writes too much."""
    assert program.stdout is not None
    while chunk := await program.stdout.read(_CHUNK):
        output += chunk
        if len(output) > limit:
            return False
    return True


async def _feed(program: asyncio.subprocess.Process, input: bytes) -> None:
    if program.stdin is None:
        return
    with contextlib.suppress(ConnectionError):
        program.stdin.write(input)
        await program.stdin.drain()
    program.stdin.close()


async def _end(program: asyncio.subprocess.Process) -> None:
    signal_group(program, hard=True)
    # What left the group may still hold the pipe; `wait` would wait for it.
    program._transport.close()  # type: ignore[attr-defined]
    await asyncio.shield(program.wait())
