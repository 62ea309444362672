"""A store as pages in a browser: runs as they go, trajectories, experiments, spend."""

from .app import create_app
from .trajectory import Gauge, Moment, Told, Trajectory

__all__ = ["Gauge", "Moment", "Told", "Trajectory", "create_app"]
