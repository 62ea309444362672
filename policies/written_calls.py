"""Calls of tools that a model wrote into its text although it was offered them natively.

Pure functions. Only calls of tools that are on offer, with an object of arguments that has all the
required ones, are calls; everything else stays what it is: text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from ..journal.arguments import written
from ..journal.records import Reply, Request, ToolCall, ToolSpec
from .call_ids import made_id

_NAMES = ("name", "tool", "tool_name", "function_name", "function")
_ARGUMENTS = ("arguments", "args", "parameters", "params", "input", "tool_input")
_ASIDES = ("type", "id", "index")

_TAGGED = re.compile(
    r"<\|?(?P<tag>tool_calls?|function_calls?|tool_code)\|?>(?P<body>.*?)"
    r"(?:<\|?/?(?P=tag)\|?>|</s>|\Z)"
    r"|(?:<\|python_tag\|>|\[TOOL_CALLS\]|functools(?=\[))(?P<marked>.*)",
    re.DOTALL,
)
_FUNCTION = re.compile(
    r"<(?:function|tool)\s*(?:=\s*|\s+name\s*=\s*)[\"']?(?P<name>[\w.:-]+)[\"']?\s*"
    r"(?:arguments\s*=\s*(?:'(?P<quoted>[^']*)'|\"(?P<double>(?:\\.|[^\"])*)\")\s*)?"
    r"(?:/>|>(?P<body>.*?)(?:</(?:function|tool)>|\Z))",
    re.DOTALL,
)
_PARAMETER = re.compile(
    r"<parameter\s*(?:=\s*|\s+name\s*=\s*)[\"']?([\w.:-]+)[\"']?\s*>\n?(.*?)\n?</parameter>",
    re.DOTALL,
)
_FENCE = re.compile(r"```[\w-]*[ \t]*\n(?P<body>.*?)\n?[ \t]*(?:```|\Z)", re.DOTALL)
_MISTRAL = re.compile(
    r"\s*(?P<name>[\w.-]+)\s*(?:\[CALL_ID\]\w+\s*)?\[ARGS\]\s*(?P<body>\{.*\})", re.DOTALL
)

Wish = tuple[str, Any]
"""A tool's name and its arguments, as the text has them."""


@dataclass(frozen=True)
class WrittenCalls:
    """What was found in a text."""

    form: str
    """`tagged`, `function`, `fenced`, `json` or `pythonic`."""
    calls: tuple[tuple[str, str], ...]
    """Tools and arguments as JSON."""
    rest: str
    """The text without the calls."""


def read(reply: Reply, request: Request) -> Reply:
    """Returns the reply with the calls that its text asks for, and its text without them.

    A reply that has calls, or may have none, stays as it is.
    """
    text = reply.message.content
    if reply.message.tool_calls or not request.tools or request.tool_choice == "none":
        return reply
    seen = [message.content for message in request.messages if message.role == "tool"]
    found = find(text, request.tools, seen)
    if found is None:
        return reply
    calls = tuple(
        ToolCall(made_id(reply.response_id, place), name, arguments)
        for place, (name, arguments) in enumerate(found.calls)
    )
    message = replace(reply.message, content=found.rest, tool_calls=calls)
    return replace(reply, message=message, finish_reason="tool_calls", written_as=found.form)


def find(text: str, tools: Sequence[ToolSpec], seen: Iterable[str] = ()) -> WrittenCalls | None:
    """Returns the calls in a text, None where it has none.

    Args:
        seen: what tools have said: a call that stands there is quoted, and is none.
    """
    known = {tool.name: tool for tool in tools}
    for form, blocks in _FORMS.items():
        spans: list[tuple[int, int]] = []
        calls: list[tuple[str, str]] = []
        for start, end, wishes in blocks(text):
            if any(text[start:end].strip() in said for said in seen):
                continue
            made = [_call(name, arguments, known) for name, arguments in wishes]
            if made and all(made):
                spans.append((start, end))
                calls += [call for call in made if call is not None]
        if calls:
            return WrittenCalls(form, tuple(calls), _without(text, spans))
    return None


