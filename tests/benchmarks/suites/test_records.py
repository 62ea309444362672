"""Files are read strictly: what is wrong is told by file, line and field, in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.suite import suite
from outlay.benchmarks.suites.records import read_records
from outlay.ledger.errors import UsageError

from .published.samples import GSM8K, HOTPOT, MUSIQUE, STRATEGY, write

FIELDS = st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(), max_size=3)


@given(st.lists(FIELDS, min_size=1, max_size=5), st.sampled_from([None, 1]))
def test_an_array_and_lines_read_alike(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], indent: int | None
) -> None:
    folder = tmp_path_factory.mktemp("data")
    lines = write(folder / "lines.jsonl", *records)
    array = folder / "array.json"
    array.write_text(json.dumps(records, indent=indent), encoding="utf-8")
    read = read_records(lines, suite="x")
    assert [record.fields for record in read] == records
    assert [record.line for record in read] == list(range(1, len(records) + 1))
    assert [record.fields for record in read_records(array, suite="x")] == records


def test_elements_of_an_array_know_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[\n{"a": 1},\n\n{"a":\n2} , {"a": 3}\n]\n')
    assert [record.line for record in read_records(path, suite="x")] == [2, 4, 5]


def test_rows_of_csv_know_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbfinput,target\r\n"two\nlines",x\r\nb,y\r\n')
    records = read_records(path, suite="x")
    assert [(record.line, record.fields["input"]) for record in records] == [
        (2, "two\nlines"),
        (4, "b"),
    ]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.jsonl", b"", "a.jsonl holds no record"),
        ("a.json", b"[]", "a.json holds no record"),
        ("a.csv", b"input,target\n", "a.csv holds no record"),
        ("a.jsonl", b'{"a": 1}\n{"a": ', "a.jsonl, line 2: broken JSON .*cut off"),
        ("a.json", b'[{"a": 1},\n{"a": 2}', "a.json, line 2: the JSON array does not end"),
        ("a.json", b'[{"a": 1},\n{"a": ', "a.json, line 2: broken JSON"),
        ("a.json", b'[{"a": 1}] x', "a.json, line 1: the JSON array does not end"),
        ("a.jsonl", b'{"a": 1}\n[2]\n', "a.jsonl, line 2: not a JSON object"),
        ("a.jsonl", b'{"a": 1}\n{"a": "\xff"}\n', "a.jsonl, line 2: it is not UTF-8"),
        ("a.jsonl", b"[" * 100_000, "a.jsonl, line 1: broken JSON"),
        ("a.csv", b"input,target\nx\n", "a.csv, line 2: not as many columns"),
        ("a.csv", b'input,target\n"x,y\n', "a.csv, line 2: broken CSV"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, name: str, data: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=says) as told:
        read_records(tmp_path / name, suite="x")
    assert "\n" not in str(told.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "held.jsonl", {})
    with pytest.raises(UsageError, match=r"is a folder: give one file of it \(held.jsonl\)"):
        read_records(tmp_path, suite="x")
    with pytest.raises(UsageError, match=r"cannot read .*none\.jsonl"):
        read_records(tmp_path / "none.jsonl", suite="x")
    with pytest.raises(UsageError, match="x needs its data: give --data FILE"):
        read_records("", suite="x")


PARAGRAPHS = MUSIQUE["paragraphs"]
WRONG: list[tuple[str, dict[str, Any], str, Any, str]] = [
    ("hotpotqa", HOTPOT, "answer", None, "field 'answer' is missing"),
    ("hotpotqa", HOTPOT, "answer", " ", "field 'answer' must be text that is not empty"),
    ("hotpotqa", HOTPOT, "question", "\ud800", "field 'question' holds half of a surrogate"),
    ("hotpotqa", HOTPOT, "type", 3, "field 'type' must be text"),
    ("hotpotqa", HOTPOT, "context", [], "field 'context' holds no paragraph"),
    ("hotpotqa", HOTPOT, "context", "x", "field 'context' must be a list"),
    ("hotpotqa", HOTPOT, "context", [["Soral", "x"]], "has no list of sentences under 'Soral'"),
    ("hotpotqa", HOTPOT, "context", [["Soral", [1]]], "has a sentence that is no text"),
    ("hotpotqa", HOTPOT, "context", {"title": []}, "must have the lists 'title' and 'sentences'"),
    ("hotpotqa", HOTPOT, "supporting_facts", [], "field 'supporting_facts' is empty"),
    ("hotpotqa", HOTPOT, "supporting_facts", [["X", 0]], "names 'X', which is not in 'context'"),
    ("hotpotqa", HOTPOT, "supporting_facts", [["Soral", "0"]], "has no sentence number"),
    ("2wikimultihopqa", HOTPOT, "_id", None, "field '_id' is missing"),
    ("musique", MUSIQUE, "answerable", "yes", "field 'answerable' must be true or false"),
    ("musique", MUSIQUE, "answer_aliases", [1], "field 'answer_aliases' must be text"),
    ("musique", MUSIQUE, "question_decomposition", [], "must be a list of steps"),
    ("musique", MUSIQUE, "paragraphs", ["x"], "field 'paragraphs' must be a list of objects"),
    ("musique", MUSIQUE, "paragraphs", PARAGRAPHS[2:], "none with 'is_supporting' true"),
    ("musique", MUSIQUE, "paragraphs", [{"title": "x"}], "'paragraphs.paragraph_text' must be"),
    ("strategyqa", STRATEGY, "answer", "no", "field 'answer' must be true or false"),
    ("strategyqa", STRATEGY, "facts", [], "field 'facts' is empty"),
    ("gsm8k", GSM8K, "answer", "72", "field 'answer' must end with one number after ####"),
    ("dataset", {"input": "x", "target": "y"}, "target", None, "field 'target' must be text"),
    ("dataset", {"input": "x", "target": "y"}, "target", [], "field 'target' is an empty list"),
    ("dataset", {"input": "x", "target": "y"}, "input", [], "field 'input' holds no message"),
    ("dataset", {"input": "x", "target": "y"}, "input", ["x"], "must be text or a list of mess"),
    ("dataset", {"input": "x", "target": "y"}, "choices", ["x"], "must be a list of 2 to 26"),
    ("dataset", {"input": "x", "target": "y"}, "choices", ["x", "y"], "letters of the 2 choices"),
    ("dataset", {"input": "x", "target": "y"}, "metadata", "{", "field 'metadata' is text that"),
    ("dataset", {"input": "x", "target": "y"}, "metadata", [1], "field 'metadata' must be an"),
    ("dataset", {"input": "x", "target": "y"}, "sandbox", "docker", "asks for a machine"),
]


@pytest.mark.parametrize(("name", "record", "field", "value", "says"), WRONG)
def test_a_wrong_field_is_told_with_its_line(
    tmp_path: Path, name: str, record: dict[str, Any], field: str, value: Any, says: str
) -> None:
    path = write(tmp_path / "data.jsonl", {**record, "id": "other"}, {**record, field: value})
    with pytest.raises(UsageError, match=says) as told:
        suite(name, data=path)
    assert str(told.value).startswith(f"{path}, line 2: ")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("hotpotqa", HOTPOT),
        ("musique", MUSIQUE),
        ("strategyqa", STRATEGY),
        ("dataset", {"id": 7, "input": "x", "target": "y"}),
    ],
)
def test_an_id_that_comes_twice_is_refused_with_both_lines(
    tmp_path: Path, name: str, record: dict[str, Any]
) -> None:
    path = write(tmp_path / "data.jsonl", record, record)
    with pytest.raises(UsageError, match=r"line 2: .* on line 1"):
        suite(name, data=path)


def test_a_table_may_have_tabs_between_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "data.tsv"
    path.write_text('input\ttarget\n"a, b"\tc\n', encoding="utf-8")
    (record,) = read_records(path, suite="s")
    assert record.fields == {"input": "a, b", "target": "c"}


def test_a_missing_column_is_told_with_those_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("question,answer\na,b\n", encoding="utf-8")
    (record,) = read_records(path, suite="s")
    with pytest.raises(UsageError, match=r"'input' is missing \(fields: question, answer\)"):
        record.text("input")


def test_parquet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "it's.parquet"
    with duckdb.connect() as database:
        database.execute(
            "create table t as select 'Who?' as question, ['a', 'b'] as options, "
            "{'deep': null, 'n': 3} as meta, 1.5::decimal(9, 2) as price "
            "union all select 'Wo?', [], null, 2"
        )
        quoted = str(path).replace("'", "''")
        database.execute(f"copy t to '{quoted}' (format parquet)")
    first, second = read_records(path, suite="dataset")
    assert first.fields == {
        "question": "Who?", "options": ["a", "b"], "meta": {"deep": None, "n": 3}, "price": 1.5,
    }  # fmt: skip
    assert second.where == f"{path}, row 2"
    with pytest.raises(UsageError, match=f"{second.where}: field 'meta' is missing"):
        second.text("meta")


def test_parquet_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    path.write_bytes(b"PAR1 is not enough")
    for broken in (path, tmp_path / "none.parquet"):
        with pytest.raises(UsageError, match=f"cannot read {broken} as Parquet: "):
            read_records(broken, suite="dataset")
