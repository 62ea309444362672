"""The report of an experiment as one HTML file: no scripts, nothing fetched, light and dark."""

from .document import render_page
from .runs import ReportDetails, ReportStep

__all__ = ["ReportDetails", "ReportStep", "render_page"]
