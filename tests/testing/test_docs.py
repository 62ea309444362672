"""docs/testing.md says what there is, and its tests pass as printed."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_args

from outlay.testing import Fault, ScriptedAnswer

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_examples_are_tests_that_pass(tmp_path: Path) -> None:
    (tmp_path / "test_page.py").write_text("\n\n".join(EXAMPLES), "utf-8")
    pytest = [sys.executable, "-m", "pytest", "-p", "no:asyncio", "-W", "error", "test_page.py"]
    done = subprocess.run(pytest, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    written = sum(example.count("def test_") for example in EXAMPLES)
    assert f"{written} passed" in done.stdout
    assert written == 3


def test_every_field_and_fault_stands_in_the_tables() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert listed == [*(field.name for field in fields(ScriptedAnswer)), *get_args(Fault)]
