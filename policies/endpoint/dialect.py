"""How a server wants requests in OpenAI's format to be written, and what its refusals teach of it.

Pure: a dialect and the body of a 400 give the next dialect.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

from ...ledger.errors import UsageError
from .error_body import ErrorBody
from .error_words import is_too_long

LimitField = Literal["max_tokens", "max_completion_tokens"]
SystemRole = Literal["system", "developer", "user"]
Streaming = Literal["asked", "always", "never"]
Structured = Literal["schema", "opening", "object", "text"]

DISPENSABLE = (
    "temperature", "seed", "n", "stream_options", "tool_choice", "required", "parallel_tool_calls",
)  # fmt: skip
"""What a request can do without: fields, and `required` as the value of `tool_choice`."""
_LIMITS: tuple[LimitField, ...] = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How requests to one model of one server are written."""

    limit: LimitField = "max_tokens"
    """The field that bounds the output."""
    system: SystemRole = "system"
    """The role of system messages; `user` adds them to the user's message that follows."""
    streaming: Streaming = "asked"
    """Whether a stream is asked for where the endpoint is to stream, always, or never."""
    without: frozenset[str] = frozenset()
    """What is left out, of `DISPENSABLE`. Without `n` samples are drawn by separate calls,
    without `tool_choice` tools are left out where none may be called, without `required` no tool
    has to be called, and without `stream_options` a stream may bring no bill."""
    parallel_tool_calls: bool | None = None
    """Sent with tools; None leaves it to the server."""
    structured: Structured | None = None
    """How replies of a given form are asked for, beside the words of the prompt: by their JSON
    schema, as any JSON `object`, or in no other way (`text`). `opening` is by schema as long as
    the prompt has no reply in it: providers put the schema before the prompt, and would have to
    read anew what they had cached. None: by schema on a server of one's own, else `opening`."""
    stops: bool = False
    """Whether the server stops writing when nobody listens any more, as llama.cpp and vLLM do:
    replies are then streamed, and one that takes too long costs what had come of it by then."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "without", frozenset(self.without))
        if self.parallel_tool_calls not in (None, True, False):
            text = f"parallel_tool_calls={self.parallel_tool_calls!r}"
            raise UsageError(f"a dialect has no {text}: write true or false")
        if self.stops not in (True, False):
            raise UsageError(f"a dialect has no stops={self.stops!r}: write true or false")
        for name, value, known in (
            ("limit", self.limit, _LIMITS),
            ("system", self.system, ("system", "developer", "user")),
            ("streaming", self.streaming, ("asked", "always", "never")),
            ("structured", self.structured, (None, *get_args(Structured))),
            *(("without", field, DISPENSABLE) for field in sorted(self.without)),
        ):
            if value not in known:
                words = ", ".join(filter(None, known))
                raise UsageError(f"a dialect has no {name}={value!r}: write one of {words}")

    def __str__(self) -> str:
        plain = Dialect()
        names = ("limit", "system", "streaming", "parallel_tool_calls", "structured", "stops")
        parts = [
            f"{name}={value}"
            for name in names
            if (value := getattr(self, name)) != getattr(plain, name)
        ]
        if self.without:
            parts.append(f"without={','.join(sorted(self.without))}")
        return "&".join(parts) or "plain"


def learned(
    dialect: Dialect,
    status: int,
    error: ErrorBody,
    *,
    sent: Collection[str],
    refused: Collection[Dialect] = (),
) -> Dialect | None:
    """Returns the dialect that the words of a refusal ask for, None where they ask for none.

    Args:
        dialect: what the refused request was written in.
        sent: the names of its fields.
        refused: dialects that the server did not take either.
    """
    if status not in (400, 422, 501) or is_too_long(error):
        return None
    text = _ECHO.sub("", error.text)
    wanted = dialect
    if (other := _other_limit(dialect, error, text)) is not None:
        wanted = replace(wanted, limit=other)
    fields = {field for field in DISPENSABLE if field in sent and _is_refused(field, error, text)}
    wanted = replace(wanted, without=wanted.without | fields)
    if "stream" in sent and dialect.streaming != "never" and _NO_STREAM.search(text):
        wanted = replace(wanted, streaming="never")
    elif "stream" not in sent and _ONLY_STREAM.search(text):
        wanted = replace(wanted, streaming="always")
    if "response_format" in sent and _is_form_refused(error, text):
        wanted = replace(wanted, structured=_looser(dialect, text))
    for role in _other_roles(dialect, text):
        candidate = replace(wanted, system=role)
        if candidate not in refused:
            wanted = candidate
            break
    return None if wanted == dialect or wanted in refused else wanted


def limit_of(is_openai: bool, model: str) -> LimitField:
    """Returns how a server calls the limit on output as far as is known beforehand: OpenAI
    renamed it for newer models."""
    return "max_tokens" if not is_openai or _TAKES_MAX_TOKENS.match(model) else _LIMITS[1]


_TAKES_MAX_TOKENS = re.compile(r"(ft:)?(gpt-3\.5|gpt-4|chatgpt)")
_ECHO = re.compile(r"(['\"]input['\"]:|\binput_value=).*", re.S)
"""From where on pydantic repeats the request, whose words are nobody's complaint."""
_UNSUPPORTED = re.compile(
    r"unsupported|not (be )?(supported|permitted|allowed|recognized|available|implemented|valid)"
    r"|(does|do|did)(n't| not) support|unknown|unrecogni[sz]ed|unexpected|extra(neous)? "
    r"|cannot find field|no such (field|parameter)|deprecated|only the default|only 1 is allowed"
    r"|cannot both be|invalid (argument|parameter|field)|must be (omitted|unset|removed)"
    r"|不支持",
    re.I,
)
_UNSUPPORTED_CODES = frozenset(
    (
        "unsupported_parameter", "unsupported_value", "unknown_parameter", "extra_forbidden",
        "unrecognized_parameter", "UnsupportedParamsError",
    )
)  # fmt: skip
_ONE_SAMPLE = re.compile(
    r"['\"`]n['\"`]|\bn\s*(>|=|must be|should be|is not)|(only|exactly) one completion|"
    r"(multiple|several|more than one) (completions?|choices|samples)|best_of",
    re.I,
)
_NO_STREAM = re.compile(
    r"['\"`]?\bstream['\"`]?.{0,12}(does not support|not supported|unsupported|is not)"
    r"|streaming .{0,30}not (yet )?(allowed|supported|available)|verified to stream"
    r"|(not|n't) support stream",
    re.I,
)
_ONLY_STREAM = re.compile(
    r"only supports? stream|stream(ing)? (mode )?(is required|must be)|enable the stream"
    r"|stream must be (set to )?true|requires? (\w+ )?stream",
    re.I,
)
_SYSTEM_REFUSED = re.compile(
    r"system[ _'\"`]*(role|message|prompt|instruction)s?['\"`]* .{0,20}"
    r"(not|n't|unsupported|must be at the beg)"
    r"|role[s'\"`]*:? ['\"`]?system['\"`]?.{0,30}(not|n't|unsupported|invalid)"
    r"|(support|unexpected|unknown|invalid)\w*( message)?( role| value)?:? ?['\"`]system"
    r"|['\"`]system['\"`] (role|is|does) .{0,20}not|developer instruction is not"
    r"|only user(,| and) .{0,20}roles|roles must alternate",
    re.I,
)
_DEVELOPER_REFUSED = re.compile(
    r"['\"`]?developer['\"`]? (role )?(is not|not|does)|"
    r"(support|unexpected|unknown|invalid)\w*( message)?( role| value)?:? ?['\"`]?developer"
    r"|role[s'\"`]*:? ['\"`]?developer['\"`]?.{0,30}(not|n't|unsupported|invalid)",
    re.I,
)
_WANTS_DEVELOPER = re.compile(
    r"(use|instead|supported values|values are|expected|one of).{0,80}\bdeveloper\b", re.I | re.S
)
_NO_FORM = re.compile(
    r"response[_ ]?format|json[_ ]?schema|json[_ ]object|json mode|response[_ ]mime"
    r"|structured.outputs?|\bguided|grammar|generate json|parser for this template",
    re.I,
)
_NO_FORM_CODES = frozenset(("json_validate_failed", "json_schema_validation_failed"))
_NO_FORM_AT_ALL = re.compile(
    r"\btools?\b|function.call|grammar|template|generate json|json mode|mime|json_object"
    r"|(unsupported|unknown|unrecognized|unexpected|extra)[\w ]* (parameter|field|argument|input)"
    r"|extra inputs|response_format['\"`]? (parameter |field )?is (not|un)"
    r"|not support ['\"`]?response_format",
    re.I,
)
"""Words for a server that takes no other form either, with tools or at all."""


