from __future__ import annotations

import inspect
import re
from pathlib import Path

from outlay.tools.web import fetch, web_search
from outlay.tools.web.ip_addresses import PORTS
from outlay.tools.web.search_providers import PROVIDERS

PAGE = (Path(__file__).parents[3] / "docs" / "web-tools.md").read_text()


def test_the_examples_work_as_printed(monkeypatch) -> None:
    monkeypatch.setenv("TAVILY_API_KEY", "a-key")
    examples = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile("\n".join(examples), "docs/web-tools.md", "exec"), {"__name__": "example"})


def test_every_option_provider_and_port_is_documented() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    named = [*inspect.signature(fetch).parameters, *PROVIDERS]
    assert rows == [*named, *inspect.signature(web_search).parameters]
    assert all(str(port) in PAGE for port in PORTS)
