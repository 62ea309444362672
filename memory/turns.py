"""Trajectories as turns, and turns within a limit of tokens.

A turn is a reply with its tool results, or a message to the policy. Views are made of whole
turns, so that no tool call is ever separated from its result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from ..journal.records import Message
from ..ledger.errors import UsageError
from ..ledger.token_bounds import TokenBounds
from .trajectory import Trajectory

HEAD = 2
"""The messages that every view begins with: the system message and the task."""
LEAST_LIMIT = 512
"""The smallest limit: the notes on what is left out have to fit in."""
BLOCKS = 4
"""Turns leave a full view in blocks of this part of its limit, so that its beginning stays the
same for many calls and the provider's prompt cache stays warm."""

_CUT = " [cut]"
_BOUNDS = TokenBounds("")


@dataclass(frozen=True)
class Turn:
    """Messages that stay or go together."""

    start: int
    """Place of its first message in the trajectory."""
    messages: tuple[Message, ...]
    stays: bool = False
    """True if it may be cut, but never be left out."""

    @property
    def is_reply(self) -> bool:
        return self.messages[0].role == "assistant"


def tokens(messages: Iterable[Message]) -> int:
    """Returns the most tokens that messages can have, whatever model reads them.

    Bytes are counted, the bound that holds for every byte-level BPE: in English text a token has
    about four. So a view is the same on every machine.
    """
    found = tuple(messages)
    return _BOUNDS.plain(found) if found else 0


def turns_of(trajectory: Trajectory, start: int = HEAD) -> list[Turn]:
    """Returns the turns from a place of the trajectory on."""
    messages = trajectory.messages
    begins = [
        at for at in range(start, len(messages)) if at == start or messages[at].role != "tool"
    ]
    ends = [*begins[1:], *([len(messages)] if begins else [])]
    return [Turn(at, messages[at:end]) for at, end in zip(begins, ends, strict=True)]


def latest(turns: Sequence[Turn], replies: int = 1) -> int:
    """Returns the place in `turns` where the last so many replies begin."""
    places = [place for place, turn in enumerate(turns) if turn.is_reply]
    return places[-replies] if len(places) >= replies else (places[0] if places else len(turns))


@lru_cache(maxsize=16_384)
def with_content(message: Message, content: str) -> Message:
    """Returns a message with another text: the same one each time, so it is encoded only once."""
    return replace(message, content=content)


def head(trajectory: Trajectory) -> tuple[Message, ...]:
    return trajectory.messages[:HEAD]


def check_limit(name: str, limit: int, cap: int = 0) -> None:
    """Raises UsageError unless the limit is large enough for the cap and the notes."""
    if limit < LEAST_LIMIT or cap < 0 or 2 * cap > limit:
        raise UsageError(
            f"memory {name}: limit is {LEAST_LIMIT} tokens or more, and cap at most half of it"
        )


def fitted(turns: Sequence[Turn], limit: int, trajectory: Trajectory) -> tuple[Message, ...]:
    """Returns the messages of the turns, in at most `limit` tokens.

    The oldest turns are left out first, in blocks, and a note says which. If those that stay are
    still too large, their longest texts are cut.
    """
    sizes = [tokens(turn.messages) for turn in turns]
    if sum(sizes) <= limit:
        return _flat(turns)
    stay = sum(size for turn, size in zip(turns, sizes, strict=True) if turn.stays)
    block = max(limit // BLOCKS, 1)
    room = limit - stay - _note_size(trajectory)
    loose = sum(sizes) - stay
    cut = block * -(-(loose - room) // block)
    kept: list[Turn] = []
    gone: list[Turn] = []
    passed = 0
    for turn, size in zip(turns, sizes, strict=True):
        if not turn.stays:
            (gone if passed < cut else kept).append(turn)
            passed += size
        else:
            kept.append(turn)
    noted = [Turn(gone[0].start, (_note(gone, trajectory),), True), *kept] if gone else kept
    messages = _flat(noted)
    return messages if tokens(messages) <= limit else _shortened(messages, limit)


def _flat(turns: Iterable[Turn]) -> tuple[Message, ...]:
    return tuple(message for turn in turns for message in turn.messages)


def _note(gone: Sequence[Turn], trajectory: Trajectory) -> Message:
    first, last = trajectory.ref(gone[0].start), trajectory.ref(gone[-1].start)
    return Message("user", f"[{first} to {last} are out of view; recall shows what tools told]")


def _note_size(trajectory: Trajectory) -> int:
    end = Turn(len(trajectory), ())
    return tokens([_note((end, end), trajectory)])


def _shortened(messages: Sequence[Message], limit: int) -> tuple[Message, ...]:
    """Returns the messages with their texts cut to one length, the greatest that fits.

    What cannot be cut (arguments of calls) may be too large by itself: then replies leave, from
    the first on, with what came of them.
    """
    least, most = 0, max(len(message.content) for message in messages)
    while least < most:
        middle = (least + most + 1) // 2
        fits = tokens(_cut(message, middle) for message in messages) <= limit
        least, most = (middle, most) if fits else (least, middle - 1)
    made = tuple(_cut(message, least) for message in messages)
    while made and tokens(made) > limit:
        rest = 1 + next((n for n, m in enumerate(made[1:]) if m.role != "tool"), len(made) - 1)
        made = made[rest:]
    return made


def _cut(message: Message, length: int) -> Message:
    if len(message.content) <= length:
        return message
    mark = _CUT if length >= len(_CUT) else ""
    return with_content(message, message.content[: length - len(mark)] + mark)
