"""The events of the journal: one JSON object a line, appended and never changed.

Every event has these fields:

| field  | meaning                                                                   |
|--------|---------------------------------------------------------------------------|
| `id`   | `<journal>:<line number>`, unique for ever                                |
| `run`  | the run, or `""` for events of the journal itself                         |
| `seq`  | place in the run, counted from 0 across processes                         |
| `t`    | wall clock, seconds since 1970                                            |
| `at`   | seconds of the run's own time: downtime between a crash and a resume is out |
| `kind` | one of the kinds below                                                    |
| `key`  | the effect's key: `branch/path/step/position/ordinal`, or `""`            |

and, by kind:

| kind          | further fields                                                              |
|---------------|-----------------------------------------------------------------------------|
| `journal`     | first line of a file: `format`, `journal`, `pid`, `host`, `version`         |
| `run_started` | `task`, `task_id`, `experiment`, `parent`, `planner`, `memory`, `model`, `agent` (object: tools, options, prices' sources, `loop`: the version of the loop by which it goes, 1 where it says nothing), `budget` (object), `seed`, `repeat`, and of a forked run `fork`: `{"run", "step", "spent"}`, the step from 0 and what the way up to it had cost; `pruned`: when its texts were emptied, seconds since 1970 |
| `run_resumed` | `mode`, `add` (object), `branch`, `cut` (seq from which records are void)    |
| `hold`        | `hold`, `call` (`model` or `tool`), `name`, `node`, `attempt`, `usd`, `input_tokens`, `output_tokens` (bounds), `price` (source), `factor` (by which the provider's own bills were above that price, where they were), `prompt` (names and versions of what the policy was told), and `request` + `max_tokens` or `arguments` + `call_id` + `calls` (units that it counts as) |
| `settle`      | `hold`, `usd`, `usd_by_class` (by the price; where the provider states what it charges, that is `usd`, and `correction` is its part above or below the price), `input`, `cache_read`, `cache_write`, `cache_write_1h` (may be left out: 0), `output`, `reasoning`, `seconds`, `ok`, `final` (false: it failed and is tried again), and `reply` (with the policy's `reasoning`, where it tells any, and `written_as`, where its calls stood in its text) or `observation` |
| `release`     | `hold`, `why`: the call never left or was refused without a bill            |
| `unknown`     | `hold`, `why`, `observation` (what the policy is told of a tool call): no bill came; the hold stays booked in full                  |
| `overrun`     | `hold`, `resource`, `held`, `billed`: a bill above its hold                 |
| `refused`     | `call`, `name`, `node`, `resource`, `account`, `why`, and `hash` with `input_tokens` (the bound) or `arguments` and `observation` (what the policy is told): no hold could be taken |
| `observed`    | `name`, `arguments`, `observation`: what the policy is told of a tool call that came to no hold: the tool is unknown, the arguments are wrong, or a critic speaks against it |
| `value`       | `value`: a clock reading, a random draw, or numbers shown to the policy     |
| `withdrawn`   | `name`: the tool is used up and no longer offered                           |
| `scored`      | `score`, `success`, `metrics` where it has more to tell: a suite's judgement |
| `run_ended`   | `status`, `answer`, `why`, `reason` (of `planners.state.Reason`)            |
| `text`        | `text`: a piece of a reply that streams in; shown to listeners, never journalled |

An `observation` is `{"call_id", "tool", "text"}`, `error` and `ref` where there are any, and
`notice`, the value of what `text` tells beside what the tool brought (`notices`): what a policy was
told is never worded anew. A line ends with `crc`, the CRC-32 of what stands before it (lines of
older versions do not). USD are decimal strings, tokens and calls integers, unknown is null. A hold
without a `settle` or `release` counts as spent at its full amount. `request` is a delta: `{"base": hold id or null,
"keep": number of leading messages taken from it, "new": [messages], "hash": …, "tools": digest,
"max_tokens": …}`; `codec/message_form.py` tells the form of a message, `request_hash.py` that of a
hash. Where the endpoint tells the tokens, `reply` has `sampled`, a delta too: `{"base": hold id or
null, "keep": number of leading ids of that call's prompt and reply, "prompt": [further ids of this
prompt] or null, "ids": [of the reply], "logprobs": […], "tokenizer": name}`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

FORMAT = 2
"""Version of the journal's format, written in the first line of every file. Format 1 differs in the
form of messages and the hash of requests; both are read."""

JUDGEMENT = -1
"""`seq` of a `scored` event: a judgement is no step of the run."""

Kind = Literal[
    "journal",
    "run_started",
    "run_resumed",
    "hold",
    "settle",
    "release",
    "unknown",
    "overrun",
    "refused",
    "observed",
    "value",
    "withdrawn",
    "scored",
    "run_ended",
    "text",
]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal. `body` holds the fields that depend on `kind`."""

    run: str
    seq: int
    kind: Kind
    key: str = ""
    at: float = 0.0
    body: dict[str, Any] = field(default_factory=dict)
    id: str = ""
    t: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "run": self.run,
            "seq": self.seq,
            "t": self.t,
            "at": self.at,
            "kind": self.kind,
            "key": self.key,
            **self.body,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Event:
        body = {name: value for name, value in data.items() if name != "crc"}
        common = {name: body.pop(name) for name in ("id", "run", "seq", "t", "at", "kind", "key")}
        return cls(**common, body=body)
