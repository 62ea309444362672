"""The hash of a request: by it a replay knows that the same is asked as is recorded.

A hash bears the version of how it is made, as in `2:9f…`. One without a version was made by the
first, which `old_request_hash` keeps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import orjson

from ..records import Request, ToolSpec

_VERSION = "2:"


def request_hash(policy: str, request: Request, tools: str) -> str:
    """Returns the hash of a request in the present version.

    Args:
        policy: the name of the policy that is asked.
        tools: what `tools_hash` says of the request's tools.
    """
    options = (
        policy, request.tool_choice, request.max_tokens, request.temperature, request.seed,
        request.samples, tools,
    )  # fmt: skip
    parts = [orjson.dumps(options), *(message.digest for message in request.messages)]
    return _VERSION + hashlib.blake2b(b"".join(parts), digest_size=16).hexdigest()


def tools_hash(tools: Iterable[ToolSpec]) -> str:
    """Returns the hash of the tools that a policy is offered."""
    digests = b"".join(spec.digest for spec in tools)
    return hashlib.blake2b(digests, digest_size=16).hexdigest()


def is_old(hash: str) -> bool:
    """Says whether a recorded hash is of the first version."""
    return not hash.startswith(_VERSION)
