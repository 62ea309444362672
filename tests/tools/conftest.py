from __future__ import annotations

from pathlib import Path

import pytest

from outlay.tools import Outputs, ToolContext


@pytest.fixture
def context(tmp_path: Path) -> ToolContext:
    return ToolContext(run="run-1", call_id="call-1", outputs=Outputs(tmp_path / "outputs"))
