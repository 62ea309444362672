"""From what a person types to a policy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..ledger.errors import UsageError
from .endpoint import Endpoint, address
from .human import Human
from .inprocess import embedded_policy
from .policy import Policy
from .replay import Replay
from .router import Router, split
from .scripted import Scripted, by_turn, read_script

FORMS = (
    "openai/MODEL",
    "openai:MODEL",
    "http://HOST:PORT/v1#MODEL",
    "https://HOST/v1#MODEL",
    "http://HOST:PORT/v1#MODEL?tokenizer=NAME",
    "embedded",
    "embedded:tiny",
    "embedded:FILE.npz",
    "human",
    "scripted:FILE.json",
    "replay:JOURNAL.jsonl#RUN",
    "router:CHEAP,DEAR",
)
"""What `policy` accepts."""


def policy(spec: str, **options: Any) -> Policy:
    """Returns the policy that `spec` names.

    Args:
        spec: one of `FORMS`.
        options: passed on, e.g. `timeout`, `max_output`, and for servers those of `Endpoint`.

    Raises:
        UsageError: the form is unknown, or an option does not belong to it.
    """
    try:
        return _policy(spec.strip(), options)
    except TypeError as exc:
        raise UsageError(f"the model {spec!r} does not take these options: {exc}") from exc


def _policy(spec: str, options: dict[str, Any]) -> Policy:
    if hosted := re.fullmatch(r"openai[/:](\S+)", spec):
        return Endpoint(hosted[1], **{"name": f"openai/{hosted[1]}", **options})
    if re.match(r"https?://", spec):
        return _server(spec, options)
    if spec in ("embedded", "embedded/almanac-reader"):
        return embedded_policy(**options)
    if weights := re.fullmatch(r"embedded:(tiny|.+\.npz)", spec):
        return _tiny(weights[1], options)
    if spec == "human":
        return Human(**options)
    if script := re.fullmatch(r"scripted:(.+)", spec):
        return Scripted(by_turn(read_script(Path(script[1]))), **options)
    if record := re.fullmatch(r"replay:([^#]+)(?:#(.*))?", spec):
        return Replay.read(Path(record[1]), record[2] or "", **options)
    if routed := re.fullmatch(r"router:(.*)", spec):
        models, worth = split(routed[1])
        return Router([policy(model, **options) for model in models], worth=worth)
    raise UsageError(f"unknown model {spec!r}: use one of {', '.join(FORMS)}")


def _tiny(weights: str, options: dict[str, Any]) -> Policy:
    from .embedded.tiny.policy import tiny_policy

    file = Path(weights)
    options = {"name": f"embedded/{file.stem}", **options}
    return tiny_policy(None if weights == "tiny" else file, **options)


def _server(spec: str, options: dict[str, Any]) -> Policy:
    url, _, model = spec.partition("#")
    model, _, tokenizer = model.partition("?tokenizer=")
    if tokenizer:
        options = {"tokenizer": tokenizer, **options}
    if not model:
        raise UsageError(f"the model {spec!r} lacks its name: write ADDRESS#MODEL")
    return Endpoint(model, **{"base_url": url, "name": f"{address(url)}/{model}", **options})
