"""`anthropic/NAME` as a model string."""

from __future__ import annotations

import re
from typing import Any

from ..policy import Policy
from ..registry import PolicyKind
from .messages import AnthropicMessages


def _anthropic(spec: str, **options: Any) -> Policy | None:
    found = re.fullmatch(r"anthropic[/:](\S+)", spec)
    return None if found is None else AnthropicMessages(found[1], **options)


ANTHROPIC = PolicyKind(forms=("anthropic/MODEL",), make=_anthropic)
