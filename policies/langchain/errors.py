"""What a LangChain class raises, as outlay's two policy errors.

Its exceptions are of any provider's kind. One that bears an HTTP status was answered by the
server; one that a connection never came about cost nothing; of any other the bill is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ...journal.secrets import Clean
from ...ledger.errors import OutcomeUnknown, PolicyError
from ..endpoint import http_errors

_STATUS_OF = {
    "ModelAuthenticationError": 401,
    "ModelPermissionDeniedError": 403,
    "ModelInvalidRequestError": 400,
    "ModelNotFoundError": 404,
    "ModelRateLimitError": 429,
    "ContextOverflowError": 413,
}
"""LangChain's own classes, which each stand for a status."""
_NEVER_SENT = {"EndpointConnectionError", "ConnectTimeout", "ConnectTimeoutError"}
_NETWORK = {
    "APIConnectionError", "TransportError", "ConnectionError", "HTTPClientError", "OSError",
    "ModelConnectionError", "ModelTimeoutError", "TimeoutError", "ClientError",
}  # fmt: skip
_THROTTLED = {"ThrottlingException", "TooManyRequestsException"}


def policy_error(
    exc: BaseException,
    *,
    name: str,
    model: str,
    key_from: str,
    clean: Clean,
    limit: float,
) -> PolicyError:
    """Returns the error that stands for what a chat model raised.

    Args:
        name: the policy, for the sentence.
        key_from: where its key comes from.
        clean: takes out what no sentence may show.
        limit: seconds after which the call was given up.
    """
    status = _status(exc)
    if status is not None and not 200 <= status < 300:
        return http_errors.refusal(
            status, _headers(exc), _body(exc), server=name, model=model, key_from=key_from,
            clean=clean,
        )  # fmt: skip
    names = {kind.__name__ for kind in type(exc).__mro__}
    if names & _NEVER_SENT:
        return http_errors.lost(ConnectionRefusedError(str(exc)), name, limit, clean)
    if names & _NETWORK:
        return http_errors.lost(exc, name, limit, clean)
    said = http_errors.one_line(f"{type(exc).__name__}: {exc}", clean)
    return OutcomeUnknown(f"{name} failed{said}")


def _status(exc: BaseException) -> int | None:
    answer = getattr(exc, "response", None)
    places: list[Any] = [getattr(exc, "status_code", None), getattr(answer, "status_code", None)]
    if isinstance(answer, Mapping):  # botocore's
        told = answer.get("ResponseMetadata")
        places.append(told.get("HTTPStatusCode") if isinstance(told, Mapping) else None)
        if _error_of(answer).get("Code") in _THROTTLED:
            return 429
    places += [getattr(exc, name, None) for name in ("http_status", "status", "code")]
    for place in places:
        if isinstance(place, int) and not isinstance(place, bool) and 100 <= place < 600:
            return int(place)
    kinds = (kind.__name__ for kind in type(exc).__mro__)
    return next((_STATUS_OF[kind] for kind in kinds if kind in _STATUS_OF), None)


def _headers(exc: BaseException) -> Mapping[str, str]:
    answer = getattr(exc, "response", None)
    if isinstance(answer, Mapping):
        told = answer.get("ResponseMetadata")
        found = told.get("HTTPHeaders") if isinstance(told, Mapping) else None
    else:
        found = getattr(answer, "headers", None)
    return found if isinstance(found, Mapping) else {}


def _body(exc: BaseException) -> bytes:
    """Returns the answer's body, or an error object with what the exception says."""
    try:
        content = getattr(getattr(exc, "response", None), "content", None)
    except Exception:  # a body that was never read
        content = None
    if isinstance(content, bytes) and content:
        return content
    body = getattr(exc, "body", None)
    said = body if isinstance(body, Mapping) else {"error": {"message": str(exc)}}
    return orjson.dumps(said, default=str)


def _error_of(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    found = answer.get("Error")
    return found if isinstance(found, Mapping) else {}
