"""A store as pages in a browser: runs as they go, trajectories, experiments, spend."""

from .app import create_app
from .trajectory import Gauge, RunDetails, RunSpan, Told

__all__ = ["Gauge", "RunDetails", "RunSpan", "Told", "create_app"]