def _call(name: str, arguments: Any, known: Mapping[str, ToolSpec]) -> tuple[str, str] | None:
    if isinstance(arguments, str):
        arguments = _json(arguments)
    tool = known.get(name)
    if tool is None or not isinstance(arguments, dict):
        return None
    required = tool.parameters.get("required") or ()
    return (name, written(arguments)) if set(required) <= set(arguments) else None


def _tagged(text: str) -> Iterator[tuple[int, int, list[Wish]]]:
    for match in _TAGGED.finditer(text):
        body = match["body"] if match["marked"] is None else match["marked"]
        mistral = _MISTRAL.fullmatch(body.strip())
        wishes = [(mistral["name"], mistral["body"])] if mistral else _wishes(_json(body))
        yield *match.span(), wishes or _pythonic_wishes(body.strip())


def _function(text: str) -> Iterator[tuple[int, int, list[Wish]]]:
    for match in _FUNCTION.finditer(text):
        told = match["quoted"] or match["double"] or match["body"] or ""
        parameters = _PARAMETER.findall(told)
        arguments = {name: _value(value) for name, value in parameters} if parameters else told
        yield *match.span(), [(match["name"], arguments or "{}")]


def _fenced(text: str) -> Iterator[tuple[int, int, list[Wish]]]:
    for match in _FENCE.finditer(text):
        lines = [_wishes(_json(line)) for line in match["body"].splitlines() if line.strip()]
        wishes = _wishes(_json(match["body"])) or [wish for found in lines for wish in found]
        yield *match.span(), wishes or _pythonic_wishes(match["body"].strip())


def _bare(text: str) -> Iterator[tuple[int, int, list[Wish]]]:
    """Looks for JSON as the whole text, or as its last lines."""
    for match in re.finditer(r"^[ \t]*[\[{]", text, re.MULTILINE):
        if wishes := _wishes(_json(text[match.start() :])):
            yield match.start(), len(text), wishes
            return


def _pythonic(text: str) -> Iterator[tuple[int, int, list[Wish]]]:
    yield 0, len(text), _pythonic_wishes(text.strip())


_FORMS: Mapping[str, Callable[[str], Iterator[tuple[int, int, list[Wish]]]]] = {
    "tagged": _tagged,
    "function": _function,
    "fenced": _fenced,
    "json": _bare,
    "pythonic": _pythonic,
}


def _wishes(data: Any) -> list[Wish]:
    """Returns the calls that JSON writes, under any of the names that models give its parts."""
    entries = data if isinstance(data, list) else [data]
    found = [_wish(entry) for entry in entries]
    return [wish for wish in found if wish is not None] if all(found) else []


def _wish(entry: Any) -> Wish | None:
    if not isinstance(entry, dict):
        return None
    inner = entry.get("function")
    entry = inner if isinstance(inner, dict) else entry
    name = next((entry[field] for field in _NAMES if isinstance(entry.get(field), str)), None)
    if name is None or not set(entry) <= {*_NAMES, *_ARGUMENTS, *_ASIDES}:
        return None
    return name, next((entry[field] for field in _ARGUMENTS if field in entry), {})


def _pythonic_wishes(text: str) -> list[Wish]:
    """Returns the calls of `[search(query="x"), open(id=3)]` or of one such call."""
    if not re.match(r"\[?\s*[A-Za-z_][\w.]*\(", text):
        return []
    try:
        tree = ast.parse(text, mode="eval").body
        nodes = tree.elts if isinstance(tree, ast.List) else [tree]
        return [_python_wish(node) for node in nodes]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _python_wish(node: ast.expr) -> Wish:
    if not isinstance(node, ast.Call) or node.args or any(k.arg is None for k in node.keywords):
        raise ValueError("this is no call of a tool")
    return ast.unparse(node.func), {str(k.arg): ast.literal_eval(k.value) for k in node.keywords}


def _json(text: str) -> Any:
    try:
        return orjson.loads(text.encode("utf-8", "replace").strip())
    except orjson.JSONDecodeError:
        return None


def _value(text: str) -> Any:
    """Returns a parameter's value: JSON where it is some, else the text."""
    found = _json(text)
    return text if found is None else found


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in reversed(spans):
        text = text[:start].rstrip() + "\n" + text[end:].lstrip()
    return text.strip()
