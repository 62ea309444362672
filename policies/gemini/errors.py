"""Google's error bodies: what `http_errors` cannot know of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...journal.secrets import Clean
from ...ledger.errors import CallRefused, PolicyError
from ..endpoint import http_errors, wire


def refusal(
    status: int,
    headers: Mapping[str, str],
    raw: bytes,
    *,
    server: str,
    model: str,
    key_from: str,
    clean: Clean,
) -> PolicyError:
    """Returns the error for a response whose status is not 200; see `http_errors.refusal`.

    Google answers a wrong key with 400.
    """
    error = _error(raw)
    details = [d for d in error.get("details") or () if isinstance(d, Mapping)]
    if any(detail.get("reason") == "API_KEY_INVALID" for detail in details):
        said = http_errors.one_line(str(error.get("message", "")), clean)
        return CallRefused(
            f"{server} refused the key ({status}): set {key_from} to a valid one{said}"
        )
    return http_errors.refusal(
        status, headers, raw, server=server, model=model, key_from=key_from, clean=clean
    )


def status_of(body: Mapping[str, Any]) -> int | None:
    """Returns the HTTP status that an error object names."""
    error = body.get("error")
    code = error.get("code") if isinstance(error, Mapping) else None
    return code if isinstance(code, int) and 400 <= code < 600 else None


def _error(raw: bytes) -> Mapping[str, Any]:
    try:
        body = wire.loads(raw)
    except wire.UnreadableReply:
        return {}
    if isinstance(body, list) and body:  # a stream's error comes as a list of one
        body = body[0]
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}
