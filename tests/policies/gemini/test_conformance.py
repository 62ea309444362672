"""Gemini's policy keeps the contract of policies; the SDK's own types check both sides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from planned_gemini import PlannedGemini

from outlay.policies import Gemini
from outlay.testing.conformance import PolicyConformance


class TestGemini(PolicyConformance):
    classes = ("input", "cache_read", "output", "reasoning")

    @pytest.fixture
    def server(self) -> Iterator[PlannedGemini]:
        with PlannedGemini() as planned:
            yield planned

    def make_policy(self, server: PlannedGemini, timeout: float = 10.0) -> Gemini:
        return self.gemini(server.url, timeout)

    def unreachable(self) -> Gemini:
        return self.gemini("http://127.0.0.1:9", 5.0)

    def gemini(self, url: str, timeout: float) -> Gemini:
        return Gemini(
            "gemini-2.5-flash", base_url=url, api_key=self.key, timeout=timeout,
            stream=self.streams,
        )  # fmt: skip


class TestStreamingGemini(TestGemini):
    streams = True


class TestThinkingGemini(TestGemini):
    streams = True

    def gemini(self, url: str, timeout: float) -> Gemini:
        return Gemini(
            "gemini-2.5-pro", base_url=url, api_key=self.key, timeout=timeout, stream=True,
            thinking_budget=2048,
        )  # fmt: skip
