"""From a typed function with a docstring to a JSON schema and a reader of arguments."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from ...journal.arguments import MalformedArguments, read_arguments
from ...ledger.errors import ToolError, UsageError
from ..context import ToolContext
from .docstring import parse_docstring

_CONFIG = ConfigDict(extra="forbid", coerce_numbers_to_str=True, arbitrary_types_allowed=False)
_SHOWN_ERRORS = 5


class _Schema(GenerateJsonSchema):
    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """Stays silent: a default without JSON form is left out of the schema, which is right."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a function takes from a policy."""

    tool: str
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of type `object`."""
    context: str | None
    """Name of the parameter that takes the `ToolContext`, or None."""
    is_async: bool
    _model: type[BaseModel] = BaseModel
    _names: Mapping[str, str] = field(default_factory=dict)
    """Parameter by field of the model: fields are numbered, as some names are pydantic's own."""

    @classmethod
    def of(cls, function: Callable[..., Any], tool: str) -> Signature:
        """Reads a function's signature and docstring.

        Raises:
            UsageError: a policy could not be told how to call this function.
        """
        parameters = _parameters(function, tool)
        hints = _hints(function, parameters, tool)
        described = parse_docstring(inspect.getdoc(_plain(function)) or "")
        if not described.summary:
            raise UsageError(
                f"tool {tool!r} has no docstring: its first lines tell the policy what it does"
            )
        context, typed = _split_context(tool, parameters, hints)
        known = inspect.signature(_plain(function)).parameters
        if strays := [name for name in described.parameters if name not in known]:
            raise UsageError(f"the docstring of tool {tool!r} describes no parameter: {strays[0]}")
        model = _model(tool, typed, described.parameters)
        names = {f"p{place}": parameter.name for place, (parameter, _) in enumerate(typed)}
        is_async = inspect.iscoroutinefunction(_plain(function))
        schema = _schema(model, tool)
        return cls(
            tool=tool, description=described.summary, parameters=schema, context=context,
            is_async=is_async, _model=model, _names=names,
        )  # fmt: skip

    def read(self, arguments: str) -> tuple[dict[str, Any], frozenset[str]]:
        """Returns the validated arguments by name, and the names of those that were written.

        Raises:
            ToolError: they are no JSON object or do not fit; the text says what was expected.
        """
        try:
            read = self._model.model_validate_json(arguments.strip() or "{}")
            if "N" in arguments or "Infinity" in arguments:  # pydantic takes them, JSON does not
                read_arguments(arguments)
        except ValidationError as exc:
            raise ToolError(_explain(exc, self.tool, list(self._names.values()))) from None
        except MalformedArguments as exc:
            raise ToolError(f"wrong arguments for {self.tool}: they {exc}") from None
        except UnicodeEncodeError:
            raise ToolError(f"the arguments of {self.tool} are not valid JSON text") from None
        values = {name: getattr(read, place) for place, name in self._names.items()}
        return values, frozenset(self._names[place] for place in read.model_fields_set)


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns the function itself behind partials and callable objects."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.isroutine(function) or inspect.isclass(function):
        return function
    return typing.cast(Callable[..., Any], function.__call__)  # type: ignore[operator]


def _filled(function: Callable[..., Any]) -> set[str]:
    """Returns the parameters that partials fill in by keyword: a policy may neither see nor set."""
    names: set[str] = set()
    while isinstance(function, functools.partial):
        names |= function.keywords.keys()
        function = function.func
    return names


def default_name(function: Callable[..., Any]) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def _parameters(function: Callable[..., Any], tool: str) -> list[inspect.Parameter]:
    plain = _plain(function)
    if inspect.isclass(plain):
        raise UsageError(f"tool {tool!r} is a class: wrap a function")
    if inspect.isgeneratorfunction(plain) or inspect.isasyncgenfunction(plain):
        raise UsageError(f"tool {tool!r} yields: a tool returns its result at once")
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as exc:
        raise UsageError(
            f"the signature of tool {tool!r} cannot be read: wrap it in a function"
        ) from exc
    filled = _filled(function)
    parameters = [each for each in parameters if each.name not in filled]
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise UsageError(f"tool {tool!r} takes {parameter}: name every parameter")
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise UsageError(
                f"parameter {parameter.name!r} of tool {tool!r} is positional-only: "
                "arguments come by name, so remove the `/`"
            )
        if parameter.annotation is parameter.empty:
            hint = "; decorate the bound method" if parameter.name == "self" else ""
            raise UsageError(f"parameter {parameter.name!r} of tool {tool!r} has no type{hint}")
    return parameters


