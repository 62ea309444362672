"""A folder of answers, each in a file of its own, that processes may share."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import orjson

from ...journal.private_files import private_file, private_folder
from ..outputs import Outputs

Answer = tuple[str, str | None]
"""What the policy saw, and the ref of the whole where that was cut."""


class AnswerFolder:
    """Answers by key; the oldest go where there are more than fit.

    Args:
        folder: where they lie.
        most: bytes above which the oldest are removed.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self._grown = most  # so that what earlier processes left is counted first

    def get(self, key: str) -> Answer | None:
        try:
            known = orjson.loads(self._place(key).read_bytes())
            text, ref = known["text"], known["ref"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return (text, ref) if isinstance(text, str) and isinstance(ref, str | None) else None

    def keep(self, key: str, answer: Answer, outputs: Outputs) -> None:
        """Keeps an answer, with the whole of what was cut of it.

        Raises:
            OSError: the disk does not take it.
            ToolError: the whole is not among the outputs.
        """
        text, ref = answer
        private_folder(self._folder)
        if ref is not None:
            whole = outputs.get(ref, length=None)
            self._write(self._whole(key), whole.encode(errors="replace"))
        self._write(self._place(key), orjson.dumps({"text": text, "ref": ref}))
        self._make_room()

    def bring_back(self, key: str, outputs: Outputs) -> None:
        """An answer may come from another home: what was cut of it can be read on here too."""
        with contextlib.suppress(OSError):
            outputs.put(self._whole(key).read_text(encoding="utf-8"))

    def _place(self, key: str) -> Path:
        return self._folder / key

    def _whole(self, key: str) -> Path:
        return self._folder / f"{key}.whole"

    def _write(self, place: Path, data: bytes) -> None:
        partial = place.with_name(f"{place.name}.{os.getpid()}.part")
        try:
            with private_file(partial) as file:
                file.write(data)
            partial.replace(place)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        self._grown += len(data)

    def _make_room(self) -> None:
        """Removes the oldest answers; looks at the folder only once it has grown by a tenth."""
        if self._grown * 10 < self._most:
            return
        files = [file for file in self._folder.iterdir() if file.is_file()]
        sizes = [(file.stat().st_mtime, file.stat().st_size, file) for file in files]
        held = sum(size for _, size, _ in sizes)
        for _, size, file in sorted(sizes):
            if held <= self._most:
                break
            file.unlink(missing_ok=True)
            held -= size
        self._grown = 0
