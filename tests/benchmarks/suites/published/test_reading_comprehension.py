"""Suites of paragraphs: what the agent meets, what is accepted, and a whole run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent, AgentOptions
from outlay.benchmarks.suite import Suite, metrics, suite
from outlay.benchmarks.suites.published import Paragraph, ParagraphCorpus
from outlay.journal.records import ToolCall
from outlay.ledger.errors import ToolError, UsageError
from outlay.policies import ScriptedPolicy

from .samples import HOTPOT, HOTPOT_YES, MUSIQUE, STRATEGY, published, write

FILES = [
    ("hotpotqa", "hotpotqa/dev_distractor_100.jsonl", 1000),
    ("hotpotqa", "hotpotqa/train_100.jsonl", 994),
    ("2wikimultihopqa", "2wikimultihopqa/train_150.jsonl", 1014),
    ("musique", "musique/dev_80.jsonl", 1401),
    ("strategyqa", "strategyqa/dev_100.jsonl", 268),
]


def shown(suite: Suite, id: str) -> dict[str, Any]:
    """Returns the bare functions of a task's tools."""
    task = next(task for task in suite.tasks(len(suite), seed=0) if task.id == id)  # type: ignore[arg-type]
    return {tool.spec.name: tool.function for tool in suite.world(task).tools()}  # type: ignore[attr-defined]


def test_questions_become_tasks(tmp_path: Path) -> None:
    made = suite("hotpotqa", data=write(tmp_path / "d.jsonl", HOTPOT, HOTPOT_YES))
    tasks = {task.id: task for task in made.tasks(2, seed=0)}
    bridge, comparison = tasks["hotpotqa-h1"], tasks["hotpotqa-h2"]
    assert (bridge.kind, bridge.hops, bridge.gold) == ("bridge", 2, ("Ada Quill",))
    assert (comparison.kind, comparison.hops, comparison.gold) == ("comparison", None, ("yes",))
    assert bridge.prompt == HOTPOT["question"]
    assert bridge.metadata["support"] == ("Soral #1", "Melun #0")


def test_both_published_spellings_are_read_alike(tmp_path: Path) -> None:
    columns = {
        "id": HOTPOT["_id"],
        "context": {
            "title": [title for title, _ in HOTPOT["context"]],
            "sentences": [sentences for _, sentences in HOTPOT["context"]],
        },
        "supporting_facts": {"title": ["Soral", "Melun"], "sent_id": [1, 0]},
    }
    other = {key: HOTPOT[key] for key in ("question", "answer", "type", "level")} | columns
    ours = suite("hotpotqa", data=write(tmp_path / "a.jsonl", HOTPOT))
    theirs = suite("hotpotqa", data=write(tmp_path / "b.jsonl", other))
    assert ours.tasks(1, 0) == theirs.tasks(1, 0)


def test_paragraphs_are_found_and_opened(tmp_path: Path) -> None:
    made = suite("hotpotqa", data=write(tmp_path / "d.jsonl", HOTPOT, HOTPOT_YES))
    tools = shown(made, "hotpotqa-h1")
    assert tools["search"]("who is mayor").startswith("1. [Melun] The mayor of Melun is Ada Quill.")
    assert tools["search"]("zebra") == "Nothing found. Try other words."
    assert tools["open"]("[soral] ") == "[Soral]\n#0 Soral is a river.\n#1 It flows through Melun."
    with pytest.raises(
        ToolError, match="no paragraph named 'Sorel river'; close to it: Tarn, Soral"
    ):
        tools["open"]("Sorel river")


def test_paragraphs_that_share_a_title_are_told_apart_and_repeated_ones_are_there_once() -> None:
    first, second = Paragraph("Melun", ("A town.",)), Paragraph("Melun", ("A cheese.",))
    library = ParagraphCorpus([first, second, Paragraph("Melun", ("A town.",))])
    assert len(library) == 2
    assert (library.name(first), library.name(second)) == ("Melun", "Melun (2)")
    assert library.open("melun (2)") == "[Melun (2)] A cheese."


def test_musique_accepts_aliases_and_counts_steps(tmp_path: Path) -> None:
    made = suite("musique", data=write(tmp_path / "d.jsonl", MUSIQUE))
    (task,) = made.tasks(1, seed=0)
    assert (task.kind, task.hops) == ("2hop", 2)
    assert made.scorer.score(task, "Answer: A Quill") == 1
    found = metrics(made.scorer, task, "Sources: Soral | Melun\nAnswer: Ada Quill")
    assert found["joint_em"] == 1


