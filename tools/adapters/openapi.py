"""The operations of an OpenAPI document as tools."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ...ledger.errors import ToolError, UsageError
from ..context import ToolContext
from ..functions.tool import TIMEOUT, FunctionTool, Price
from .credentials import credentials
from .json_schema import checker, fit_for_use
from .naming import PatternPrices, matches, unique
from .openapi_document import OpenApiDocument, Operation
from .openapi_headers import forbidden
from .openapi_request import send
from .schema_tool import foreign_tool


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
) -> list[FunctionTool]:
    """Returns a tool for each operation.

    Args:
        document: an OpenAPI 3.0 or 3.1 document: a JSON or YAML file, a URL, or a dictionary.
        base_url: the server to call; None takes the document's first one. Nothing else is called.
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
        UsageError: the document cannot be used, a variable is not set, or a price names nothing.
    """
    read = OpenApiDocument.read(document)
    server, schemes = read.server(base_url), read.schemes()
    by_pattern, names, tools = PatternPrices(prices), set(taken), []
    patterns = tuple(read_only)
    for operation in read.operations():
        if not keep(operation.id):
            continue
        name = unique(operation.id, names, operation.method)
        names.add(name)
        price = by_pattern.of(operation.id, name)
        carried = credentials(operation.security, schemes, auth or {}, operation.id)
        if carried and not read.is_named(server, base_url):
            raise UsageError(
                f"operation {operation.id!r} would send credentials to {server}, which only the "
                f"document names: give base_url={server!r} if that is right"
            )
        call = _sender(operation, server, carried, timeout)
        harmless = matches(patterns, operation.id, name)
        tools.append(_tool(operation, name, price, timeout, call, read_only=harmless))
    by_pattern.check_used(names)
    return tools


def _sender(
    operation: Operation, server: str, carried: Any, timeout: float
) -> Callable[[dict[str, Any], ToolContext], Any]:
    async def call(arguments: dict[str, Any], context: ToolContext) -> str:
        return await send(operation, server, arguments, carried, timeout)

    return call


def _tool(
    operation: Operation,
    name: str,
    price: Price | None,
    timeout: float,
    call: Callable[[dict[str, Any], ToolContext], Any],
    *,
    read_only: bool,
) -> FunctionTool:
    if (declared := forbidden(operation)) is not None:
        raise UsageError(
            f"operation {operation.id!r} declares {declared!r} as a parameter, which is not the "
            "document's to set: leave it out with keep=…"
        )
    if operation.body_required and operation.body is None:
        raise UsageError(
            f"operation {operation.id!r} takes a body that is no JSON ({operation.body_type}): "
            "leave it out with keep=…"
        )
    try:
        parameters = fit_for_use(_parameters(operation))
        check = checker(parameters, name)
    except ToolError as exc:
        raise UsageError(
            f"operation {operation.id!r} cannot be used: {exc}; leave it out with keep=…"
        ) from exc
    description = operation.description or f"{operation.method.upper()} {operation.path}"
    return foreign_tool(
        name, description, parameters, call, price=price, timeout=timeout, checker=check,
        read_only=read_only,
    )  # fmt: skip


def _parameters(operation: Operation) -> dict[str, Any]:
    properties = {parameter.argument: dict(parameter.schema) for parameter in operation.parameters}
    required = [parameter.argument for parameter in operation.parameters if parameter.required]
    if operation.body is not None:
        properties[operation.body_argument] = dict(operation.body)
        if operation.body_required:
            required.append(operation.body_argument)
    made: dict[str, Any] = {"properties": properties, "additionalProperties": False}
    return {**made, "required": required} if required else made
