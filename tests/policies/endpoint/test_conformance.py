"""Endpoint keeps the contract of policies, whole replies and streamed ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from outlay.policies import Endpoint
from outlay.testing.conformance import PolicyConformance
from outlay.testing.planned import PlannedLoopback, planned_loopback


class TestEndpoint(PolicyConformance):
    @pytest.fixture
    def server(self) -> Iterator[PlannedLoopback]:
        with planned_loopback() as planned:
            yield planned

    def make_policy(self, server: PlannedLoopback, timeout: float = 10.0) -> Endpoint:
        return self.endpoint(server.server.url, timeout=timeout)

    def unreachable(self) -> Endpoint:
        return self.endpoint("http://127.0.0.1:9/v1", timeout=5)

    def endpoint(self, url: str, timeout: float) -> Endpoint:
        return Endpoint(
            "model", base_url=url, api_key=self.key, timeout=timeout, stream=self.streams
        )


class TestStreamingEndpoint(TestEndpoint):
    streams = True
