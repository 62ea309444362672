"""Bad files are refused with the file, the place and the field."""

from __future__ import annotations

from pathlib import Path

import pytest

from outlay.benchmarks.suites.data_files import (
    by_id,
    folder,
    objects,
    read_json,
    read_object,
    read_text,
    read_toml,
    table,
)
from outlay.benchmarks.suites.records import read_records
from outlay.ledger.errors import UsageError


def test_ids_that_come_twice_are_refused_with_both_places(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"id": "a"}\n{"id": "b"}\n{"id": "a"}\n')
    with pytest.raises(UsageError, match=r"x.jsonl, line 3: field 'id' repeats 'a'.*line 1"):
        by_id(read_records(path, suite="x"))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{}", "line 1: field 't' is missing"),
        ('{"t": [1]}', "line 1: field 't' must be an object"),
    ],
)
def test_fields_that_are_no_objects_are_refused(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(line)
    with pytest.raises(UsageError, match=told):
        table(read_records(path, suite="x")[0], "t")


def test_lists_of_something_else_than_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"t": [{}, 1]}')
    with pytest.raises(UsageError, match="line 1: field 't' must be a list of objects"):
        objects(read_records(path, suite="x")[0], "t")


def test_files_that_cannot_be_used_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text('{\n"a": 1')
    with pytest.raises(UsageError, match=r"x, line 2: broken JSON .* cut off"):
        read_json(path)
    path.write_text("[]")
    with pytest.raises(UsageError, match="x: not a JSON object"):
        read_object(path)
    with pytest.raises(UsageError, match="x: broken TOML"):
        read_toml(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="x: it is not UTF-8"):
        read_text(path)
    with pytest.raises(UsageError, match=r"cannot read .*none: No such file"):
        read_text(tmp_path / "none")


def test_a_suite_without_its_folder_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="bfcl needs its data: give --data FOLDER with files"):
        folder("bfcl", "", "files")
    with pytest.raises(UsageError, match="there is no folder"):
        folder("bfcl", tmp_path / "none", "files")
    assert folder("bfcl", str(tmp_path), "files") == tmp_path
