"""References of an OpenAPI document: to its own parts, and to files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ....ledger.errors import ToolError, UsageError
from .source import from_file

_LONGEST_CHAIN = 50
_MOST_FILES = 5_000
_SUFFIXES = (".json", ".yaml", ".yml")


class References:
    """What references lead to.

    A document in a file may be split: references to JSON and YAML files in its folder and below
    are followed; hidden ones, and all that lies elsewhere, are not its to read.

    Args:
        content: the document.
        file: where it lies, or None: references lead to its own parts only.
    """

    def __init__(self, content: Mapping[str, Any], file: Path | None) -> None:
        self._main = file.resolve() if file is not None else None
        self._contents: dict[Path | None, Any] = {self._main: content}

    @property
    def home(self) -> Path | None:
        """The file of the document itself."""
        return self._main

    def target(self, ref: str, home: Path | None) -> tuple[Any, Path | None]:
        """Returns what a reference points to, and the file that this lies in.

        Raises:
            ToolError: it points to nothing, or out of what may be read.
        """
        address, _, pointer = ref.partition("#")
        file = self._file(address, ref, home) if address else home
        found = self._contents[file]
        for key in pointer.split("/")[1:]:
            key = unquote(key).replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            elif isinstance(found, dict) and key in found:
                found = found[key]
            else:
                raise ToolError(f"the reference {ref[:200]!r} points to nothing")
        if pointer and not pointer.startswith("/"):
            raise ToolError(f"the reference {ref[:200]!r} points to nothing")
        return found, file

    def followed(self, part: Any, home: Path | None) -> tuple[dict[str, Any], Path | None]:
        """Returns a part that is no reference; what stands beside references goes before.

        Raises:
            ToolError: a reference leads nowhere, in a circle, or to no object.
        """
        beside: dict[str, Any] = {}
        for _ in range(_LONGEST_CHAIN):
            if not isinstance(part, dict):
                raise ToolError(f"a part of it is no object: {str(part)[:100]!r}")
            ref = part.get("$ref")
            if not isinstance(ref, str):
                return {**part, **beside}, home
            beside = {**{key: part[key] for key in part if key != "$ref"}, **beside}
            part, home = self.target(ref, home)
        raise ToolError("its references lead in a circle")

    def _file(self, address: str, ref: str, home: Path | None) -> Path:
        if self._main is None or home is None or "//" in address:
            raise ToolError(
                f"the reference {ref[:200]!r} leads out of the document: bundle it first"
            )
        file = (home.parent / unquote(address)).resolve()
        if file in self._contents:
            return file
        folder = self._main.parent
        within = file.is_relative_to(folder) and not any(
            part.startswith(".") for part in file.relative_to(folder).parts
        )
        if not within or file.suffix not in _SUFFIXES or len(self._contents) > _MOST_FILES:
            raise ToolError(
                f"the reference {ref[:200]!r} leads out of the document's folder: bundle it first"
            )
        try:
            self._contents[file] = from_file(file)
        except UsageError as exc:
            raise ToolError(f"the reference {ref[:200]!r} leads nowhere: {exc}") from exc
        return file
