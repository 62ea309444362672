"""Things that users name and that other packages may add: planners, memories, suites, policies."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from .errors import UsageError

Named = TypeVar("Named")


class Registry(Generic[Named]):
    """What has a name: our own by their address, that of other packages by entry point.

    Args:
        kind: what is named, for errors: `planner`.
        plural: the same for several; `outlay.PLURAL` is the group of the entry points.
        built_in: addresses, `module:attribute`, by name. A module is imported when its name is
            asked for. No other package can replace one of these.
        hint: what else may be written, for the error about an unknown name.
    """

    def __init__(
        self, kind: str, plural: str, built_in: Mapping[str, str], *, hint: str = ""
    ) -> None:
        self.group = f"outlay.{plural}"
        self._kind = kind
        self._plural = plural
        self._built_in = built_in
        self._hint = hint

    def names(self) -> tuple[str, ...]:
        """Returns all names: ours, then those of other packages."""
        return tuple(self._addresses)

    def module(self, name: str) -> str:
        """Returns the dotted name of the module that has what is named.

        Raises:
            UsageError: there is no such name.
        """
        return self._address(name).partition(":")[0]

    def find(self, name: str) -> Named:
        """Returns what has that name.

        Raises:
            UsageError: there is no such name, or another package's module lacks what it offers.
        """
        module, _, attribute = self._address(name).partition(":")
        try:
            found: Named = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            if name in self._built_in:
                raise
            raise UsageError(
                f"the {self._kind} {name!r} of another package cannot be loaded from "
                f"{module}:{attribute}: {error}; mend or uninstall that package"
            ) from error
        return found

    def _address(self, name: str) -> str:
        address = self._addresses.get(name)
        if address is None:
            raise UsageError(
                f"no {self._kind} is called {name!r}: the {self._plural} are "
                f"{', '.join(self._addresses)}{self._hint}"
            )
        return address

    @cached_property
    def _addresses(self) -> dict[str, str]:
        offered = {point.name: point.value for point in entry_points(group=self.group)}
        return {**self._built_in, **offered, **self._built_in}
