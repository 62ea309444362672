"""From what a person types to a policy."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..ledger.errors import UsageError
from ..ledger.prices.price_book import is_built_in
from ..ledger.registry import Registry
from .endpoint.dialect import Dialect
from .endpoint.endpoint import Endpoint, address
from .human import HumanPolicy
from .policy import Policy
from .rate_limits import rate_limited
from .replay import ReplayPolicy
from .router import Router, split
from .scripted import ScriptedPolicy, by_turn, read_script

_DIALECT = ("limit", "system", "streaming", "without", "parallel_tool_calls", "structured", "stops")
"""What a model string can say of its server's dialect."""


@dataclass(frozen=True, kw_only=True)
class PolicyKind:
    """What the registry finds under the first word of a model string."""

    forms: tuple[str, ...]
    """How such a model is written."""
    make: Callable[..., Policy | None]
    """From the model string and options to the policy; None where it is not written like that.
    Raises TypeError where an option does not belong to it."""


def _hosted(spec: str, **options: Any) -> Policy | None:
    hosted = re.fullmatch(r"openai[/:](\S+)", spec)
    if hosted is None:
        return None
    model, named = _asides(hosted[1])
    return Endpoint(model, **{"name": f"openai/{model}", **named, **options})


def _server(spec: str, **options: Any) -> Policy | None:
    url, _, model = spec.partition("#")
    if not re.match(r"https?://", url):
        return None
    model, named = _asides(model)
    if not model:
        raise UsageError(f"the model {spec!r} lacks its name: write ADDRESS#MODEL")
    name = f"{address(url)}/{model}"
    if is_built_in(name):
        port = 443 if url.startswith("https") else 80
        name = f"{address(url)}:{port}/{model}"
    return Endpoint(model, **{"base_url": url, "name": name, **named, **options})


def _asides(model: str) -> tuple[str, dict[str, Any]]:
    """Returns a model's name without what stands behind it, and that as options of an endpoint:
    `?tokenizer=NAME` and the parts of its dialect, `?system=user&without=seed,n`."""
    name, asks, query = model.rpartition("?")
    parts = [part.partition("=") for part in query.split("&")]
    if not asks or not all(key in ("tokenizer", *_DIALECT) for key, _, _ in parts):
        return model, {}
    options: dict[str, Any] = {}
    dialect: dict[str, Any] = {}
    for key, _, value in parts:
        if key == "tokenizer":
            options[key] = value
        elif key == "without":
            dialect[key] = frozenset(value.split(","))
        elif key in ("parallel_tool_calls", "stops"):
            dialect[key] = {"true": True, "false": False}.get(value, value)
        else:
            dialect[key] = value
    if dialect:
        options["dialect"] = Dialect(**dialect)
    return name, options


def _human(spec: str, **options: Any) -> Policy | None:
    return HumanPolicy(**options) if spec == "human" else None


def _scripted(spec: str, **options: Any) -> Policy | None:
    file = spec.removeprefix("scripted:")
    return (
        ScriptedPolicy(by_turn(read_script(Path(file))), **options)
        if file != spec and file
        else None
    )


def _replay(spec: str, **options: Any) -> Policy | None:
    record = re.fullmatch(r"replay:([^#]+)(?:#(.*))?", spec)
    return (
        None if record is None else ReplayPolicy.read(Path(record[1]), record[2] or "", **options)
    )


def _router(spec: str, **options: Any) -> Policy | None:
    if not spec.startswith("router:"):
        return None
    models, worth = split(spec.removeprefix("router:"))
    return Router([policy(model, **options) for model in models], worth=worth)


OPENAI = PolicyKind(forms=("openai/MODEL", "openai:MODEL"), make=_hosted)
HTTP = PolicyKind(
    forms=("http://HOST:PORT/v1#MODEL", "http://HOST:PORT/v1#MODEL?tokenizer=NAME"), make=_server
)
HTTPS = PolicyKind(forms=("https://HOST/v1#MODEL",), make=_server)
HUMAN = PolicyKind(forms=("human",), make=_human)
SCRIPTED = PolicyKind(forms=("scripted:FILE.json",), make=_scripted)
REPLAY = PolicyKind(forms=("replay:JOURNAL.jsonl#RUN",), make=_replay)
ROUTER = PolicyKind(forms=("router:CHEAP,DEAR",), make=_router)

_BUILT_IN = ("openai", "http", "https", "human", "scripted", "replay", "router")
_PACKAGES = {
    "anthropic": "outlay.policies.anthropic.kind:ANTHROPIC",
    "gguf": "outlay.policies.gguf.kind:GGUF",
    "google": "outlay.policies.gemini.kind:GOOGLE",
    "langchain": "outlay.policies.langchain.kind:LANGCHAIN",
    "openai-responses": "outlay.policies.responses.kind:OPENAI_RESPONSES",
}
POLICIES: Registry[PolicyKind] = Registry(
    "policy", "policies", {name: f"{__name__}:{name.upper()}" for name in _BUILT_IN} | _PACKAGES
)
"""By the first word of a model string, up to `:` or `/`."""


def _rate_in(spec: str) -> tuple[str, str]:
    """Returns a model string without its rate (`?rpm=60&tpm=100k`), and that; a router's models
    have rates of their own."""
    head, asks, query = spec.rpartition("?")
    if not asks or spec.startswith("router:"):
        return spec, ""
    parts = query.split("&")
    rate = [part for part in parts if re.match(r"(rpm|tpm|at_once)=", part)]
    others = "&".join(part for part in parts if part not in rate)
    return f"{head}?{others}" if others else head, ",".join(rate)


def policy_forms() -> tuple[str, ...]:
    """Returns all that `policy` accepts."""
    return tuple(form for name in POLICIES.names() for form in POLICIES.find(name).forms)


def policy(spec: str, **options: Any) -> Policy:
    """Returns the policy that `spec` names.

    Args:
        spec: one of `policy_forms()`, with what the server allows in a minute and at once behind
            it where that is to be kept: `openai/gpt-5-mini?rpm=60&tpm=100k&at_once=8`.
        options: passed on, e.g. `timeout`, `max_output`, and for servers those of `Endpoint`.

    Raises:
        UsageError: the form is unknown, or an option does not belong to it.
    """
    spec, rate = _rate_in(spec.strip())
    if rate:
        return rate_limited(policy(spec, **options), rate)
    name = re.split("[:/]", spec, maxsplit=1)[0]
    if name in POLICIES.names():
        try:
            found = POLICIES.find(name).make(spec, **options)
        except TypeError as exc:
            raise UsageError(f"the model {spec!r} does not take these options: {exc}") from exc
        if found is not None:
            return found
    raise UsageError(f"unknown model {spec!r}: use one of {', '.join(policy_forms())}")
