"""A bounded pipe to an MCP server that runs as a process of ours.

The SDK's own pipe buffers a line without limit; a server that never ends its line would take the
process down.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from ...journal.foreign_text import one_line
from ...journal.secrets import Clean
from ..builtin.process import signal_group

_LOG = logging.getLogger(__name__)

LONGEST_LINE = 32 * 1024 * 1024
"""Bytes of one message; a server that sends a longer one is stopped."""

LAST_WORDS = 600
"""Characters of a server's error output that are shown when it dies."""

PATIENCE = 1.0
"""Seconds that a server has to end by itself, and again after it was asked to."""


class ServerProcess:
    """What is known of a server's process."""

    def __init__(self, clean: Clean) -> None:
        self.ended = False
        """True once nothing more can come from it."""
        self.why = ""
        self.stopped = False
        """True if it was still running when we stopped it."""
        self._clean = clean
        self._errors = b""
        self._process: asyncio.subprocess.Process | None = None

    def tell(self) -> str:
        """Says how the process ended, with its last words."""
        parts = [self.why or self._exit()]
        said = self._clean(self._errors.decode("utf-8", "replace").strip())
        words = one_line(said[-LAST_WORDS:], LAST_WORDS)
        if words:
            parts.append(f"its last words: {words}")
        return "; ".join(parts)

    def _exit(self) -> str:
        code = self._process.returncode if self._process is not None else None
        if code is None:
            return "it closed its output"
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

    @contextlib.asynccontextmanager
    async def streams(
        self, command: Sequence[str], env: Mapping[str, str]
    ) -> AsyncIterator[tuple[Any, Any]]:
        """Starts the process and yields its two streams of messages; stops it at the end.

        Raises:
            OSError: it cannot be started.
        """
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, limit=LONGEST_LINE, start_new_session=True,
            env={**get_default_environment(), **env},
        )  # fmt: skip
        self._process = process
        incoming, to_session = _pair()
        to_server, outgoing = _pair()
        tasks = [
            asyncio.create_task(self._read(process, incoming)),
            asyncio.create_task(self._write(process, outgoing)),
            asyncio.create_task(self._listen(process)),
        ]
        try:
            yield to_session, to_server
        finally:
            self.stopped = not self.ended
            if not await _stop(process):
                name = Path(command[0]).name
                _LOG.warning("the MCP server %s ignored SIGTERM and was killed", name)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for stream in (incoming, to_session, to_server, outgoing):
                stream.close()

    async def _read(self, process: asyncio.subprocess.Process, incoming: Any) -> None:
        assert process.stdout is not None
        try:
            while line := await process.stdout.readline():
                if line.strip():
                    await incoming.send(_message(line))
        except ValueError:
            self.why = f"it sent a message of more than {LONGEST_LINE:,} bytes"
            signal_group(process, hard=True)
        except (anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
            pass
        finally:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 0.2)  # so that its exit code can be told
            self.ended = True
            incoming.close()

    async def _write(self, process: asyncio.subprocess.Process, outgoing: Any) -> None:
        assert process.stdin is not None
        with contextlib.suppress(OSError, anyio.ClosedResourceError):
            async for message in outgoing:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                process.stdin.write(text.encode() + b"\n")
                await process.stdin.drain()

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while piece := await process.stderr.read(8192):
            self._errors = (self._errors + piece)[-4 * LAST_WORDS :]


def _pair() -> tuple[Any, Any]:
    return anyio.create_memory_object_stream[SessionMessage | Exception](0)


def _message(line: bytes) -> SessionMessage | Exception:
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as exc:
        try:  # half a surrogate pair, as JavaScript writes where it cuts a text
            mended = json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8", "replace")
            return SessionMessage(jsonrpc_message_adapter.validate_json(mended, by_name=False))
        except (ValueError, RecursionError):
            return exc


async def _stop(process: asyncio.subprocess.Process) -> bool:
    """Closes the input, then asks the process group to end, then ends it.

    Returns whether the process ended by itself or when it was asked to.
    """
    assert process.stdin is not None
    process.stdin.close()
    heeded = True
    for hard in (False, True, None):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), PATIENCE)
            break
        if hard is not None:
            signal_group(process, hard=hard)
            heeded = not hard
    signal_group(process, hard=True)  # what the server itself left running in its group
    process._transport.close()  # type: ignore[attr-defined]
    return heeded
