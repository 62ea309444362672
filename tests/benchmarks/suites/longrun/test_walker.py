"""The long tasks, and the rule-following policy that walks them under every memory."""

from __future__ import annotations

import pytest

from outlay.benchmarks.evidence.longrun import run
from outlay.benchmarks.suites.almanac.grammar import read_statements
from outlay.benchmarks.suites.longrun import Longrun, longrun
from outlay.ledger.errors import UsageError

SMALL = ("full", "window:outputs=1", "workspace", "summary:limit=4000:times=99",
         "curated:limit=3000", "state:turns=1")  # fmt: skip


def test_a_chain_leads_from_document_to_document_to_its_end() -> None:
    suite = longrun(length=40)
    for task in suite.tasks(6, 1):
        world, at, seen = suite.world(task), suite.world(task).people[0], []
        while at:
            seen.append(at)
            told = {s.relation: s.object for s in read_statements(world.open(at))}
            at = told.get("mentor", "")
        assert seen == world.people
        assert len(set(seen)) == 40
        assert suite.scorer.score(task, f"So it is.\nAnswer: {task.gold[0]}") == 1
        assert suite.scorer.score(task, "Answer: Nobody") == 0
        assert suite.scorer.score(task, None) == 0


def test_tasks_are_the_same_in_every_process_and_of_all_kinds() -> None:
    tasks = longrun().tasks(6, 7)
    assert tasks == longrun().tasks(6, 7)
    assert tasks[:3] == longrun().tasks(3, 7)
    assert [task.kind for task in tasks] == ["end", "all", "back"] * 2


@pytest.mark.parametrize("knobs", [{"length": 1}, {"kinds": ("never",)}, {"size": 3}])
def test_knobs_that_make_no_sense_are_refused(knobs: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="longrun"):
        longrun(**knobs)


@pytest.mark.parametrize("memory", SMALL)
async def test_the_walker_solves_all_kinds_under_every_memory(memory: str) -> None:
    suite = Longrun(length=30, matches=3)
    for task in suite.tasks(3, 2):
        ended = await run(suite, task, memory, at=(30,))
        assert ended.success, task.kind
        assert ended.points[0].calls == 30


async def test_one_who_forgets_loses_what_is_in_the_notes_only() -> None:
    suite = Longrun(length=60, matches=6, kinds=("all",))
    task = suite.tasks(1, 0)[0]
    assert (await run(suite, task, "full", slip=0.3)).success
    assert not (await run(suite, task, "workspace", slip=0.3)).success
