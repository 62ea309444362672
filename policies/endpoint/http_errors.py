"""Turns what can go wrong on the way to a server into outlay's two policy errors.

What decides is money: refused means that nothing was billed, unknown means that something may
have been.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from ...journal.secrets import Clean, without_keys
from ...ledger.errors import CallRefused, OutcomeUnknown, PolicyError
from . import wire

OVERLOADED = 529
"""Anthropic's status for a server that has no room: nothing was billed."""
_TRY_AGAIN = (408, 409, 429, 503, OVERLOADED)
_TOO_LONG = re.compile(
    r"context.{0,10}length|context window|maximum.{0,20}tokens|prompt is too long", re.I
)


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
    """Returns the error for a response whose status is not 200.

    Args:
        key_from: where the key comes from, e.g. `OPENAI_API_KEY`, for the sentence that says
            how to mend a refused one.
        clean: takes the key out of what the server says.
    """
    try:
        body = wire.loads(raw)
    except wire.UnreadableReply:
        body = None
    said = one_line(wire.complaint(body), clean)
    wait = retry_after(headers)
    if status >= 500 and status not in _TRY_AGAIN:
        return OutcomeUnknown(f"{server} failed ({status}){said}", retryable=True, retry_after=wait)
    code = wire.error_code(body)
    if status == 429 and code == "insufficient_quota":
        return CallRefused(f"the account at {server} has no credit left (429){said}")
    if status in _TRY_AGAIN:
        asks = f", asks to wait {wait:g} s" if wait else ""
        text = f"{server} refused the call for now ({status}){asks}{said}"
        return CallRefused(text, retryable=True, retry_after=wait)
    return CallRefused(_mending(status, code, said, server, model, key_from))


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Returns the seconds that the server asks to wait, or None where it does not say."""
    if (wait := _seconds(headers.get("retry-after-ms"))) is not None:
        return wait / 1000
    value = headers.get("retry-after")
    if (wait := _seconds(value)) is not None:
        return wait
    try:
        moment = parsedate_to_datetime(value or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, moment - (time.time() if now is None else now))


def lost(exc: BaseException, server: str, timeout: float, clean: Clean) -> PolicyError:
    """Returns the error for an exception of the HTTP client.

    The client reports every broken connection as one kind, so the causes behind it are asked:
    only a connection that never came about has cost nothing.
    """
    names = {kind.__name__ for link in _chain(exc) for kind in type(link).__mro__}
    if names & {"ClientConnectorError", "gaierror", "ConnectionRefusedError", "ConnectError"}:
        text = f"{server} cannot be reached: {_reason(exc, clean)}"
        return CallRefused(text, retryable=True)
    if "ConnectionTimeoutError" in names:
        return CallRefused(f"{server} did not accept a connection in time", retryable=True)
    if names & {"UnsupportedProtocol", "InvalidURL", "InvalidUrlClientError"}:
        return CallRefused(f"{server} is not an address of a server: {_reason(exc, clean)}")
    if names & {"TimeoutError", "ReadTimeout", "WriteTimeout", "PoolTimeout"}:
        return OutcomeUnknown(f"{server} did not reply within {timeout:g} s", retryable=True)
    text = f"the connection to {server} broke: {_reason(exc, clean)}"
    return OutcomeUnknown(text, retryable=True)


def unreadable(exc: wire.UnreadableReply, server: str, clean: Clean) -> OutcomeUnknown:
    """Returns the error for a reply that came, and may have been billed, but makes no sense."""
    return OutcomeUnknown(f"{server}: {exc.what}{one_line(exc.said, clean)}", retryable=True)


def _mending(status: int, code: str, said: str, server: str, model: str, key_from: str) -> str:
    if status in (401, 403):
        return f"{server} refused the key ({status}): set {key_from} to a valid one{said}"
    if status == 404:
        return f"{server} does not know the model {model!r} (404): check its name and address{said}"
    if code == "context_length_exceeded" or status == 413 or _TOO_LONG.search(said):
        return (
            f"the prompt is longer than {model} can read ({status}): "
            f"use a memory that shortens it, or a smaller max_output{said}"
        )
    if 300 <= status < 400:
        return f"{server} points elsewhere ({status}): use the address that it points to"
    return f"{server} refused the request ({status}){said}"


def one_line(said: str, clean: Clean) -> str:
    """Returns `: ` and what a server says, without keys; nothing where it says nothing."""
    said = " ".join(without_keys(clean(said[: wire.SAID])).split())
    return f": {said[:300]}" if said else ""


def _seconds(value: str | None) -> float | None:
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _chain(exc: BaseException) -> list[BaseException]:
    links: list[BaseException] = []
    link: BaseException | None = exc
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__
    return links


def _reason(exc: BaseException, clean: Clean) -> str:
    """Returns the innermost text that says something."""
    texts = [text for link in _chain(exc) if (text := str(link))]
    return one_line(texts[-1], clean)[2:] if texts else type(exc).__name__
