"""From what a person types to a policy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..ledger.errors import UsageError
from .endpoint import Endpoint, address
from .human import Human
from .inprocess import READER, embedded_policy
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
    "embedded:FILE.npz",
    "embedded:reader",
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
    if spec in ("embedded:reader", READER):
        return embedded_policy(**options)
    if embedded := re.fullmatch(r"embedded(?::(.+\.npz)|/tiny)?", spec):
        return _tiny(embedded[1], options)
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


def _tiny(weights: str | None, options: dict[str, Any]) -> Policy:
    from .embedded.tiny.policy import tiny_policy

    if weights is None:
        return tiny_policy(**options)
    file = Path(weights)
    return tiny_policy(file, **{"name": f"embedded/{file.stem}", **options})


def _server(spec: str, options: dict[str, Any]) -> Policy:
    url, _, model = spec.partition("#")
    model, _, tokenizer = model.partition("?tokenizer=")
    if tokenizer:
        options = {"tokenizer": tokenizer, **options}
    if not model:
        raise UsageError(f"the model {spec!r} lacks its name: write ADDRESS#MODEL")
    return Endpoint(model, **{"base_url": url, "name": f"{address(url)}/{model}", **options})
