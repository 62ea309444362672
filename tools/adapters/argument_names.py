"""Arguments under names that every model provider takes, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LONGEST = 64
_TAKEN_BY_ALL = re.compile(rf"[a-zA-Z0-9_.-]{{1,{LONGEST}}}")
_WORDS = {"<": "_lt", ">": "_gt"}


@dataclass(frozen=True)
class ArgumentNames:
    """The arguments whose own names a provider would refuse, and with them the whole request."""

    own: Mapping[str, str] = field(default_factory=dict)
    """Own name by the one that is shown."""

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> ArgumentNames:
        """Names the arguments of a schema of type `object`."""
        names = [str(name) for name in schema.get("properties") or {}]
        taken = {name for name in names if _TAKEN_BY_ALL.fullmatch(name)}
        own: dict[str, str] = {}
        for name in names:
            if name not in taken:
                shown = _free(_plain(name), taken | own.keys())
                own[shown] = name
        return cls(own)

    def shown(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the schema under the names that are shown; descriptions tell the own ones."""
        if not self.own:
            return dict(schema)
        by_own = {name: shown for shown, name in self.own.items()}
        made = {
            **schema,
            "properties": {
                by_own.get(name, name): _described(member, name) if name in by_own else member
                for name, member in schema["properties"].items()
            },
        }
        if isinstance(schema.get("required"), list):
            made["required"] = [by_own.get(name, name) for name in schema["required"]]
        return made

    def restored(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Returns arguments under their own names."""
        if not self.own:
            return arguments
        return {self.own.get(name, name): value for name, value in arguments.items()}


def _plain(name: str) -> str:
    spelt = "".join(_WORDS.get(character, character) for character in name)
    return re.sub(r"[^a-zA-Z0-9_.-]+", "_", spelt).strip("_")[:LONGEST] or "argument"


def _free(name: str, taken: set[str]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name[: LONGEST - 1 - len(str(number))]}_{number}"
    return candidate


def _described(schema: Any, name: str) -> Any:
    if not isinstance(schema, dict):
        return schema
    return {**schema, "description": f"{name}: {schema.get('description', '')}".rstrip(": ")}
