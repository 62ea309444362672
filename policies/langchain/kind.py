"""How a LangChain model is written in a model string."""

from __future__ import annotations

import re
from typing import Any

from ...ledger.errors import UsageError
from ..policy import Policy
from ..registry import PolicyKind
from .policy import LangChainPolicy


def _langchain(spec: str, **options: Any) -> Policy | None:
    named = spec.removeprefix("langchain:")
    if named == spec:
        return None
    if not re.fullmatch(r"[\w-]+/\S+", named):
        raise UsageError(f"the model {spec!r} lacks its provider: write langchain:PROVIDER/MODEL")
    if options.pop("tool_protocol", "native") == "text":
        raise UsageError(f"{spec} calls tools in LangChain's way: leave --tool-protocol out")
    return LangChainPolicy(named, **options)


LANGCHAIN = PolicyKind(forms=("langchain:PROVIDER/MODEL",), make=_langchain)
