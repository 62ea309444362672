"""Turns what can go wrong on the way to a server into outlay's two policy errors.

What decides is money: refused means that nothing was billed, unknown means that something may
have been.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping

from ...journal.secrets import Clean, without_keys
from ...ledger.errors import (
    CallRefused,
    CallTimedOut,
    OutcomeUnknown,
    PolicyError,
    UsageError,
)
from . import error_body, wire
from .error_body import ErrorBody
from .error_words import (
    TOO_LONG_CODES,
    is_about_credit,
    is_about_keys,
    is_output_too_long,
    is_too_long,
)
from .waits import retry_after as retry_after

OVERLOADED = 529
"""Anthropic's status for a server that has no room: nothing was billed."""
_TRY_AGAIN = (408, 409, 429, 503, OVERLOADED)
_PASSING = re.compile(
    r"overload|capacity|busy|unavailable|time[d -]*out|too many|rate.?limit|try again|retry", re.I
)
_IN_HEADER = re.compile(r"\bheader", re.I)
_UNREACHED = {
    "ClientConnectorError", "ClientHttpProxyError", "ConnectError", "ConnectionRefusedError",
    "ProxyError", "gaierror",
}  # fmt: skip
"""Connections that never came about: refused, no such host, no TLS, no way through a proxy."""
_NOT_ACCEPTED = {"ConnectTimeout", "ConnectionTimeoutError", "PoolTimeout"}


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
    body = error_body.read(raw)
    said = one_line(body.text, clean)
    wait = retry_after(headers, body=body)
    if status >= 500 and status not in _TRY_AGAIN and not body.codes & TOO_LONG_CODES:
        if is_too_long(body):
            return OutcomeUnknown(_too_long(status, said, model))
        return OutcomeUnknown(f"{server} failed ({status}){said}", retryable=True, retry_after=wait)
    if status == 402 or (status in (400, 403, 429) and is_about_credit(body)):
        return CallRefused(f"the account at {server} has no credit left ({status}){said}")
    if status in _TRY_AGAIN:
        asks = f", asks to wait {wait:g} s" if wait else ""
        text = f"{server} refused the call for now ({status}){asks}{said}"
        return CallRefused(text, retryable=True, retry_after=wait)
    if 300 <= status < 400:
        return CallRefused(_moved(status, headers.get("location", ""), server, said, clean))
    return CallRefused(_mending(status, body, said, server, model, key_from))


def lost(exc: BaseException, server: str, timeout: float, clean: Clean) -> PolicyError:
    """Returns the error for an exception of the HTTP client.

    The client reports every broken connection as one kind, so the causes behind it are asked:
    only a connection that never came about has cost nothing.
    """
    names = _kinds(exc)
    if names & _UNREACHED:
        text = f"{server} cannot be reached: {_reason(exc, clean)}"
        return CallRefused(text, retryable=True)
    if names & _NOT_ACCEPTED:
        return CallRefused(f"{server} did not accept a connection in time", retryable=True)
    if names & {"UnsupportedProtocol", "InvalidURL", "InvalidUrlClientError"}:
        return CallRefused(f"{server} is not an address of a server: {_reason(exc, clean)}")
    if "LocalProtocolError" in names:
        return _unwritable(exc, server)
    if names & {"TimeoutError", "ReadTimeout", "WriteTimeout"}:
        return CallTimedOut(f"{server} did not reply within {timeout:g} s")
    text = f"the connection to {server} broke: {_reason(exc, clean)}"
    return OutcomeUnknown(text, retryable=True)


@contextlib.contextmanager
def before_sending(server: str, clean: Clean) -> Iterator[None]:
    """Whatever goes wrong in here costs nothing: no connection was opened."""
    try:
        yield
    except (PolicyError, UsageError):
        raise
    except Exception as exc:
        raise CallRefused(f"{server} was not asked: {_reason(exc, clean)}") from exc


