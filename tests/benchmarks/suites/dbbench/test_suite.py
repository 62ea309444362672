"""The suite: gold, baselines, what the agent sees, and bad data."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from outlay.benchmarks.suites.data_files import table
from outlay.benchmarks.suites.dbbench import DbBench, Table, dbbench
from outlay.benchmarks.suites.records import read_records
from outlay.ledger.errors import ToolError, UsageError

ROOT = Path(__file__).parents[4]
DATA = Path(os.environ.get("OUTLAY_DATA") or ROOT.parent / "shared" / "data") / "dbbench"
CITIES = {
    "table_name": "Big Cities",
    "table_info": {
        "columns": [{"name": "City", "type": "TEXT"}, {"name": "People", "type": "INT"}],
        "rows": [["Rome", "2,800"], ["Oslo", 700]],
    },
}
COUNT = {
    "description": "How many people has Oslo?",
    "add_description": "The name of this table is Big Cities.",
    "label": ["700.0"],
    "type": ["counting"],
    "table": CITIES,
    "sql": {"query": "SELECT 1"},
}
EDIT = {
    **COUNT,
    "description": "Set Oslo to 701.",
    "label": ["UPDATE `Big Cities` SET People = 701 WHERE City = 'Oslo'"],
    "type": ["UPDATE"],
    "answer_md5": "[('x',)]",
}


def made(folder: Path, *records: Any) -> DbBench:
    lines = "\n".join(json.dumps(record) for record in records)
    (folder / "dev.jsonl").write_text(lines, encoding="utf-8")
    return dbbench(data=folder)


def test_gold_scores_and_doing_nothing_does_not(tmp_path: Path) -> None:
    suite = made(tmp_path, COUNT, EDIT)
    for task in suite.tasks(2, seed=0):
        world = suite.world(task)
        assert world.score(None) == 0
        assert world.score(suite.solve(task, world)) == 1


@pytest.mark.parametrize(
    ("answer", "score"),
    [("Answer: 700", 1), ("It is 700.\nAnswer: 700", 1), ('["700"]', 1), ("701", 0), ("", 0)],
)
def test_an_answer_in_words_counts_where_none_was_committed(
    tmp_path: Path, answer: str, score: float
) -> None:
    suite = made(tmp_path, COUNT)
    world = suite.world(suite.tasks(1, seed=0)[0])
    assert world.score(answer) == score
    world.act("commit_final_answer", '{"answers": ["702"]}')
    assert world.score(answer) == 0


def test_an_edit_is_judged_by_the_table_however_it_was_made(tmp_path: Path) -> None:
    suite = made(tmp_path, EDIT)
    world = suite.world(suite.tasks(1, seed=0)[0])
    world.act("execute_sql", json.dumps({"query": "DELETE FROM `Big Cities` WHERE City = 'Oslo'"}))
    assert world.score("done") == 0
    world.act("execute_sql", json.dumps({"query": "INSERT INTO `Big Cities` VALUES ('Oslo', 701)"}))
    assert world.score(None) == 1


def test_after_the_commit_nothing_more_can_be_done(tmp_path: Path) -> None:
    suite = made(tmp_path, EDIT)
    world = suite.world(suite.tasks(1, seed=0)[0])
    with pytest.raises(ToolError, match="have to be a list"):
        world.act("commit_final_answer", '{"answers": "700"}')
    world.act("commit_final_answer", '{"answers": []}')
    with pytest.raises(ToolError, match="is committed"):
        world.act("execute_sql", '{"query": "SELECT 1"}')


def test_what_the_agent_sees_does_not_depend_on_the_gold(tmp_path: Path) -> None:
    def seen(suite: DbBench) -> list[Any]:
        tasks = suite.tasks(1, seed=0)
        return [(t.prompt, [x.spec for x in suite.world(t).tools()]) for t in tasks]

    other = {**COUNT, "label": ["Zzyzx"], "sql": {"query": "SELECT 'Zzyzx'"}}
    assert seen(made(tmp_path, COUNT)) == seen(made(tmp_path, other))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"label": []}, "line 2: field 'label' is empty"),
        ({"type": "INSERT"}, "line 2: field 'type' must be a list"),
        ({"description": ""}, "line 2: field 'description' must be text"),
        ({"table": {"table_name": "x"}}, "line 2: field 'table' describes no table"),
        ({"label": ["UPDATE nothing SET a = 1"]}, "line 2: field 'label' cannot be run"),
    ],
)
def test_bad_records_are_left_out_by_name_or_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, changed: Any, told: str
) -> None:
    suite = made(tmp_path, COUNT, {**EDIT, **changed})
    assert len(suite.records) == 1
    assert told in caplog.text
    suite = dbbench(data=str(tmp_path), strict=True)
    with pytest.raises(UsageError, match=re.escape(told)):
        len(suite)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no data of DB-Bench in {DATA}")
def test_the_published_data_are_solved_by_their_gold_and_have_the_official_hashes() -> None:
    suite = dbbench(data=DATA)
    solved, nothing = 0.0, 0.0
    for task in suite.tasks(len(suite), seed=0):
        world = suite.world(task)
        nothing += world.score(None)
        solved += world.score(suite.solve(task, world))
    assert (solved, nothing, len(suite)) == (60, 0, 60)
    edits = [r for r in read_records(DATA / "dev.jsonl", suite="") if "answer_md5" in r.fields]
    for record in edits:
        gold = Table(table(record, "table"))
        gold.execute(record.items("label")[0])
        assert gold.digest() in record.text("answer_md5"), record.where
    assert len(edits) == 40
