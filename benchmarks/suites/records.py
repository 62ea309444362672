"""Files of records as they are published: JSON Lines, a JSON array, CSV, TSV or Parquet, read
strictly.

Whatever is wrong with a file is told in one sentence that names the file, the line and the field.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

from ...ledger.errors import UsageError

Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""From a record's fields to changed ones."""

_BLANK = " \t\r\n"


@dataclass(frozen=True)
class DatasetRecord:
    """One record of a file."""

    where: str
    """The file and the line on which the record begins."""
    line: int
    fields: Mapping[str, Any]

    def text(self, *names: str) -> str:
        """Returns the text of the first of these fields that the record has.

        Raises:
            UsageError: it has none of them, or what it has is no text or an empty one.
        """
        name = next((name for name in names if name in self.fields), names[0])
        return self.checked(name, self._present(name))

    def flag(self, name: str) -> bool:
        """Returns true or false.

        Raises:
            UsageError: the field is missing or something else.
        """
        value = self._present(name)
        if not isinstance(value, bool):
            raise self.wrong(name, "must be true or false")
        return value

    def items(self, name: str) -> list[Any]:
        """Returns a list.

        Raises:
            UsageError: the field is missing or no list.
        """
        value = self._present(name)
        if not isinstance(value, list):
            raise self.wrong(name, "must be a list")
        return value

    def checked(self, name: str, value: Any) -> str:
        """Returns a value of a field that has to be text.

        Raises:
            UsageError: it is no text, an empty one, or one that UTF-8 cannot express.
        """
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(name, "must be text that is not empty")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise self.wrong(name, "holds half of a surrogate pair") from error
        return value

    def wrong(self, name: str, what: str) -> UsageError:
        """Returns the error that says what is wrong with a field."""
        return UsageError(f"{self.where}: field {name!r} {what}")

    def changed(self, change: Change) -> DatasetRecord:
        return replace(self, fields=change(self.fields))

    def _present(self, name: str) -> Any:
        if name not in self.fields:
            held = ", ".join(list(self.fields)[:12]) or "none"
            raise self.wrong(name, f"is missing (fields: {held})")
        if self.fields[name] is None:
            raise self.wrong(name, "is missing (null)")
        return self.fields[name]


def read_records(path: Path | str, *, suite: str) -> tuple[DatasetRecord, ...]:
    """Reads all records of a file: `.csv` and `.tsv` with a header, `.parquet`, else JSON Lines or
    an array.

    Raises:
        UsageError: no file is given, it cannot be read or is empty, or a line makes no sense.
    """
    if not str(path):
        raise UsageError(f"{suite} needs its data: give --data FILE as it is published")
    path = Path(path)
    kind = path.suffix.lower()
    if kind == ".parquet":
        numbered, place = _parquet(path), "row"
    else:
        numbered, place = _TABLES.get(kind, _json)(path, _text(path)), "line"
    records = tuple(
        DatasetRecord(f"{path}, {place} {number}", number, fields) for number, fields in numbered
    )
    if not records:
        raise UsageError(f"{path} holds no record: give the file as it is published")
    return records


def _parquet(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import duckdb

    with duckdb.connect() as database:
        try:
            rows = database.execute(
                "select to_json(row)::varchar from read_parquet(?) row", [str(path)]
            ).fetchall()
        except duckdb.Error as error:
            said = str(error).partition("\n")[0]
            raise UsageError(f"cannot read {path} as Parquet: {said}") from error
    for number, (text,) in enumerate(rows, start=1):
        yield number, json.loads(text)


def _text(path: Path) -> str:
    if path.is_dir():
        held = ", ".join(sorted(file.name for file in path.iterdir() if file.is_file())[:8])
        raise UsageError(f"{path} is a folder: give one file of it ({held or 'it holds none'})")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}, line {line}: it is not UTF-8: convert the file") from error


def _json(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    values = _array(path, text) if text.lstrip(_BLANK).startswith("[") else _lines(path, text)
    for line, value in values:
        if not isinstance(value, dict):
            raise UsageError(f"{path}, line {line}: not a JSON object: one per record is needed")
        yield line, value


def _lines(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    for line, part in enumerate(text.split("\n"), start=1):
        if part.strip(_BLANK):
            try:
                yield line, json.loads(part)
            except (ValueError, RecursionError) as error:
                raise _broken(path, line, error) from error


def _array(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    """Yields the elements of a JSON array with the lines on which they begin."""
    decoder = json.JSONDecoder()
    place = _skipped(text, text.index("[") + 1)
    counted, line = 0, 1
    more = not text.startswith("]", place)
    while more:
        line += text.count("\n", counted, place)
        counted = place
        try:
            value, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            at = error.lineno if isinstance(error, json.JSONDecodeError) else line
            raise _broken(path, at, error) from error
        yield line, value
        place = _skipped(text, end)
        more = text.startswith(",", place)
        place = _skipped(text, place + 1) if more else place
    if not text.startswith("]", place) or text[place + 1 :].strip(_BLANK):
        last = text.count("\n", 0, place) + 1
        raise UsageError(f"{path}, line {last}: the JSON array does not end here as it should")


def _skipped(text: str, place: int) -> int:
    while place < len(text) and text[place] in _BLANK:
        place += 1
    return place


def _table(path: Path, text: str, *, between: str) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(StringIO(text, newline=""), strict=True, delimiter=between)
    before = 1
    try:
        for row in reader:
            begins, before = before + 1, reader.line_num
            if None in row or None in row.values():
                raise UsageError(f"{path}, line {begins}: not as many columns as the header has")
            yield begins, dict(row)
    except csv.Error as error:
        raise UsageError(f"{path}, line {before + 1}: broken CSV ({error})") from error


_TABLES = {".csv": partial(_table, between=","), ".tsv": partial(_table, between="\t")}


def _broken(path: Path, line: int, error: Exception) -> UsageError:
    why = error.msg if isinstance(error, json.JSONDecodeError) else "too deep or too long"
    return UsageError(f"{path}, line {line}: broken JSON ({why}): is the file cut off?")
