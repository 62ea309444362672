"""`outlay view`: the real program, asked over a socket of this machine."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from ...conftest import PROGRAM, RUN, TASK, hear_ctrl_c


def asked(url: str, tries: int = 20) -> httpx.Response:
    """Returns the page, which a busy machine may have put off."""
    for _ in range(tries):
        answer = httpx.get(url, timeout=60)
        if answer.status_code != 503:
            return answer
    raise AssertionError(answer.text)


def test_pages_are_served_until_ctrl_c(inside: Callable[..., str], place: Path) -> None:
    run = json.loads(inside(*RUN, "--budget", "usd=0.10", "--json"))["run"]
    process = subprocess.Popen(
        [PROGRAM, "view", "--port", "0", "--no-open"], cwd=place, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, preexec_fn=hear_ctrl_c,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("outlay view: http://127.0.0.1:")
        url = line.split()[2]
        assert TASK in asked(url).text
        page = asked(f"{url}runs/{run}").text
        for shown in (TASK, "→ search", "Ada Quill", "$0.00100", "USD: $0.00502 used"):
            assert shown in page, shown
        assert httpx.get(url, headers={"host": "evil.example"}).status_code == 400
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert errors == ""
    assert process.returncode in (0, 130)


def test_a_port_in_use_is_one_sentence(complaint: Callable[..., str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = complaint("view", "--no-open", "--port", str(port))
    assert f"port {port} of this machine cannot be used" in said


@pytest.mark.parametrize("package", ["starlette", "uvicorn"])
def test_a_missing_package_is_one_sentence(
    complaint: Callable[..., str], monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    for name in [
        n for n in sys.modules if n.startswith(("outlay.benchmarks.reports.dashboard", package))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    assert "pip install 'outlay[view]'" in complaint("view", "--no-open", "--port", "0")
