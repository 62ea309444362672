"""What is kept between runs: subroutines, and tallies of what tools cost; a file in the home.

Everything in it can be learned again from the journals: the file spares reading them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from ....journal.private_files import private_file, private_folder
from ....ledger.errors import JournalError, UsageError
from ..estimates import ToolEstimates, ToolTally
from ..trace import SubtaskTrace
from .mining import mine
from .subroutine import Subroutine

FORMAT = 1
SUBROUTINES_FILE = "subroutines.json"
"""Its name in the home folder."""


@dataclass(frozen=True, kw_only=True)
class SubroutineLibrary:
    """Subroutines and tallies."""

    subroutines: tuple[Subroutine, ...] = ()
    tallies: tuple[ToolTally, ...] = ()
    subtasks: int = 0
    """Recorded subtasks that this was learned from."""

    @classmethod
    def load(cls, path: Path) -> SubroutineLibrary:
        """Reads the file; where there is none, nothing is learned yet.

        Raises:
            UsageError: it is no such file, or one of another format.
        """
        try:
            return cls.from_dict(orjson.loads(path.read_bytes()))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{path} cannot be read as subroutines ({_first(error)}): remove it, "
                "`outlay subroutines mine` makes it anew"
            ) from error

    def save(self, path: Path) -> None:
        """Writes the file; whoever reads it meanwhile sees the old one or the new one.

        Raises:
            JournalError: it cannot be written.
        """
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        try:
            private_folder(path.parent)
            with private_file(partial) as file:
                file.write(orjson.dumps(self.to_dict(), option=orjson.OPT_INDENT_2))
            partial.replace(path)
        except OSError as error:
            with suppress(OSError):
                partial.unlink()
            raise JournalError(f"{path} cannot be written: {error.strerror}") from error

    @classmethod
    def from_dict(cls, data: Any) -> SubroutineLibrary:
        """Returns what `to_dict` has given.

        Raises:
            ValueError: it is something else.
        """
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        return _LEARNED.validate_python({k: v for k, v in data.items() if k != "format"})

    def to_dict(self) -> dict[str, Any]:
        """Returns the JSON form."""
        return {"format": FORMAT, **_LEARNED.dump_python(self, mode="json")}

    def updated(self, traces: Iterable[SubtaskTrace]) -> SubroutineLibrary:
        """Returns what all recorded traces teach, given what is known already."""
        recorded = list(traces)
        estimates = ToolEstimates()
        for trace in recorded:
            estimates = estimates.plus(trace.steps, trace.material)
        return SubroutineLibrary(
            subroutines=mine(recorded, self.subroutines),
            tallies=tuple(tally for _, tally in sorted(estimates.tallies.items())),
            subtasks=len(recorded),
        )

    def without(self, name: str) -> SubroutineLibrary:
        """Returns the same with a subroutine marked as deleted, so that it is not mined again.

        Raises:
            UsageError: there is none of this name.
        """
        known = {
            subroutine.name: subroutine
            for subroutine in self.subroutines
            if subroutine.state != "deleted"
        }
        if name not in known:
            listed = f"known are {', '.join(known)}" if known else "there are none"
            raise UsageError(f"no subroutine is called {name!r}: {listed}")
        return replace(
            self,
            subroutines=tuple(
                replace(subroutine, state="deleted") if subroutine.name == name else subroutine
                for subroutine in self.subroutines
            ),
        )

    def best(self, want: str, have: Iterable[str], material: str) -> Subroutine | None:
        """Returns the best subroutine for a subtask, if there is one.

        One for the very material goes before one for any.
        """
        at_hand = tuple(have)
        fitting = [
            subroutine
            for subroutine in self.subroutines
            if subroutine.fits(want, at_hand, material)
        ]
        return min(
            fitting, key=lambda s: (s.material is None, s.score, s.name), default=None
        )  # fmt: skip


_LEARNED = TypeAdapter(SubroutineLibrary)


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
    return str(error)
