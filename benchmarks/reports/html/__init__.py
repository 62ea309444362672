"""The report of an experiment as one HTML file: no scripts, nothing fetched, light and dark."""

from .document import render_page
from .runs import Step, Told

__all__ = ["Step", "Told", "render_page"]
