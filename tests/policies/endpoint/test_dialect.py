"""Servers' own words for what they do not take, and the dialect that each teaches."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.errors import UsageError
from outlay.policies.endpoint import error_body
from outlay.policies.endpoint.dialect import DISPENSABLE, Dialect, learned

SENT = (
    *sorted({*DISPENSABLE} - {"required"}),
    "max_tokens",
    "model",
    "messages",
    "stream",
    "tools",
)
FORCED = (*sorted({*SENT} - {"tool_choice"}), "required")
FORMED = (*SENT, "response_format")
PLAIN = Dialect()
COMPLETION = Dialect(limit="max_completion_tokens")


def leaving(*fields: str) -> Dialect:
    return Dialect(without=frozenset(fields))


def openai(message: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return {"error": error}


def fastapi(*place: Any, msg: str = "Extra inputs are not permitted") -> dict[str, Any]:
    return {"detail": [{"type": "extra_forbidden", "loc": ["body", *place], "msg": msg}]}


MAX_TOKENS = (
    "Unsupported parameter: 'max_tokens' is not supported with this model. "
    "Use 'max_completion_tokens' instead."
)
NOT_THIS = "Unsupported parameter: '{}' is not supported with this model."
SYSTEM = "Unsupported value: 'messages[0].role' does not support 'system' with this model."


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        pytest.param(
            openai(MAX_TOKENS, "max_tokens", "unsupported_parameter"), COMPLETION, id="openai"
        ),
        pytest.param(
            {"error": {"message": MAX_TOKENS, "code": "invalid_request_body"}}, COMPLETION,
            id="copilot",
        ),
        pytest.param(
            {"error": {"message": "Provider returned error", "code": 400, "metadata": {
                "raw": orjson.dumps(openai(MAX_TOKENS, "max_tokens")).decode()}}},
            COMPLETION, id="openrouter",
        ),
        pytest.param(fastapi("max_tokens"), COMPLETION, id="fastapi"),
        pytest.param(
            openai(NOT_THIS.format("temperature"), "temperature", "unsupported_parameter"),
            leaving("temperature"), id="o3-mini",
        ),
        pytest.param(
            openai("Unsupported value: 'temperature' does not support 0.2 with this model. "
                   "Only the default (1) value is supported.", "temperature", "unsupported_value"),
            leaving("temperature"), id="gpt-5",
        ),
        pytest.param(
            openai("invalid temperature: only 1 is allowed for this model"),
            leaving("temperature"), id="moonshot",
        ),
        pytest.param(
            openai("`temperature` is deprecated for this model."),
            leaving("temperature"), id="anthropic",
        ),
        pytest.param(
            openai("Unrecognized request argument supplied: stream_options. Please contact us "
                   "through an Azure support request"),
            leaving("stream_options"), id="azure",
        ),
        pytest.param(
            openai("Unknown parameter: 'stream_options'.", "stream_options", "unknown_parameter"),
            leaving("stream_options"), id="azure-2",
        ),
        pytest.param(
            {"object": "Error", "message": {"detail": [
                {"type": "extra_forbidden", "loc": ["body", "parallel_tool_calls"],
                 "msg": "Extra inputs are not permitted"},
                {"type": "extra_forbidden", "loc": ["body", "seed"],
                 "msg": "Extra inputs are not permitted"}]}, "type": "invalid_request_error"},
            leaving("parallel_tool_calls", "seed"), id="mistral",
        ),
        pytest.param(
            {"object": "error", "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'seed'), "
             "'msg': 'Extra inputs are not permitted', 'input': {'temperature': 1}}]",
             "type": "BadRequestError", "param": None, "code": 400},
            leaving("seed"), id="vllm",
        ),
        pytest.param(
            openai("azure does not support parameters: ['tool_choice'], for model=gpt-5-chat. To "
                   "drop these, set `litellm.drop_params=True`"),
            leaving("tool_choice"), id="litellm",
        ),
        pytest.param(
            openai("deepseek-reasoner does not support this tool_choice"),
            leaving("tool_choice"), id="deepseek",
        ),
        pytest.param(
            openai("'$.tool_choice' is invalid. Please check the API reference"),
            leaving("tool_choice"), id="azure-3",
        ),
        pytest.param(
            [{"error": {"code": 400, "status": "INVALID_ARGUMENT", "message":
             "Invalid JSON payload received. Unknown name \"seed\": Cannot find field."}}],
            leaving("seed"), id="gemini",
        ),
        pytest.param(
            openai("property 'seed' is unsupported"), leaving("seed"), id="cerebras",
        ),
        pytest.param(openai("'n' : number must be at most 1"), leaving("n"), id="groq"),
        pytest.param(openai("Only one completion choice is allowed"), leaving("n"), id="llama.cpp"),
        pytest.param(openai("best_of must be 1", "n"), leaving("n"), id="by-param"),
        pytest.param(
            openai(SYSTEM, "messages[0].role", "unsupported_value"), Dialect(system="user"),
            id="o1-mini",
        ),
        pytest.param(
            openai("Invalid value: 'system'. Supported values are: 'user' and 'developer'."),
            Dialect(system="developer"), id="developer",
        ),
        pytest.param(openai("System role not supported"), Dialect(system="user"), id="gemma"),
        pytest.param(
            {"error": "Conversation roles must alternate user/assistant/user/assistant/..."},
            Dialect(system="user"), id="template",
        ),
        pytest.param(
            openai("Developer instruction is not enabled for models/gemma-3-27b-it"),
            Dialect(system="user"), id="google-gemma",
        ),
        pytest.param(
            openai("Your organization must be verified to stream this model.", "stream",
                   "unsupported_value"),
            Dialect(streaming="never"), id="unverified",
        ),
    ],
)  # fmt: skip
def test_what_a_refusal_teaches(body: object, wanted: Dialect) -> None:
    error = error_body.read(orjson.dumps(body))
    assert learned(PLAIN, 400, error, sent=SENT) == wanted
    assert learned(PLAIN, 422, error, sent=SENT) == wanted
    assert learned(wanted, 400, error, sent=(), refused={PLAIN}) is None


def test_a_model_that_only_streams() -> None:
    error = error_body.of(openai("This model only support stream mode, please enable the stream"))
    assert learned(PLAIN, 400, error, sent=()) == Dialect(streaming="always")


def test_a_server_that_knows_the_old_names_only() -> None:
    error = error_body.of(openai("Unrecognized request argument supplied: max_completion_tokens"))
    assert learned(COMPLETION, 400, error, sent=SENT) == PLAIN
    error = error_body.of(openai("developer is not one of ['system', 'user'] - 'messages.0.role'"))
    assert learned(Dialect(system="developer"), 400, error, sent=SENT) == PLAIN


@pytest.mark.parametrize(
    "said",
    [
        "Thinking mode does not support this tool_choice",
        "Invalid value for 'tool_choice': 'required' is not supported with this model.",
        "Unsupported parameter: 'tool_choice' is not supported with this model.",
    ],
)
def test_a_call_that_cannot_be_demanded_is_left_to_the_policy(said: str) -> None:
    error = error_body.read(orjson.dumps(openai(said)))
    assert learned(PLAIN, 400, error, sent=FORCED) == leaving("required")


SCHEMA_TYPE = (
    "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this"
)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        pytest.param(openai(f"{SCHEMA_TYPE} model."), "object", id="openai, old model"),
        pytest.param(
            openai("This response_format type is unavailable now"), "object", id="deepseek"
        ),
        pytest.param(
            openai("Failed to deserialize the JSON body into the target type: response_format: "
                   "response_format.type `json_schema` is unavailable now at line 1 column 9"),
            "object", id="deepseek, older",
        ),
        pytest.param(
            openai("Invalid schema for response_format 'Verdict': 'required' is required",
                   "response_format"),
            "object", id="openai, strict",
        ),
        pytest.param(
            openai("response_format` json_object cannot be combined with tool/function calling"),
            "text", id="groq",
        ),
        pytest.param(
            openai("Failed to generate JSON. Please adjust your prompt.", None,
                   "json_validate_failed"),
            "text", id="groq, its own fault",
        ),
        pytest.param(
            openai("Failed to initialize samplers: failed to parse grammar"), "text", id="llama.cpp"
        ),
        pytest.param(
            openai("Unable to generate parser for this template. Automatic parser generation "
                   "failed: JSON schema error at #/properties/a: cannot resolve $ref"),
            "text", id="llama.cpp, schema",
        ),
        pytest.param(
            openai("Function calling with a response mime type: 'application/json' is unsupported"),
            "text", id="gemini",
        ),
        pytest.param(fastapi("response_format"), "text", id="fastapi"),
        pytest.param(
            openai("Unsupported parameter: 'response_format' is not supported with this model.",
                   "response_format", "unsupported_parameter"),
            "text", id="unsupported",
        ),
        pytest.param(openai("Unknown parameter: temperature"), None, id="something else"),
    ],
)  # fmt: skip
def test_a_form_that_is_refused_is_asked_for_otherwise(body: object, wanted: str | None) -> None:
    error = error_body.read(orjson.dumps(body))
    taught = learned(PLAIN, 400, error, sent=FORMED)
    assert taught is not None
    assert taught.structured == wanted
    assert taught.without == (frozenset() if wanted else {"temperature"})


def test_a_refused_form_comes_down_to_text() -> None:
    error = error_body.read(orjson.dumps(openai("This response_format type is unavailable now")))
    again = learned(Dialect(structured="object"), 400, error, sent=FORMED)
    assert again is not None
    assert again.structured == "text"


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens is too large: 32000. This model supports at most 16384 completion tokens",
        "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context "
        "length is 8192 tokens and your request has 50 input tokens",
        "`max_completion_tokens` must be less than or equal to `16384`",
        "Temperature should be in [0.0, 2.0)",
        "Range of max_tokens should be [1, 8192]",
        "This model's maximum context length is 8192 tokens",
        "no such field",
        "Invalid schema for function 'search': temperature must be a number",
        "",
    ],
)
def test_refusals_of_another_kind_teach_nothing(message: str) -> None:
    assert learned(PLAIN, 400, error_body.of(openai(message)), sent=SENT) is None


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_other_statuses_teach_nothing(status: int) -> None:
    assert learned(PLAIN, status, error_body.of(openai(MAX_TOKENS)), sent=SENT) is None


def test_what_was_not_sent_cannot_be_refused() -> None:
    error = error_body.of(openai(NOT_THIS.format("temperature"), "temperature"))
    assert learned(PLAIN, 400, error, sent={"model"}) is None


@given(st.lists(st.sampled_from([MAX_TOKENS, SYSTEM, *map(NOT_THIS.format, SENT)]), max_size=40))
def test_no_dialect_is_learned_twice(messages: list[str]) -> None:
    spoken, refused = PLAIN, set[Dialect]()
    for message in messages:
        error = error_body.of(openai(message))
        sent = {*SENT, spoken.limit} - spoken.without
        wanted = learned(spoken, 400, error, sent=sent, refused=refused)
        if wanted is not None:
            refused.add(spoken)
            assert wanted not in refused
            spoken = wanted
    assert len(refused) <= 13


def test_a_dialect_is_checked() -> None:
    with pytest.raises(UsageError, match="no without='colour'"):
        Dialect(without=frozenset({"colour"}))
    with pytest.raises(UsageError, match="no system='boss'"):
        Dialect(system="boss")  # type: ignore[arg-type]
