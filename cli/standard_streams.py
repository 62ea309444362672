"""Standard output that outlives its reader: after `| head -1` the work goes on, unread."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, BinaryIO, TextIO, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def outlive_readers() -> None:
    """Has both streams drop what nobody reads any more, and write what cannot be encoded as `?`."""
    sys.stdout, sys.stderr = _outliving(sys.stdout), _outliving(sys.stderr)


def _outliving(stream: TextIO) -> TextIO:
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)  # under `python -u` there is no buffer between
    if not isinstance(stream, io.TextIOWrapper) or type(raw) is not io.FileIO:
        return stream
    stream.flush()
    outlet = _Outlet(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        cast("BinaryIO", outlet if buffer is raw else io.BufferedWriter(outlet)),
        encoding=stream.encoding, errors="replace", line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )  # fmt: skip


class _Outlet(io.FileIO):
    """A file that takes everything once its reader has left."""

    def write(self, data: ReadableBuffer) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(memoryview(data).cast("B"))
