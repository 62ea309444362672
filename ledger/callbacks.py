"""Calls of what users hand over: it hears of money, and can neither lose nor stop any."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def guarded(
    callback: Callable[[T], object], heard: T, report: Callable[[], None]
) -> BaseException | None:
    """Calls a callback.

    Args:
        report: is called while an error of the callback is handled, so that it can be logged.

    Returns what is meant to end the process (`KeyboardInterrupt`, `SystemExit`, …), for the caller
    to raise once all others have heard too; None for any other error.
    """
    try:
        callback(heard)
    except (Exception, asyncio.CancelledError, GeneratorExit):
        report()
    except BaseException as error:
        return error
    return None


def name_of(callback: object) -> str:
    """Returns what a callback is called in its code."""
    return getattr(callback, "__qualname__", type(callback).__qualname__)
