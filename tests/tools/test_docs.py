from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from outlay.tools import BUILTIN_TOOLS, tool
from outlay.tools.documents.corpus import SUFFIXES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "tools.md").read_text()
EXAMPLES = [
    example
    for page in ("tools.md", "wrappers.md")
    for example in re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_works_as_printed(example: str) -> None:
    exec(compile(example, "docs", "exec"), {"__name__": "example"})


def test_every_option_and_kind_of_document_is_documented() -> None:
    options = [name for name in inspect.signature(tool).parameters if name != "function"]
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == options
    assert all(suffix in PAGE for suffix in SUFFIXES)


def test_the_tools_that_ship_are_listed_as_they_are() -> None:
    calls = [f"{e.name}:{e.argument}" if e.argument else e.name for e in BUILTIN_TOOLS]
    rows = [
        f"| `--tool {call.replace(':[', '[:')}` | {entry.does} |"
        for call, entry in zip(calls, BUILTIN_TOOLS, strict=True)
    ]
    assert "\n".join(rows) in PAGE
