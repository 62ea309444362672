"""SIGTERM and SIGHUP end a command as Ctrl-C does: what is under way is cancelled and booked."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGTERM", "SIGHUP")


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """Has the signals act as Ctrl-C meanwhile. One that is ignored (nohup) stays ignored."""
    known = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    taken = [number for number in known if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):  # a shell's background jobs ignore SIGINT
        raise KeyboardInterrupt
    handler(signal.SIGINT, frame)
