"""LangChain's classes, asked over HTTP, keep the contract of policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from planned_anthropic import PlannedForLangChain

from outlay.policies import LangChainPolicy
from outlay.testing.conformance import PolicyConformance, asking, run
from outlay.testing.planned import PlannedLoopback, PlannedReply, planned_loopback

pytestmark = pytest.mark.usefixtures("forgotten_clients")


class TestChatOpenAI(PolicyConformance):
    keeps_opaque_parts = False  # ChatOpenAI drops what a server adds to OpenAI's format
    classes = ("input", "cache_read", "output", "reasoning")

    @pytest.fixture
    def server(self) -> Iterator[PlannedLoopback]:
        with planned_loopback() as planned:
            yield planned

    def make_policy(self, server: PlannedLoopback, timeout: float = 10.0) -> LangChainPolicy:
        return self.chat(server.server.url, timeout)

    def unreachable(self) -> LangChainPolicy:
        return self.chat("http://127.0.0.1:9/v1", 5.0)

    def chat(self, url: str, timeout: float) -> LangChainPolicy:
        return LangChainPolicy(
            "openai/gpt-5-mini", base_url=url, api_key=self.key, timeout=timeout,
            stream=self.streams,
        )  # fmt: skip


class TestStreamingChatOpenAI(TestChatOpenAI):
    streams = True


class TestChatAnthropic(PolicyConformance):
    classes = ("input", "cache_read", "cache_write", "output")

    @pytest.fixture
    def server(self) -> Iterator[PlannedForLangChain]:
        with PlannedForLangChain() as planned:
            yield planned

    def make_policy(self, server: PlannedForLangChain, timeout: float = 10.0) -> LangChainPolicy:
        return self.chat(server.url, timeout)

    def unreachable(self) -> LangChainPolicy:
        return self.chat("http://127.0.0.1:9", 5.0)

    def chat(self, url: str, timeout: float, **fields: Any) -> LangChainPolicy:
        return LangChainPolicy(
            "anthropic/claude-haiku-4-5", base_url=url, api_key=self.key, timeout=timeout,
            stream=self.streams, **fields,
        )  # fmt: skip


class TestStreamingChatAnthropic(TestChatAnthropic):
    streams = True

    def test_a_bill_without_its_prompt_is_none(self, server: PlannedForLangChain) -> None:
        server.repeats_prompt = False
        server.plan(PlannedReply(text="fine"))
        assert run(self.make_policy(server).reply(asking())).usage is None
