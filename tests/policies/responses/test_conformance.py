"""The Responses API's policy keeps the contract of policies; the SDK's types check both sides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from planned_responses import PlannedResponses

from outlay.policies.responses.responses import OpenAIResponses
from outlay.testing.conformance import PolicyConformance


class TestResponses(PolicyConformance):
    @pytest.fixture
    def server(self) -> Iterator[PlannedResponses]:
        with PlannedResponses() as planned:
            yield planned

    def make_policy(self, server: PlannedResponses, timeout: float = 10.0) -> OpenAIResponses:
        return self.responses(server.url, timeout)

    def unreachable(self) -> OpenAIResponses:
        return self.responses("http://127.0.0.1:9", 5.0)

    def responses(self, url: str, timeout: float) -> OpenAIResponses:
        return OpenAIResponses(
            "gpt-5-mini", base_url=url, api_key=self.key, timeout=timeout, stream=self.streams
        )


class TestStreamingResponses(TestResponses):
    streams = True
