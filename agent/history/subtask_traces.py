"""The subtasks that are recorded in a home."""

from __future__ import annotations

import orjson

from ...journal.events import Event
from ...planners.toolpath import SubtaskTrace, traces
from ..home import Home

_TRACES = """
select body from events
where kind = 'value' and json_exists(body, '$.value.toolpath')
order by t, run, seq
"""


def recorded_traces(home: Home) -> list[SubtaskTrace]:
    """Returns what came of every subtask that runs in a home have planned, in order of time."""
    lines = home.store.query(_TRACES).rows
    return list(traces(Event.from_dict(orjson.loads(line)) for (line,) in lines))
