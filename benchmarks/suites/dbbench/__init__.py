"""DB-Bench of AgentBench: questions about tables and edits of them, in SQL."""

from .answers import same_answers
from .suite import DbBench, DbBenchWorld, dbbench
from .table import Table

__all__ = ["DbBench", "DbBenchWorld", "Table", "dbbench", "same_answers"]