def test_unanswerable_questions_of_musique_see_their_own_paragraphs_only(tmp_path: Path) -> None:
    gap = {**MUSIQUE, "answerable": False, "paragraphs": MUSIQUE["paragraphs"][2:]}
    made = suite("musique", data=write(tmp_path / "d.jsonl", MUSIQUE, gap))
    tasks = {task.id: task for task in made.tasks(2, seed=0)}
    unanswerable = tasks["musique-2hop__1_2-unanswerable"]
    assert (unanswerable.kind, unanswerable.gold) == ("unanswerable", ("unknown",))
    assert made.scorer.score(unanswerable, "Answer: Ada Quill") == 0
    assert made.scorer.score(tasks["musique-2hop__1_2"], "Answer: unknown") == 0
    assert "mayor" not in shown(made, unanswerable.id)["search"]("mayor Melun Ada Quill")
    assert "mayor" in shown(made, "musique-2hop__1_2")["search"]("mayor Melun Ada Quill")


def test_strategyqa_is_answered_by_yes_or_no(tmp_path: Path) -> None:
    made = suite("strategyqa", data=write(tmp_path / "d.jsonl", STRATEGY))
    (task,) = made.tasks(1, seed=0)
    answers = ("no", "No.", "False", "yes", "no, it could not")
    assert [made.scorer.score(task, f"Answer: {answer}") for answer in answers] == [1, 1, 1, 0, 0]
    assert "two metres" in shown(made, task.id)["search"]("Soral deep")


def test_prices_are_knobs(tmp_path: Path) -> None:
    data = write(tmp_path / "d.jsonl", HOTPOT)
    made = suite("hotpotqa", data=data, search_price=0.002, open_price="0.01")
    world = made.world(made.tasks(1, seed=0)[0])
    assert [str(tool.least_cost) for tool in world.tools()] == ["0.002", "0.01"]
    with pytest.raises(UsageError, match="knob 'open_price' must be USD of 0 or more, not -1"):
        suite("hotpotqa", data=data, open_price=-1)
    with pytest.raises(UsageError, match=r"suite hotpotqa: .*'price'; its knobs are: data, search"):
        suite("hotpotqa", data=data, price=1)


async def test_an_agent_reads_its_way_to_full_marks(tmp_path: Path) -> None:
    made = suite("hotpotqa", data=write(tmp_path / "d.jsonl", HOTPOT, HOTPOT_YES))
    task = next(task for task in made.tasks(2, seed=0) if task.kind == "bridge")
    script = [
        ToolCall("1", "search", '{"query": "river Soral"}'),
        ToolCall("2", "open", '{"name": "Melun"}'),
        "Sources: Soral #1 | Melun #0\nAnswer: Ada Quill",
    ]
    agent = Agent(
        model=ScriptedPolicy(script), tools=made.world(task).tools(), budget="usd=0.01",
        home=tmp_path / "home", options=AgentOptions(system=made.system_prompt),
        prices=_free(tmp_path),
    )  # fmt: skip
    result = await agent.run(task.prompt)
    assert made.scorer.score(task, result.answer) == 1
    assert metrics(made.scorer, task, result.text)["joint_em"] == 1
    assert str(result.spend.usd.normalize()) == "0.004"


def _free(folder: Path) -> Path:
    path = folder / "prices.toml"
    path.write_text("[models.scripted]\ninput = 0\noutput = 0\n")
    return path


@pytest.mark.parametrize(("name", "file", "paragraphs"), FILES)
def test_published_files_are_read_whole(name: str, file: str, paragraphs: int) -> None:
    path = published(file)
    made: Any = suite(name, data=path)
    lines = path.read_text(encoding="utf-8").count("\n")
    assert len(made) == lines
    first, last = (shown(made, made.items[place].id) for place in (0, -1))
    library = first["open"].__closure__[0].cell_contents
    assert len(library) == paragraphs
    assert last["search"]("river bridge") == first["search"]("river bridge")
    wanted = [fact.partition(" #")[0] for task in made.items for fact in task.metadata["support"]]
    assert all(library.open(title) for title in wanted)


@pytest.mark.parametrize("name", ["hotpotqa", "musique", "strategyqa"])
def test_what_the_tools_say_does_not_depend_on_the_gold(tmp_path: Path, name: str) -> None:
    record = {"hotpotqa": HOTPOT, "musique": MUSIQUE, "strategyqa": STRATEGY}[name]
    made: Any = suite(name, data=write(tmp_path / "d.jsonl", record))
    masked = made.masked()
    (task,), (twin,) = made.items, masked.items
    assert task.gold != twin.gold
    said = [
        [
            function(words)
            for function, words in zip(
                shown(each, task.id).values(), ("a river", "Soral"), strict=True
            )
        ]
        for each in (made, masked)
    ]
    assert said[0] == said[1]
