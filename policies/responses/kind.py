"""`openai-responses/NAME` as a model string."""

from __future__ import annotations

import re
from typing import Any

from ..policy import Policy
from ..registry import PolicyKind
from .responses import OpenAIResponses


def _responses(spec: str, **options: Any) -> Policy | None:
    found = re.fullmatch(r"openai-responses[/:](\S+)", spec)
    return None if found is None else OpenAIResponses(found[1], **options)


OPENAI_RESPONSES = PolicyKind(forms=("openai-responses/MODEL",), make=_responses)