@contextlib.contextmanager
def writing(server: str) -> Iterator[None]:
    """Tells a request whose head cannot be written, which was not sent, from others."""
    try:
        yield
    except UnicodeDecodeError:
        raise
    except UnicodeError as exc:
        raise _unwritable(exc, server) from exc
    except ValueError as exc:
        if not _IN_HEADER.search(str(exc)):
            raise
        raise _unwritable(exc, server) from exc


def _unwritable(exc: BaseException, server: str) -> CallRefused:
    return CallRefused(
        f"{server} was not asked, the head of the request cannot be written (check keys, address "
        f"and variables such as OPENAI_ORG_ID): {_shown(exc)}"
    )


def _shown(exc: BaseException) -> str:
    """Returns what is wrong without the value that is wrong, which may be a key."""
    if isinstance(exc, UnicodeError):
        return "it has a character that is not ASCII, or an empty or overlong part of a name"
    return "a header has a line break or another forbidden character"


def unreadable(exc: wire.UnreadableReply, server: str, clean: Clean) -> OutcomeUnknown:
    """Returns the error for a reply that came, and may have been billed, but makes no sense."""
    return OutcomeUnknown(f"{server}: {exc.what}{one_line(exc.said, clean)}", retryable=True)


def broken_off(
    exc: wire.ReportedError, server: str, status: int | None, clean: Clean
) -> OutcomeUnknown:
    """Returns the error for one that was reported under status 200 and leaves the bill open.

    Args:
        status: what its code stands for, or None where it has none. One that has none and came
            in place of a reply is tried again only where its words promise something of it.
    """
    if status is not None:
        retryable = status >= 500 or status in _TRY_AGAIN
    else:
        retryable = exc.has_begun or bool(_PASSING.search(exc.said))
    text = f"{server}: {exc.what}{one_line(exc.said, clean)}"
    return OutcomeUnknown(text, retryable=retryable)


def _mending(
    status: int, body: ErrorBody, said: str, server: str, model: str, key_from: str
) -> str:
    if status == 401 or (status == 403 and is_about_keys(body)):
        return f"{server} refused the key ({status}): set {key_from} to a valid one{said}"
    if status == 404:
        return f"{server} does not know the model {model!r} (404): check its name and address{said}"
    if status == 413 or is_too_long(body):
        return _too_long(status, said, model)
    if is_output_too_long(body):
        return f"{model} cannot write so much ({status}): use a smaller max_output{said}"
    return f"{server} refused the request ({status}){said}"


def _too_long(status: int, said: str, model: str) -> str:
    return (
        f"the prompt is longer than {model} can read ({status}): "
        f"use a memory that shortens it, or a smaller max_output{said}"
    )


def _moved(status: int, location: str, server: str, said: str, clean: Clean) -> str:
    """Returns the sentence for a redirection, which is not followed: a key goes where it was sent
    and nowhere else."""
    location = without_keys(clean(location[: wire.SAID].strip()))
    to = re.sub(r"(/chat/completions|/responses|/v1/messages)?/?([?#].*)?$", "", location)
    if not to:
        return f"{server} points elsewhere ({status}) and does not say where{said}"
    address = to if "//" in to else f"{server}{to}"
    shown = re.sub(r"//[^/@]*@", "//", address)[:300]
    return f"{server} points elsewhere ({status}): use the address {shown} that it points to"


def one_line(said: str, clean: Clean) -> str:
    """Returns `: ` and what a server says, without keys; nothing where it says nothing."""
    said = " ".join(without_keys(clean(said[: wire.SAID])).split())
    return f": {said[:300]}" if said else ""


def _kinds(exc: BaseException) -> set[str]:
    """Returns the names of the classes of an exception and its causes.

    SDKs take some of aiohttp's broken connections for ones that never came about: where aiohttp
    said what happened, its word counts.
    """
    links = _chain(exc)
    if any(type(link).__module__.startswith("aiohttp") for link in links):
        links = [link for link in links if not type(link).__module__.startswith("httpx")]
    return {kind.__name__ for link in links for kind in type(link).__mro__}


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
