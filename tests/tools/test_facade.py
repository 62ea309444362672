from __future__ import annotations

from outlay import tools


def test_the_public_names_are_pinned() -> None:
    assert tools.__all__ == [
        "BUILT_IN",
        "FunctionTool",
        "Outputs",
        "Registry",
        "Tool",
        "ToolContext",
        "Wrapper",
        "builtin",
        "calculator",
        "documents",
        "recall",
        "tool",
    ]
    assert all(hasattr(tools, name) for name in tools.__all__)
