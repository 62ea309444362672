"""Names of models and tools that mean the same from any folder."""

from __future__ import annotations

from pathlib import Path

_FILES = ("scripted", "replay", "gguf")
_PLACES = ("files", "list_files", "read_file", "write_file", "edit_file", "shell", "sql")


def absolute(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())


def absolute_model(model: str, folder: Path | None = None) -> str:
    """Returns a model string whose files are absolute.

    Args:
        folder: where relative paths begin; None means the working folder.
    """
    kind, _, rest = model.partition(":")
    if kind == "router":
        return f"router:{','.join(absolute_model(part, folder) for part in rest.split(','))}"
    if kind not in _FILES and not (kind == "embedded" and rest.endswith(".npz")):
        return model
    parts = rest.split("+") if kind == "gguf" else [rest]
    return f"{kind}:{'+'.join(_from(folder, part) for part in parts)}"


def absolute_tool(tool: str, folder: Path | None = None) -> str:
    """Returns the name of a tool with its argument, of which files and folders are absolute."""
    name, _, argument = tool.partition(":")
    if name not in _PLACES or not argument:
        return tool
    parts = argument.split(",") if name == "sql" else [argument]
    return f"{name}:{','.join(_from(folder, part) for part in parts)}"


def _from(folder: Path | None, text: str) -> str:
    return str((folder or Path()).absolute() / text) if text else text
