"""The operations of an OpenAPI document as tools."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ....journal.plain_http import check_encrypted
from ....ledger.errors import ToolError, UsageError
from ...context import ToolContext
from ...functions.tool import TIMEOUT, FunctionTool, Price
from ..json_schema import checker, fit_for_use
from ..left_out import some
from ..naming import PatternPrices, matches, unique
from ..schema_tool import Call, foreign_tool
from .credentials import Credentials, MissingCredentials, credentials
from .document import Entry, OpenApiDocument, same_origin
from .headers import forbidden
from .left_out import OperationTools, listed
from .operation import Operation
from .request import send

_LOG = logging.getLogger(__name__)


def from_openapi(
    document: Path | str | Mapping[str, Any],
    *,
    base_url: str | None = None,
    prices: Mapping[str, Price] | None = None,
    auth: Mapping[str, str] | None = None,
    keep: Callable[[str], bool] = lambda operation: True,
    read_only: Iterable[str] = (),
    taken: Iterable[str] = (),
    timeout: float = TIMEOUT,
) -> OperationTools:
    """Returns a tool for each operation that can be called.

    What cannot be called is in `left_out`, with the reason, and logged in one warning.

    Args:
        document: an OpenAPI 3.0 or 3.1 document: a JSON or YAML file, a URL, or a dictionary.
        base_url: the server to call, and nothing else; None takes the first one that the document
            names for an operation, for its path, or for all.
            Credentials go only to a server that you name here, or that the document lies on.
        prices: USD per call by operationId or pattern (`get*`); an exact id wins, then the first
            pattern that matches. An operation that none matches has no price.
        auth: the environment variable of each security scheme; no other variable is read. Basic
            authentication takes `user:password`.
        keep: tells by an operationId whether the operation is wanted.
        read_only: operationIds or patterns (`get*`) of which you say that calling them twice does
            no harm. That an operation is a GET is only its author's word.
        taken: names that other tools have.
        timeout: seconds until a call is given up.

    Raises:
        UsageError: the document cannot be used, nor any operation that `keep` wants; variables are
            not named or set; or a price names nothing.
    """
    read = OpenApiDocument.read(document)
    binding = _Binding(read, base_url, auth or {})
    by_pattern, names, patterns = PatternPrices(prices), set(taken), tuple(read_only)
    tools: list[FunctionTool] = []
    left_out: dict[str, str] = {}
    entries = list(read.entries())
    if not entries:
        raise UsageError("the document has no operations")
    for entry in entries:
        if not keep(entry.id):
            continue
        name = unique(entry.id, names, entry.method)
        price = by_pattern.of(entry.id, name)
        try:
            operation = read.operation(entry)
            parameters = fit_for_use(_parameters(operation))
            check = checker(parameters, name)
            bound = binding.of(entry, operation)
        except MissingCredentials:
            continue
        except ToolError as exc:
            where = f" ({entry.method.upper()} {entry.path})" if entry.id in left_out else ""
            left_out[f"{entry.id}{where}"] = str(exc)
            continue
        names.add(name)
        tools.append(
            foreign_tool(
                name, operation.description, parameters, _sender(operation, *bound, timeout),
                price=price, timeout=timeout, checker=check,
                read_only=matches(patterns, operation.id, name),
            )
        )  # fmt: skip
    binding.check()
    made = OperationTools(tools, left_out)
    made.check()
    by_pattern.check_used(names)
    return made


@dataclass
class _Binding:
    """The server and the credentials of operations; keeps what only the owner can say."""

    document: OpenApiDocument
    base_url: str | None
    auth: Mapping[str, str]
    _lacking: dict[str, list[str]] = field(default_factory=dict)
    _moved: list[str] = field(default_factory=list)

    def of(self, entry: Entry, operation: Operation) -> tuple[str, Credentials]:
        """Returns where an operation is called, and with what.

        Raises:
            MissingCredentials: the owner has to say something first; `check` tells.
            ToolError: the document makes it unusable.
        """
        if (declared := forbidden(operation)) is not None:
            raise ToolError(
                f"it declares {declared!r} as a parameter, which is not the document's to set"
            )
        server = self._server(entry)
        try:
            carried = credentials(operation.security, self.document.schemes, self.auth)
            if carried and not self.document.is_named(server, self.base_url):
                raise MissingCredentials(
                    f"would send credentials to {server}, which only the document names: give "
                    f"base_url={server!r} if that is right"
                )
            if carried:
                _check_encrypted(server)
        except MissingCredentials as exc:
            self._lacking.setdefault(str(exc), []).append(entry.id)
            raise
        return server, carried

    def _server(self, entry: Entry) -> str:
        if not entry.servers:
            return self.document.server(self.base_url)
        try:
            own = self.document.server(None, entry.servers)
        except UsageError as exc:
            if self.base_url is None:
                raise ToolError(f"a server of its own cannot be used: {exc}") from exc
            own = ""
        if self.base_url is None:
            return own
        if not same_origin(own, self.base_url) and not self.document.is_first_server(own):
            self._moved.append(entry.id)
        return self.document.server(self.base_url)

    def check(self) -> None:
        """Tells what `base_url` has moved from servers of their own.

        Raises:
            UsageError: operations lack what only the owner can say; all are told at once.
        """
        if self._lacking:
            raise UsageError(listed(self._lacking))
        if self._moved:
            _LOG.warning(
                "base_url stands for the servers that %d operations have for themselves: %s",
                len(self._moved), some(self._moved),
            )  # fmt: skip


def _check_encrypted(server: str) -> None:
    try:
        check_encrypted(server, "the call")
    except UsageError as exc:
        raise MissingCredentials(f"cannot be called: {exc}") from exc


def _sender(operation: Operation, server: str, carried: Credentials, timeout: float) -> Call:
    async def call(arguments: dict[str, Any], context: ToolContext) -> str:
        return await send(operation, server, arguments, carried, timeout)

    return call


def _parameters(operation: Operation) -> dict[str, Any]:
    properties = {parameter.argument: dict(parameter.schema) for parameter in operation.parameters}
    required = [parameter.argument for parameter in operation.parameters if parameter.required]
    if operation.body is not None:
        properties[operation.body.argument] = dict(operation.body.schema)
        if operation.body.required:
            required.append(operation.body.argument)
    made: dict[str, Any] = {"properties": properties, "additionalProperties": False}
    return {**made, "required": required} if required else made
