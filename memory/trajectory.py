"""What happened in one attempt of a run so far, as the policy may be told it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ..journal.records import Message, Observation


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A memory's edit: a text that stands for the messages after the task and before `upto`."""

    upto: int
    """Place of the first message that it does not stand for."""
    text: str
    """"" where a summary was asked for and refused: everything stays as it was."""
    replaced: int = 0
    """Tokens of what it stands for, at most."""
    billed: float = 1.0
    """Billed tokens for each token of such a bound."""
    usd: Decimal = Decimal(0)
    """What it cost, as far as a price is known."""


class Trajectory:
    """The messages of an attempt in order: system and task first, then replies and observations.

    It only grows; `rewind` is for a graph that goes back to an earlier step. A message's place in
    it is fixed, so its ref is an id for good.

    Args:
        opening: the messages that it begins with.
        number: which attempt of the run it is, from 0.
    """

    def __init__(self, opening: Sequence[Message], number: int = 0) -> None:
        self._messages: list[Message] = list(opening)
        self._opening = len(self._messages)
        self._number = number
        self._whole: dict[int, str] = {}
        self._edits: list[tuple[int, Summary]] = []

    def append(self, *messages: Message) -> None:
        self._messages.extend(messages)

    def observed(
        self, reply: Message, shown: Sequence[Message], observations: Sequence[Observation]
    ) -> None:
        """Appends a reply and what is shown of its observations; their whole texts are kept."""
        self._messages.append(reply)
        for message, observation in zip(shown, observations, strict=True):
            self._whole[len(self._messages)] = observation.text
            self._messages.append(message)

    def edit(self, summary: Summary) -> None:
        """Appends a memory's edit."""
        self._edits.append((len(self._messages), summary))

    def extended(self, *messages: Message) -> Trajectory:
        """Returns a copy with further messages."""
        copy = Trajectory((*self._messages, *messages), self._number)
        copy._whole, copy._edits = self._whole, list(self._edits)
        return copy

    @property
    def mark(self) -> int:
        """The number of messages and edits: where `rewind` comes back to."""
        return len(self._messages) + len(self._edits)

    def rewind(self, mark: int) -> None:
        """Forgets what came after a mark, never the opening messages."""
        kept = sum(at + place < mark for place, (at, _) in enumerate(self._edits))
        del self._edits[kept:]
        del self._messages[max(mark - kept, self._opening) :]
        self._whole = {at: text for at, text in self._whole.items() if at < len(self._messages)}

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(self._messages)

    @property
    def edits(self) -> tuple[Summary, ...]:
        return tuple(summary for _, summary in self._edits)

    def __len__(self) -> int:
        return len(self._messages)

    def whole(self, place: int) -> str:
        """Returns the text of a message; an observation's as the tool gave it."""
        return self._whole.get(place, self._messages[place].content)

    def ref(self, place: int) -> str:
        """Returns the id of a message, e.g. `r12`; in a later attempt `r2.12`."""
        return f"r{self._number}.{place}" if self._number else f"r{place}"

    @property
    def best_answer(self) -> str | None:
        """The last thing that the policy said, or None if it has said nothing yet."""
        said = (m.content for m in reversed(self._messages) if m.role == "assistant" and m.content)
        return next(said, None)
