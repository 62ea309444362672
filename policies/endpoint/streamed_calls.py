"""Puts the tool calls of a stream together, however the server tells them apart.

OpenAI numbers calls by `index` and writes id and name once. Other servers give every call index 0
or none, leave the ids out, or repeat the name in every piece. So a piece begins a new call where
its id or name is another one, or where the arguments so far are whole and can take no more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from .provider_data import CALL_FIELDS, FUNCTION_FIELDS, gather, joined


@dataclass(eq=False)
class StreamedCall:
    """A call that is being streamed.

    Attributes:
        index: the server's number for it, None where it gives none.
        is_whole: its arguments are a JSON object, which nothing can follow.
        is_named_again: since then its name has come once more.
    """

    index: int | None = None
    id: str = ""
    name: str = ""
    arguments: str = ""
    is_whole: bool = False
    is_named_again: bool = False
    _added: dict[str, list[Any]] = field(default_factory=dict)
    _added_to_function: dict[str, list[Any]] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """Returns the call as if it had come in one piece."""
        further = joined(self._added_to_function)
        function = {**further, "name": self.name, "arguments": self.arguments}
        return {**joined(self._added), "id": self.id, "function": function}

    def begins_another(self, id: str, name: str, text: str, names: Collection[str]) -> bool:
        """Says whether a piece with this number begins another call."""
        if id and self.id and id != self.id:
            return bool(name) or self.is_whole
        if not self.is_whole:
            return name != self.name and name in names and self.name in names
        if name and name != self.name:
            return True
        if not text.strip():
            self.is_named_again |= bool(name)
            return False
        is_repeated = bool(id) and text == self.arguments
        return (bool(name) or self.is_named_again) and not is_repeated

    def extend(
        self, part: Mapping[str, Any], id: str, name: str, text: str, names: Collection[str]
    ) -> None:
        """Takes a piece."""
        self.id = self.id or id
        self.name = _longer_name(self.name, name, names)
        if self.arguments == "{}" and text.startswith("{"):  # what stood for arguments to come
            self.arguments = ""
        if not (self.is_whole and text == self.arguments):
            self.arguments += text
            self.is_whole = _is_object(self.arguments)
        gather(self._added, part, CALL_FIELDS)
        if isinstance(function := part.get("function"), Mapping):
            gather(self._added_to_function, function, FUNCTION_FIELDS)


class StreamedCalls:
    """The calls of one reply.

    Args:
        names: of the tools that can be called: by them a name is told from a piece of one.
    """

    def __init__(self, names: Collection[str] = ()) -> None:
        self._names = names
        self._calls: list[StreamedCall] = []

    def add(self, parts: object) -> None:
        """Takes the `tool_calls` of a delta."""
        named: set[StreamedCall] = set()
        for part in parts if isinstance(parts, list) else ():
            if not isinstance(part, Mapping):
                continue
            function = part.get("function")
            wish = function if isinstance(function, Mapping) else {}
            id, name, text = _string(part.get("id")), _string(wish.get("name")), _written(wish)
            index = part.get("index")
            number = index if isinstance(index, int) else None
            call = self._of(number, id)
            is_another = call is None or (bool(name) and call in named)
            if call is None or is_another or call.begins_another(id, name, text, self._names):
                call = StreamedCall(number, name=call.name if call and not name else "")
                self._calls.append(call)
            call.extend(part, id, name, text, self._names)
            if name:
                named.add(call)

    def in_order(self) -> list[StreamedCall]:
        """Returns the calls by their numbers, and those of one number as they came."""
        numbers = [call.index for call in self._calls]
        if None in numbers:
            return self._calls
        return sorted(self._calls, key=lambda call: call.index or 0)

    def complete(self) -> list[StreamedCall]:
        """Returns those calls that nothing can be added to, and no other call put before."""
        numbers = [call.index for call in self._calls]
        if numbers != list(range(len(numbers))) and set(numbers) not in ({0}, {None}):
            return []
        found: list[StreamedCall] = []
        for call in self._calls:
            is_last = call is self._calls[-1]
            if not call.is_whole or (is_last and call.arguments == "{}"):
                break
            found.append(call)
        return found

    def _of(self, number: int | None, id: str) -> StreamedCall | None:
        """Returns the call that a piece may belong to: the last of its id, else of its number."""
        alike = [call for call in self._calls if call.index == number]
        return next((c for c in reversed(alike) if id and c.id == id), alike[-1] if alike else None)


def _longer_name(name: str, piece: str, names: Collection[str]) -> str:
    """Returns a name with a piece of it, with all of it once more, or with more of it."""
    longer = name + piece
    if name not in names and any(known.startswith(longer) for known in names):
        return longer
    if piece.startswith(name):
        return piece
    return name if name in names or name.startswith(piece) else longer


def _written(function: Mapping[str, Any]) -> str:
    arguments = function.get("arguments")
    if isinstance(arguments, Mapping):
        return orjson.dumps(arguments).decode()
    return _string(arguments)


def _is_object(text: str) -> bool:
    if not text.rstrip().endswith("}"):
        return False
    try:
        return isinstance(orjson.loads(text), dict)
    except ValueError:
        return False


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
