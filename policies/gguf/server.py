"""Servers of GGUF models: one process for each model of this process, shared by all its runs."""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
from typing import IO

from ...ledger.errors import UsageError
from ...ledger.forks import fork_safe, told_of_forks
from ..rate_limits import RateLimit, RateLimiter
from .model_file import ModelFile

_TO_END = 5.0
"""Seconds that a server has to end by itself."""
_LAST_WORDS = 400
"""Characters of what llama.cpp said that are told where it could not begin."""


class ModelServer:
    """Serves a model from the first call on, until `stop` or the end of this process.

    Args:
        model: what is served.

    Attributes:
        rate: what calls wait for before money is held: one of the server's slots.
    """

    def __init__(self, model: ModelFile) -> None:
        self.model = model
        self.rate = RateLimiter(RateLimit(at_once=model.slots))
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._of_parent: subprocess.Popen[bytes] | None = None
        self._url = ""
        told_of_forks(self)

    def check(self) -> None:
        """Raises UsageError where it cannot be started: no such file, or no llama.cpp."""
        if importlib.util.find_spec("xllamacpp") is None:
            raise UsageError(
                f"{self.model.name} needs the package xllamacpp: pip install 'outlay[local]'"
            )
        self.model.check()

    def url(self) -> str:
        """Returns the address of the server; starts it where it does not run.

        Raises:
            UsageError: it does not start.
        """
        with self._starting:
            if self._process is not None and self._process.poll() is not None:
                _end(self._process, 0)
                self._process = None
            if self._process is None:
                self.check()
                self._start()
            return self._url

    def stop(self) -> None:
        """Ends the server."""
        with self._starting:
            process, self._process = self._process, None
            if process is not None:
                _end(process, _TO_END)

    def after_fork(self) -> None:
        """Leaves the server to the parent: a forked child starts its own."""
        self._starting = threading.Lock()
        self._of_parent, self._process = self._process, None

    def _start(self) -> None:
        model = self.model
        told = {
            "file": str(model.file),
            "adapters": [str(path) for path in model.adapters],
            "slots": model.slots,
            "context": model.context,
            "threads": model.threads,
        }
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.serve", json.dumps(told)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, bufsize=0,
                env=_environment(), start_new_session=True,
            )  # fmt: skip
            self._process = process
            line = _line_of(process)
            try:
                self._url = str(json.loads(line)["url"])
            except ValueError as error:
                self._process = None
                _end(process, 0)
                raise UsageError(
                    f"llama.cpp cannot serve {model.file.name}{_last_words(said)}"
                ) from error


def served(model: ModelFile) -> ModelServer:
    """Returns the server of a model; all that name the same in this process share one."""
    with _guard:
        found = _servers.get(model)
        if found is None:
            found = _servers[model] = ModelServer(model)
        return found


def _stop_all() -> None:
    for server in list(_servers.values()):
        server.stop()


_servers: dict[ModelFile, ModelServer] = {}
_guard = fork_safe(threading.Lock())
atexit.register(_stop_all)


def _end(process: subprocess.Popen[bytes], seconds: float) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _environment() -> dict[str, str]:
    """Returns what the server gets to see: no keys."""
    names = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT", "PYTHONPATH")
    return {name: os.environ[name] for name in names if name in os.environ}


def _line_of(process: subprocess.Popen[bytes]) -> bytes:
    """Returns the first line in which the server tells its address; empty where it ended."""
    assert process.stdout is not None
    line = b""
    while not line.endswith(b"\n"):
        piece = process.stdout.read(1)
        if not piece:
            return b""
        line += piece
        if line.endswith(b"\n") and not line.startswith(b"{"):
            line = b""
    return line


def _last_words(said: IO[bytes]) -> str:
    said.seek(0)
    lines = [line for line in said.read().decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower()] or lines
    words = " ".join(" ".join(telling).split())[-_LAST_WORDS:]
    return f": {words}" if words else ""
