"""Prompts as files. They are added, never edited: a recorded run goes on with what it was told.

`NAME.md` is the newest version of a prompt, `NAME@N.md` an older one; the first line of each is
`version: N`. To change a prompt, rename `NAME.md` to `NAME@N.md` and write a new `NAME.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from importlib.resources.abc import Traversable
from typing import Any

from ..ledger.errors import UsageError

PromptVersions = Mapping[str, int]
"""Versions of prompts by name, as a run's record has them."""

_recorded: ContextVar[PromptVersions | None] = ContextVar("recorded prompt versions", default=None)


@dataclass(frozen=True)
class Prompt:
    """One version of a prompt."""

    name: str
    version: int
    text: str

    @property
    def label(self) -> str:
        """How it is recorded, e.g. `compact@1`."""
        return f"{self.name}@{self.version}"


class PromptFiles:
    """The prompts of a folder; each file is read once, when it is asked for.

    Args:
        folder: as `importlib.resources.files` gives it.
    """

    def __init__(self, folder: Traversable) -> None:
        self._folder = folder
        self._read: dict[str, Prompt] = {}

    def prompt(self, name: str, version: int | None = None) -> Prompt:
        """Returns a prompt.

        Args:
            version: None is the version of the run at hand (`prompt_versions`): the one that its
                record names, or else the oldest; outside of recorded runs, the newest.

        Raises:
            UsageError: there is no such prompt or version.
        """
        recorded = _recorded.get()
        if version is None and recorded is not None:
            version = recorded.get(name) or next(iter(self._numbers.get(name, [])), None)
        newest = self._file(name, name)
        if version is None or version == newest.version:
            return newest
        older = self._numbers.get(name, [])
        if version not in older:
            has = ", ".join(map(str, (*older, newest.version)))
            raise UsageError(f"the prompt {name!r} has no version {version}: it has {has}")
        return self._file(name, f"{name}@{version}")

    def changed(self) -> dict[str, int]:
        """Returns the newest version of each prompt that has older ones, by name."""
        return {name: self._file(name, name).version for name in self._numbers}

    def _file(self, name: str, stem: str) -> Prompt:
        if stem not in self._read:
            try:
                text = self._folder.joinpath(f"{stem}.md").read_text("utf-8")
            except FileNotFoundError:
                raise UsageError(f"there is no prompt {name!r} in {self._folder}") from None
            first, _, rest = text.partition("\n")
            self._read[stem] = Prompt(name, int(first.removeprefix("version:")), rest.strip())
        return self._read[stem]

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        """The older versions of each prompt that has any, the oldest first."""
        stems = (file.name.removesuffix(".md").partition("@") for file in self._folder.iterdir())
        older: dict[str, list[int]] = {}
        for name, _, number in stems:
            if number:
                older.setdefault(name, []).append(int(number))
        return {name: sorted(numbers) for name, numbers in older.items()}


@contextmanager
def prompt_versions(versions: PromptVersions | None) -> Iterator[None]:
    """Gives prompts in these versions while it is open; None: the newest ones.

    It holds for the task that opens it and the tasks that this one starts.
    """
    before = _recorded.get()
    _recorded.set(versions)
    try:
        yield
    finally:
        _recorded.set(before)


def versions_of(agent: Mapping[str, Any]) -> PromptVersions:
    """Returns the versions that a run's record names, from the description of its agent."""
    labels = ",".join(agent.get("prompts", {}).values())
    named = (label.partition("@") for label in labels.split(",") if label)
    return {**agent.get("other_prompts", {}), **{name: int(n) for name, _, n in named}}
