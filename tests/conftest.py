"""What holds for every test: no money, no network beyond loopback, no folder imported bare."""

from __future__ import annotations

import gc
import os
import socket
import sys
import tempfile
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("outlay.testing.conformance")

from outlay.testing import LoopbackServer  # noqa: E402

SETTINGS = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
FOLDERS = sorted({name.split(".")[1] for name in SETTINGS["tool"]["setuptools"]["packages"][1:]})
SPENDING = ("OPENAI_", "OUTLAY_", "ANTHROPIC_", "GOOGLE_", "GEMINI_", "LANGSMITH_", "LANGCHAIN_")
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

BARE: set[str] = set()
"""Folders that worker processes imported without `outlay.` before the name."""
LOOPBACK = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "", None)


def pytest_configure(config: pytest.Config) -> None:
    """Tests cannot spend money: keys are taken away and only loopback can be reached.

    Nor do they touch what the person at this machine trusts.
    """
    own = tempfile.TemporaryDirectory(prefix="outlay-owner-")
    config.add_cleanup(own.cleanup)
    os.environ["XDG_CONFIG_HOME"] = own.name
    for name in list(os.environ):
        if name.startswith(SPENDING) or name.lower().endswith("_proxy"):
            del os.environ[name]
    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, _only_loopback(getattr(socket.socket, name)))
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in LOOPBACK:
            raise socket.gaierror(socket.EAI_NONAME, f"tests may not look up {name}")
        return resolve(host, *args, **options)

    socket.getaddrinfo = getaddrinfo


def pytest_sessionfinish(session: pytest.Session) -> None:
    bare = BARE.union(
        name
        for name in FOLDERS
        if (module := sys.modules.get(name)) is not None
        and str(session.config.rootpath) in str(getattr(module, "__path__", ""))
    )
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["bare"] = sorted(bare)
    elif bare:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print(f"\nimported without `outlay.` before the name: {', '.join(sorted(bare))}")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Takes over what a worker process (pytest-xdist) has seen."""
    BARE.update(getattr(node, "workeroutput", {}).get("bare", ()))


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    """A loopback OpenAI-compatible server that bills as told."""
    with LoopbackServer() as running:
        yield running


def _only_loopback(connect: Any) -> Any:
    def checked(self: socket.socket, address: Any) -> Any:
        if self.family != socket.AF_UNIX and address[0] not in LOOPBACK:
            raise OSError(f"tests may not connect to {address[0]}")
        return connect(self, address)

    return checked


@pytest.fixture(scope="module")
def forgotten_clients() -> Iterator[None]:
    """Collects clients that nobody closes (LangChain's), so that no later test is blamed."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
