"""Finds the error that a server reports where it should have replied, with status 200."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FIELDS = ("code", "status", "status_code", "http_code", "type")
_STATUSES = {
    400: "bad_request invalid_request invalid_request_error invalid_argument "
    "context_length_exceeded content_filter content_policy_violation unsupported_parameter",
    401: "invalid_api_key authentication_error invalid_authentication invalid_authentication_error "
    "unauthorized unauthenticated",
    402: "billing_error payment_required insufficient_credits",
    403: "forbidden permission_error permission_denied access_denied",
    404: "not_found not_found_error model_not_found",
    413: "request_too_large payload_too_large",
    429: "rate_limit_exceeded rate_limit_error rate_limited rate_limit too_many_requests "
    "resource_exhausted insufficient_quota quota_exceeded throttling_error throttlingexception",
    500: "server_error internal_error internal_server_error api_error internal",
    503: "overloaded overloaded_error server_overloaded engine_overloaded unavailable "
    "service_unavailable service_unavailable_error",
    504: "timeout timeout_error deadline_exceeded gateway_timeout",
}
_BY_NAME = {name: status for status, names in _STATUSES.items() for name in names.split()}


def error_in(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Returns the body if it reports an error, in the form `{"error": …}`, or None."""
    error = body.get("error")
    if error:
        return body
    is_error = body.get("object") == "error" or body.get("type") == "error"
    is_bare = "choices" not in body and any(
        isinstance(body.get(name), str) for name in ("message", "detail", "msg")
    )
    if not is_error and not (is_bare and status_of({"error": body}) is not None):
        return None
    return {"error": {"message": body.get("msg"), **body}}


def status_of(body: Mapping[str, Any]) -> int | None:
    """Returns the HTTP status that the code of a reported error stands for, or None."""
    error = body.get("error")
    places = [place for place in (error, body) if isinstance(place, Mapping)]
    for place in places:
        for name in _FIELDS:
            if (status := _status(place.get(name))) is not None:
                return status
    return None


def _status(code: object) -> int | None:
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code[:4])
    if isinstance(code, int | float) and not isinstance(code, bool):
        return int(code) if 400 <= code < 600 else None
    return _BY_NAME.get(code.lower()) if isinstance(code, str) else None
