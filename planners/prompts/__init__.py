"""The prompts of planners, as files: see `journal/prompt_files.py`."""

from __future__ import annotations

from importlib.resources import files

from ...journal.prompt_files import Prompt, PromptFiles

FILES = PromptFiles(files(__package__))


def prompt(name: str, version: int | None = None) -> Prompt:
    """Returns a prompt of a planner, in the version of the run at hand unless one is given.

    Raises:
        UsageError: there is no such prompt or version.
    """
    return FILES.prompt(name, version)
