"""Judges what an order has led to: the right product, made today, and good enough."""

from __future__ import annotations

from ...suite import Task
from .physics import Day


class ProductScorer:
    """1 for a true handle of what was ordered last, of the ordered quality; else 0."""

    def score(self, task: Task, answer: str | None) -> float:
        quality = self.quality(task, answer)
        return float(quality is not None and quality >= task.metadata["floor"])

    def quality(self, task: Task, answer: str | None) -> float | None:
        """Returns the quality of the product that an answer names, or None: it names none."""
        if not answer or not answer.strip():
            return None
        line = answer.strip().splitlines()[-1]
        handle = line.rpartition("Answer:")[2].strip(" .`*'\"")
        day = Day(task.metadata["day"], task.metadata["material"])
        return day.quality(task.metadata["want"], handle)
