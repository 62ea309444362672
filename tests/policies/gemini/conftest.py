from __future__ import annotations

from collections.abc import Iterator

import pytest
from gemini_server import GeminiSays
from typed_server import TypedServer

from outlay.policies import Gemini


@pytest.fixture
def says() -> GeminiSays:
    return GeminiSays()


@pytest.fixture
def google(says: GeminiSays) -> Iterator[TypedServer]:
    with TypedServer(says) as running:
        yield running
        assert running.problems == []


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def gemini(google: TypedServer, stream: bool) -> Gemini:
    return Gemini("gemini-3-flash", base_url=google.url, api_key="AIzaSecret", stream=stream)
