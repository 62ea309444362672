"""Anthropic's policy keeps the contract of policies; the SDK's own types check both sides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from planned_anthropic import PlannedAnthropic

from outlay.policies.anthropic.messages import AnthropicMessages
from outlay.testing.conformance import PolicyConformance


class TestAnthropic(PolicyConformance):
    classes = (*PolicyConformance.classes, "cache_write_1h")

    @pytest.fixture
    def server(self) -> Iterator[PlannedAnthropic]:
        with PlannedAnthropic() as planned:
            yield planned

    def make_policy(self, server: PlannedAnthropic, timeout: float = 10.0) -> AnthropicMessages:
        return self.anthropic(server.url, timeout)

    def unreachable(self) -> AnthropicMessages:
        return self.anthropic("http://127.0.0.1:9", 5.0)

    def anthropic(self, url: str, timeout: float) -> AnthropicMessages:
        return AnthropicMessages(
            "claude-opus-4-5", base_url=url, api_key=self.key, timeout=timeout,
            stream=self.streams,
        )  # fmt: skip


class TestStreamingAnthropic(TestAnthropic):
    streams = True


class TestThinkingAnthropic(TestAnthropic):
    streams = True

    def anthropic(self, url: str, timeout: float) -> AnthropicMessages:
        return AnthropicMessages(
            "claude-opus-4-5", base_url=url, api_key=self.key, timeout=timeout, stream=True,
            thinking=2048, cache="1h",
        )  # fmt: skip
