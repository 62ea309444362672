"""The server that the overhead benchmark leans on."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from outlay.benchmarks.perf.serving import in_process


def ask(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(url, data, timeout=30) as response:
        return json.load(response)


def test_in_a_process_of_its_own_and_planned_by_json() -> None:
    with in_process() as url:
        root = url.removesuffix("/v1")
        ask(f"{root}/plan", [{"content": "planned", "usage": {"prompt_tokens": 1}}])
        body = {"model": "m", "messages": [{"role": "user", "content": "Go."}]}
        reply = ask(f"{url}/chat/completions", body)
        assert reply["choices"][0]["message"]["content"] == "planned"
        assert reply["usage"] == {"prompt_tokens": 1}
        assert ask(f"{root}/served")["replies"] == 1
