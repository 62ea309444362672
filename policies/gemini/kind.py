"""How a Gemini model is written in a model string."""

from __future__ import annotations

import re
from typing import Any

from ...ledger.errors import UsageError
from ..policy import Policy
from ..registry import PolicyKind
from .gemini import Gemini


def _google(spec: str, **options: Any) -> Policy | None:
    named = re.fullmatch(r"google[/:](\S+)", spec)
    if named is None:
        return None
    if options.pop("tool_protocol", "native") == "text":
        raise UsageError(f"{spec} calls tools in Gemini's own way: leave --tool-protocol out")
    return Gemini(named[1], **{"name": f"google/{named[1]}", **options})


GOOGLE = PolicyKind(forms=("google/MODEL", "google:MODEL"), make=_google)
