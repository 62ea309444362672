"""Builds LangChain chat models that try once, and finds how their classes are told of limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ...ledger.errors import UsageError
from ..endpoint.keys import check_key

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_MAX_OUTPUT = (
    "max_tokens", "max_output_tokens", "max_completion_tokens", "max_new_tokens", "num_predict",
    "max_tokens_to_sample",
)  # fmt: skip
"""Names under which classes take the most tokens of a reply."""
_ONE_TRY = {"google_genai": 1}
"""`max_retries` that means a single try, where that is not 0 (there 0 means Google's default)."""
_PACKAGE = re.compile(r"pip install ([\w.-]+)")


def build(provider: str, model: str, timeout: float, options: Mapping[str, Any]) -> BaseChatModel:
    """Returns LangChain's chat model of a provider, its retries off.

    Args:
        provider: one of `init_chat_model`'s, e.g. `bedrock_converse`.
        timeout: seconds, told to classes that have such a field.
        options: further fields of the class.

    Raises:
        UsageError: a package is missing, the provider is unknown, a key is missing, or the class
            does not take an option.
    """
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise UsageError(
            "a langchain: model needs the package langchain: "
            f"pip install 'outlay[langchain]' and {_integration(provider)}"
        ) from error
    try:
        fields = _fields(init_chat_model(model, model_provider=provider, **options))
        unknown = [name for name in options if name not in fields]
        if unknown:
            raise UsageError(f"langchain:{provider}/{model} has no option {unknown[0]!r}")
        most = {"max_retries": _ONE_TRY.get(provider, 0), "timeout": timeout}
        given = {name: value for name, value in most.items() if name in fields} | dict(options)
        return init_chat_model(model, model_provider=provider, **given)
    except ImportError as error:
        named = _PACKAGE.search(str(error))
        package = named[1] if named else _integration(provider)
        raise UsageError(
            f"langchain:{provider}/{model} needs the package {package}: pip install {package}"
        ) from error
    except UsageError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        raise UsageError(f"langchain:{provider}/{model} cannot be made: {said}") from error


def check_single_try(model: BaseChatModel, provider: str) -> None:
    """Raises UsageError where a chat model would try a call again by itself, unseen and unheld."""
    tries = getattr(model, "max_retries", 0)
    if tries != _ONE_TRY.get(provider, 0) and "max_retries" in type(model).model_fields:
        raise UsageError(
            f"{type(model).__name__} would repeat calls by itself (max_retries={tries}): make it "
            f"with max_retries={_ONE_TRY.get(provider, 0)}; outlay tries again under a new hold"
        )


def max_output_field(model: BaseChatModel) -> str:
    """Returns the name of the field that bounds a reply.

    Raises:
        UsageError: there is none that outlay knows.
    """
    fields = type(model).model_fields
    for name in _MAX_OUTPUT:
        if name in fields:
            return name
    raise UsageError(
        f"{type(model).__name__} has no field for the most tokens of a reply that outlay knows, "
        "so its calls cannot be bounded: name it with max_output_field=…"
    )


def thinking_budget(fields: BaseChatModel | Mapping[str, Any]) -> int:
    """Returns the tokens that a chat model, or its fields by name, sets aside for thoughts."""
    known = fields if isinstance(fields, Mapping) else vars(fields)
    thinking = known.get("thinking")
    told = thinking.get("budget_tokens") if isinstance(thinking, Mapping) else None
    budget = told or known.get("thinking_budget")
    return max(budget, 0) if isinstance(budget, int) else 0


def secrets_of(model: BaseChatModel) -> list[str]:
    """Returns the keys that a chat model holds."""
    from pydantic import SecretStr

    values = (getattr(model, name, None) for name in type(model).model_fields)
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


def check_keys(model: BaseChatModel, name: str, key_from: str) -> None:
    """Raises UsageError where a key of the policy `name` is not one, for a line break, say."""
    from pydantic import SecretStr

    for field in type(model).model_fields:
        value = getattr(model, field, None)
        if isinstance(value, SecretStr) and field.endswith("api_key"):
            check_key(value.get_secret_value() or None, name, key_from)


def plain_addresses(model: BaseChatModel) -> list[str]:
    """Returns the addresses of servers that a chat model reaches over plain HTTP."""
    values = (getattr(model, name, None) for name in type(model).model_fields)
    return [value for value in values if isinstance(value, str) and value.startswith("http://")]


def key_source(model: BaseChatModel, provider: str) -> str:
    """Returns the variables that a chat model's key comes from, for a sentence."""
    return " or ".join(sorted(set(model.lc_secrets.values()))) or f"the credentials of {provider}"


def _fields(model: BaseChatModel) -> set[str]:
    fields = type(model).model_fields
    return {*fields, *_strings(field.alias for field in fields.values())}


def _strings(names: Iterable[str | None]) -> list[str]:
    return [name for name in names if name is not None]


def _integration(provider: str) -> str:
    return f"langchain-{provider.partition('_')[0]}"
