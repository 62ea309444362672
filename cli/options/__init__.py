"""The options that verbs share: one name, one variable and one meaning everywhere.

A capital name is an option as it stands; a small one makes it with the help of a verb.
"""

from .budget import budget, total_budget
from .home import Experiment, Home, Prices, RunId, Trust, experiment
from .output import Json, JsonFile, Plain
from .planning import Memory, Planner, Planners, memory, planner
from .policy import (
    MaxOutput,
    Model,
    Stream,
    System,
    Temperature,
    Timeout,
    ToolProtocolName,
    model,
)
from .suite import Concurrency, Data, Knobs, Repeats, Seed, Strict, seed, suite, tasks
from .tools import Docs, Mcp, McpEnv, McpHeader, Tools, Yes

__all__ = [
    "Concurrency",
    "Data",
    "Docs",
    "Experiment",
    "Home",
    "Json",
    "JsonFile",
    "Knobs",
    "MaxOutput",
    "Mcp",
    "McpEnv",
    "McpHeader",
    "Memory",
    "Model",
    "Plain",
    "Planner",
    "Planners",
    "Prices",
    "Repeats",
    "RunId",
    "Seed",
    "Stream",
    "Strict",
    "System",
    "Temperature",
    "Timeout",
    "ToolProtocolName",
    "Tools",
    "Trust",
    "Yes",
    "budget",
    "experiment",
    "memory",
    "model",
    "planner",
    "seed",
    "suite",
    "tasks",
    "total_budget",
]