def _other_limit(dialect: Dialect, error: ErrorBody, text: str) -> LimitField | None:
    other = next(field for field in _LIMITS if field != dialect.limit)
    if re.search(rf"\buse ['\"`]?{other}\b|['\"`]?{other}['\"`]? (instead|is required)", text):
        return other
    named = {param for param in error.params if param in _LIMITS}
    if named:
        is_refused = dialect.limit in named and _says_unsupported(error, text)
    else:
        is_refused = bool(_named(dialect.limit, text) and _says_unsupported(error, text))
        is_refused = is_refused and not re.search(r"too (large|big|high)|at most", text, re.I)
    return other if is_refused else None


def _is_refused(field: str, error: ErrorBody, text: str) -> bool:
    named = {param for param in error.params if param in DISPENSABLE or param in _LIMITS}
    field = "tool_choice" if field == "required" else field
    if field == "n":
        return "n" in named or (not named and bool(_ONE_SAMPLE.search(text)))
    if f"'$.{field}' is invalid" in text and field in ("tool_choice", "stream_options"):
        return True
    if not _says_unsupported(error, text):
        return False
    return field in named if named else bool(_named(field, text))


def _is_form_refused(error: ErrorBody, text: str) -> bool:
    return bool(error.codes & _NO_FORM_CODES or _NO_FORM.search(text)) or any(
        param.startswith("response_format") for param in error.params
    )


def _looser(dialect: Dialect, text: str) -> Structured:
    """Returns what is left to ask for where a form was refused."""
    by_schema = dialect.structured in (None, "schema", "opening")
    return "object" if by_schema and not _NO_FORM_AT_ALL.search(text) else "text"


def _named(field: str, text: str) -> re.Match[str] | None:
    return re.search(rf"(?<![\w.-]){field}(?![\w-])", text)


def _says_unsupported(error: ErrorBody, text: str) -> bool:
    return bool(error.codes & _UNSUPPORTED_CODES or _UNSUPPORTED.search(text))


def _other_roles(dialect: Dialect, text: str) -> Iterator[SystemRole]:
    if dialect.system == "system" and _SYSTEM_REFUSED.search(text):
        if _WANTS_DEVELOPER.search(text):
            yield "developer"
        yield "user"
    elif dialect.system == "developer" and _DEVELOPER_REFUSED.search(text):
        yield "system"
        yield "user"
