from __future__ import annotations

import pytest

from outlay.journal.events import Event
from outlay.journal.listeners import Listeners

EVENTS = [Event("r", seq, "value") for seq in range(3)]


def test_each_hears_each_event_once() -> None:
    heard: list[int] = []
    hear = lambda event: heard.append(event.seq)  # noqa: E731
    above = Listeners([hear])
    group = Listeners([hear], beside=(above, Listeners(beside=[above])))
    for event in EVENTS:
        group.tell(event)
    assert heard == [0, 1, 2]


def test_who_leaves_hears_no_more() -> None:
    heard: list[int] = []
    group = Listeners()
    leave = group.add(lambda event: heard.append(event.seq))
    group.tell(EVENTS[0])
    leave()
    leave()
    group.tell(EVENTS[1])
    assert heard == [0]


def test_an_error_is_told_once_with_its_name(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[int] = []

    def failing(event: Event) -> None:
        heard.append(event.seq)
        raise ValueError("no")

    group = Listeners([failing, lambda event: heard.append(-event.seq)])
    for event in EVENTS:
        group.tell(event)
    assert heard == [0, 0, 1, -1, 2, -2]
    (record,) = caplog.records
    assert "failing failed at event 0 (value) of run r" in record.getMessage()
