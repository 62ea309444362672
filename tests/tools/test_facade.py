from __future__ import annotations

from outlay import tools


def test_the_public_names_are_pinned() -> None:
    assert tools.__all__ == [
        "BUILTIN_TOOLS",
        "FunctionTool",
        "Outputs",
        "Tool",
        "ToolContext",
        "ToolOffer",
        "Toolset",
        "Wrapper",
        "builtin_tools",
        "calculator",
        "document_tools",
        "recall",
        "tool",
    ]
    assert all(hasattr(tools, name) for name in tools.__all__)
