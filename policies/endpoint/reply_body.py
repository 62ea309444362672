"""Reads the body of a response as what it is, events or JSON, whichever was asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...journal.records import Reply
from . import stated_costs, wire
from .stream import SseParser, StreamedReply

_BOM = b"\xef\xbb\xbf"
_JSON = (b"{", b"[", b'"')
_ENVELOPES = ("response", "result", "data", "body", "output", "completion")


@dataclass
class ReplyBody:
    """The body of a response, taken as it comes in.

    Attributes:
        assembly: what the pieces of a streamed reply are put together in.
        streams: a stream was asked for.
        headers: those of the response.
    """

    assembly: StreamedReply
    streams: bool
    headers: Mapping[str, str] = field(default_factory=dict)
    _is_json: bool | None = None
    _start: bytes = b""
    _pieces: list[bytes] = field(default_factory=list)
    _events: SseParser = field(default_factory=SseParser)

    def begin(self, headers: Mapping[str, str]) -> None:
        """Takes the headers of the response."""
        self.headers = headers
        self.assembly.stated = headers.get(stated_costs.HEADER)

    def feed(self, chunk: bytes) -> None:
        """Takes the next bytes.

        Raises:
            wire.UnreadableReply: the server reports an error in them.
        """
        if self._is_json is None:
            chunk = self._start = (self._start + chunk).removeprefix(_BOM).lstrip()
            if _BOM.startswith(chunk):
                return
            self._is_json = chunk.startswith(_JSON)
        if self._is_json:
            self._pieces.append(chunk)
        else:
            self._take(self._events.feed(chunk))

    def end(self) -> Reply:
        """Returns the reply in the whole body.

        Raises:
            wire.UnreadableReply: there is none, or the server reports an error.
        """
        if self._is_json:
            chunks = _objects(b"".join(self._pieces))
            if len(chunks) == 1 or wire.is_completion(chunks[0]):
                return self._whole(chunks[0])
            for chunk in chunks:
                self.assembly.take(chunk)
        else:
            self._take(self._events.end())
        if self.assembly.is_whole:
            return self.assembly.reply()
        if self.streams:
            raise wire.UnreadableReply("the stream was cut before its end")
        raise wire.not_json(self._start)

    def _whole(self, data: Mapping[str, Any]) -> Reply:
        assembly = self.assembly
        reply = wire.reply(
            data, assembly.tokenizer, assembly.server,
            most_output=assembly.most_output, stated=assembly.stated,
        )  # fmt: skip
        if assembly.spoken is not None and reply.message.content:
            assembly.spoken.add(reply.message.content)
            assembly.spoken.end()
        return reply

    def _take(self, events: Iterable[bytes]) -> None:
        for event in events:
            self.assembly.add(event)


def _objects(raw: bytes) -> list[Mapping[str, Any]]:
    """Returns the objects of a body: one, or the pieces of a stream, in a list or end to end.

    Raises:
        wire.UnreadableReply: it has none.
    """
    try:
        data = wire.loads(raw)
        if isinstance(data, str):
            data = wire.loads(data.encode())
        values = data if isinstance(data, list) else [data]
    except wire.UnreadableReply:
        values = list(_end_to_end(raw.decode("utf-8", "replace")))
        if not values:
            raise
    found = [_unwrapped(value) for value in values if isinstance(value, Mapping)]
    if not found:
        raise wire.UnreadableReply("the reply has no JSON object in it")
    return found


def _end_to_end(text: str) -> Iterator[Any]:
    """Yields the JSON values of a text one after the other, up to what is none."""
    decoder, rest = json.JSONDecoder(), text.lstrip()
    while rest:
        try:
            _, end = decoder.raw_decode(rest)
        except (ValueError, RecursionError):
            return
        yield wire.loads(rest[:end].encode("utf-8", "replace"))
        rest = rest[end:].lstrip()


def _unwrapped(data: Mapping[str, Any]) -> Mapping[str, Any]:
    if "choices" not in data and not data.get("error"):
        for name in _ENVELOPES:
            inner = data.get(name)
            if isinstance(inner, Mapping) and "choices" in inner:
                return inner
    return data
