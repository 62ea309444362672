"""What the README prints works as printed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from outlay.testing import LoopbackServer, ScriptedAnswer

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (outlay .*)$", README, re.MULTILINE)
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def settings(server: LoopbackServer, tmp_path: Path) -> dict[str, str]:
    server.steps(*[ScriptedAnswer(content="It is there.\nAnswer: yes")] * 4)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {
        **os.environ, "PATH": path, "OUTLAY_HOME": str(tmp_path),
        "OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "test",
    }  # fmt: skip


def test_there_is_something_to_test() -> None:
    assert len(COMMANDS) >= 7
    assert len(EXAMPLES) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command(command: str, settings: dict[str, str]) -> None:
    done = subprocess.run(
        shlex.split(command), cwd=ROOT, env=settings, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_embedding_example(settings: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EXAMPLES[0]], cwd=tmp_path, env=settings,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("yes answered $0.")


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_test_that_the_docs_name_is_there() -> None:
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")]
    named = {path for page in pages for path in re.findall(r"`(tests/[\w/]+\.py)`", page)}
    in_tests = {
        f"tests/{path}"
        for page in pages
        for path in re.findall(r"`((?:agent|cli|tools)/(?:mcp/)?test_\w+\.py)`", page)
    }
    assert len(named) > 30
    assert sorted(path for path in named | in_tests if not (ROOT / path).is_file()) == []
