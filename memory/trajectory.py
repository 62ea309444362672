"""What happened in a run so far, as the policy may be told it."""

from __future__ import annotations

from collections.abc import Sequence

from ..ledger.records import Message


class Trajectory:
    """The messages of one run in order: system and task first, then replies and observations.

    It only grows; `rewind` is for a graph that goes back to an earlier step.
    """

    def __init__(self, opening: Sequence[Message]) -> None:
        self._messages: list[Message] = list(opening)
        self._opening = len(self._messages)

    def append(self, *messages: Message) -> None:
        self._messages.extend(messages)

    def rewind(self, length: int) -> None:
        """Forgets the messages after the first `length`, never the opening ones."""
        del self._messages[max(length, self._opening) :]

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(self._messages)

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def best_answer(self) -> str | None:
        """The last thing that the policy said, or None if it has said nothing yet."""
        said = (m.content for m in reversed(self._messages) if m.role == "assistant" and m.content)
        return next(said, None)
