"""Keys go unencrypted to this machine, and elsewhere by the owner's word for that host alone."""

from __future__ import annotations

import pytest

from outlay.journal.plain_http import VARIABLE, check_encrypted
from outlay.ledger.errors import UsageError
from outlay.policies import AnthropicMessages, Endpoint, Gemini, OpenAIResponses
from outlay.tools.mcp.address import McpAddress

KEY = "sk-kQ7Zx2Lm92vTpR0a"
ELSEWHERE = ("http://10.0.0.7:8000", "http://model.lan", "http://127.0.0.1.evil.example",
             "http://localhost.evil.example", "http://127.0.0.1@evil.example", "http://[fd00::1]",
             "http://2130706433.example")  # fmt: skip


@pytest.mark.parametrize("url", ELSEWHERE)
def test_no_key_goes_elsewhere(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "other.lan")
    for make in (
        lambda: Endpoint("m", base_url=f"{url}/v1", api_key=KEY).check(),
        lambda: OpenAIResponses("m", base_url=f"{url}/v1", api_key=KEY).check(),
        lambda: AnthropicMessages("m", base_url=url, api_key=KEY).check(),
        lambda: Gemini("m", base_url=url, api_key=KEY).check(),
        lambda: McpAddress.of(f"{url}/mcp", headers={"Authorization": KEY}),
    ):
        with pytest.raises(UsageError, match="would go unencrypted") as caught:
            make()
        assert KEY not in str(caught.value)


def test_where_keys_may_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "model.lan, 10.0.0.7")
    for url in ("http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://x.example",
                "http://model.lan:8000/v1", "http://10.0.0.7/v1", "http://127.9.9.9"):  # fmt: skip
        check_encrypted(url, "m")
    Endpoint("m", base_url="http://vllm.lan/v1").check()  # without a key, anywhere