def _hints(
    function: Callable[..., Any], parameters: list[inspect.Parameter], tool: str
) -> dict[str, Any]:
    """Returns the types of the parameters; others, as the returned one, may be for mypy only."""
    wanted = {parameter.name: parameter.annotation for parameter in parameters}
    module = getattr(inspect.unwrap(_plain(function)), "__globals__", {})
    try:
        return typing.get_type_hints(
            SimpleNamespace(__annotations__=wanted), module, include_extras=True
        )
    except Exception as exc:
        raise UsageError(
            f"a type of tool {tool!r} cannot be found: {_first_line(exc)}; "
            "import it outside `if TYPE_CHECKING`, and define it at the top of its module"
        ) from exc


def _split_context(
    tool: str, parameters: list[inspect.Parameter], hints: dict[str, Any]
) -> tuple[str | None, list[tuple[inspect.Parameter, Any]]]:
    contexts = [each.name for each in parameters if hints[each.name] is ToolContext]
    if len(contexts) > 1:
        raise UsageError(f"tool {tool!r} takes two contexts: {', '.join(contexts)}")
    typed = [(each, hints[each.name]) for each in parameters if each.name not in contexts]
    return (contexts[0] if contexts else None), typed


def _model(
    tool: str, typed: list[tuple[inspect.Parameter, Any]], descriptions: Mapping[str, str]
) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for place, (parameter, hint) in enumerate(typed):
        default = ... if parameter.default is parameter.empty else parameter.default
        told: dict[str, Any] = {"alias": parameter.name}
        if description := descriptions.get(parameter.name):
            told["description"] = description
        info = Field(**told)
        fields[f"p{place}"] = (Annotated[hint, info], default)
    try:
        return create_model(tool, __config__=_CONFIG, **fields)
    except (PydanticUserError, NameError, TypeError) as exc:
        raise UsageError(f"a type of tool {tool!r} has no JSON form: {_first_line(exc)}") from exc


def _schema(model: type[BaseModel], tool: str) -> dict[str, Any]:
    try:
        schema = model.model_json_schema(schema_generator=_Schema)
    except PydanticUserError as exc:
        raise UsageError(f"a type of tool {tool!r} has no JSON form: {_first_line(exc)}") from exc
    for part in (schema, *schema.get("$defs", {}).values()):
        part.pop("title", None)
    schema.setdefault("properties", {})
    return schema


def _first_line(exc: Exception) -> str:
    return str(exc).split("\n", 1)[0]


def _explain(exc: ValidationError, tool: str, known: list[str]) -> str:
    errors = exc.errors(include_url=False, include_context=False)
    parts = [_explain_one(error, known) for error in errors[:_SHOWN_ERRORS]]
    if len(errors) > _SHOWN_ERRORS:
        parts.append(f"and {len(errors) - _SHOWN_ERRORS} more")
    return f"wrong arguments for {tool}: " + "; ".join(parts)


def _explain_one(error: Mapping[str, Any], known: list[str]) -> str:
    where = ".".join(str(part) for part in error["loc"])[:100]
    kind = error["type"]
    if kind in ("json_invalid", "string_unicode") and not where:
        return f"they are not valid JSON ({error['msg'].removeprefix('Invalid JSON: ')})"
    if kind == "model_type" and not where:
        return "they must be a JSON object"
    if kind == "missing":
        return f"{where!r} is missing"
    if kind == "extra_forbidden":
        return f"{where!r} is unknown" + (f" (known: {', '.join(known)})" if known else "")
    said = error["msg"].replace("Input should", "should", 1)
    return f"{where!r} {said}, got {_short(error['input'])}"


def _short(value: Any, room: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= room else f"{text[:room]}…"
