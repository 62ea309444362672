"""A policy that says again what a recorded run said: the same decisions, other tools or limits."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import orjson

from ..journal.events import Event
from ..journal.record.recorded_calls import ended_calls
from ..journal.records import Message, Reply, Request
from ..ledger.errors import CallRefused, UsageError
from ..ledger.usage import Usage


class ReplayPolicy:
    """Gives the recorded reply of the turn that a request is at. It costs nothing.

    Which turn that is follows from how often the policy has spoken in the request, so one Replay
    serves any number of runs. To repeat a whole run from its record, use `Agent.replay`.

    Args:
        replies: what the policy said, turn by turn.
        name: how prices and reports name it.
    """

    max_output = 4096
    timeout = 60.0

    def __init__(self, replies: Iterable[Message], *, name: str = "replay") -> None:
        self.name = name
        self._replies = tuple(replies)

    @classmethod
    def of(cls, events: Iterable[Event]) -> ReplayPolicy:
        """Takes the replies from the events of one run."""
        return cls(call.reply.message for call in ended_calls(events) if call.reply is not None)

    @classmethod
    def read(cls, journal: Path, run: str = "", *, name: str = "replay") -> ReplayPolicy:
        """Takes the replies of a run from a journal file; of its only run if none is named.

        Raises:
            UsageError: the file cannot be read, or does not say which run is meant.
        """
        try:
            lines = [orjson.loads(line) for line in journal.read_bytes().splitlines(keepends=False)]
        except (OSError, ValueError) as error:
            raise UsageError(f"the journal {journal} cannot be replayed: {error}") from error
        runs = dict.fromkeys(line["run"] for line in lines if line["kind"] == "run_started")
        wanted = run or (next(iter(runs)) if len(runs) == 1 else "")
        if wanted not in runs:
            known = ", ".join(runs) or "none"
            raise UsageError(f"name one run of {journal} as replay:FILE#RUN; it has {known}")
        events = (Event.from_dict(line) for line in lines if line["run"] == wanted)
        return cls(cls.of(events)._replies, name=name)

    async def reply(self, request: Request) -> Reply:
        turn = sum(message.role == "assistant" for message in request.messages)
        if turn >= len(self._replies):
            raise CallRefused(f"the recorded run has no reply after its {len(self._replies)} turns")
        return Reply(self._replies[turn], Usage(), model=self.name)

    async def close(self) -> None:
        """Does nothing: there are no connections."""
