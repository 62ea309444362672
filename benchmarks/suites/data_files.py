"""The files around published records: objects and texts, and records that are joined by an id."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...ledger.errors import UsageError
from .records import DatasetRecord


def table(record: DatasetRecord, name: str) -> dict[str, Any]:
    """Returns a field of a record that has to be an object.

    Raises:
        UsageError: it is missing or something else.
    """
    value = record.fields.get(name)
    if not isinstance(value, dict):
        raise record.wrong(name, "is missing" if value is None else "must be an object")
    return value


def objects(record: DatasetRecord, name: str) -> list[dict[str, Any]]:
    """Returns a field of a record that has to be a list of objects.

    Raises:
        UsageError: it is missing or something else.
    """
    items = record.items(name)
    if not all(isinstance(item, dict) for item in items):
        raise record.wrong(name, "must be a list of objects")
    return items


def by_id(records: Iterable[DatasetRecord], name: str = "id") -> dict[str, DatasetRecord]:
    """Returns the records by a field that has to tell them apart, in their order.

    Raises:
        UsageError: a record lacks the field, or two records share it.
    """
    found: dict[str, DatasetRecord] = {}
    for record in records:
        key = record.text(name)
        if key in found:
            raise record.wrong(name, f"repeats {key!r}, which is already in {found[key].where}")
        found[key] = record
    return found


def folder(suite: str, data: str | Path, needed: str) -> Path:
    """Returns the folder that the knob `data=` of a suite names.

    Raises:
        UsageError: none is named, or there is no such folder.
    """
    if not str(data):
        raise UsageError(f"{suite} needs its data: give --data FOLDER with {needed}")
    path = Path(data)
    if not path.is_dir():
        raise UsageError(f"{suite}: there is no folder {str(path)!r}: give one with {needed}")
    return path


def read_json(path: Path) -> Any:
    """Returns what a JSON file holds.

    Raises:
        UsageError: it cannot be read, or is no JSON.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as exc:
        why = f"broken JSON ({exc.msg}): is the file cut off?"
        raise UsageError(f"{path}, line {exc.lineno}: {why}") from exc


def read_object(path: Path) -> dict[str, Any]:
    """Returns what a file with one JSON object holds.

    Raises:
        UsageError: it cannot be read, or holds something else.
    """
    value = read_json(path)
    if not isinstance(value, dict):
        raise UsageError(f"{path}: not a JSON object: give the file as it is published")
    return value


def read_toml(path: Path) -> dict[str, Any]:
    """Returns what a TOML file holds.

    Raises:
        UsageError: it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as exc:
        raise UsageError(f"{path}: broken TOML ({exc})") from exc


def read_text(path: Path) -> str:
    """Returns a text file.

    Raises:
        UsageError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path}: it is not UTF-8 (byte {exc.start}): convert the file") from exc
    except OSError as exc:
        raise UsageError(f"cannot read {path}: {exc.strerror or exc}") from exc
