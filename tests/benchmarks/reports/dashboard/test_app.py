"""The app: what its pages show, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from outlay.benchmarks.experiments.experiment import ExperimentPlan, run_experiment
from outlay.benchmarks.reports.dashboard import create_app, store_reader
from outlay.cli.render.view_pages import trajectory
from outlay.journal import line
from outlay.journal.file_lock import locked

from .conftest import HOSTILE, LiveJournal

Get = Callable[..., Any]


def test_runs_are_listed_and_followed_while_they_go(book: LiveJournal, get: Get) -> None:
    assert "No runs yet" in get("/").text
    book.run("r1", task="Who is the mayor of Melun?", status=None)
    page = get("/").text
    assert 'class="status running"' in page
    assert 'data-live="yes"' in page
    for shown in ("Who is the mayor of Melun?", 'href="/runs/r1"', "$0.0030 of $0.010", "made"):
        assert shown in page
    book.write("r1", 5, "run_ended", status="answered", answer="Answer: Ada", why="")
    assert 'class="status answered"' in get("/").text


def test_a_run_whose_process_is_gone_was_interrupted(book: LiveJournal, get: Get) -> None:
    book.run("r1", status=None)
    assert 'data-live="yes"' in get("/runs/r1").text
    book.journal.close()
    page = get("/runs/r1").text
    assert 'class="status interrupted"' in page
    assert "data-live" not in page


def test_filters_choose(book: LiveJournal, get: Get) -> None:
    book.run("r1", planner="react", task="One", experiment="almanac-1m7ysdxszsp7mf")
    book.run("r2", planner="bats", task="Two", status="failed")
    for query, chosen in (
        ("planner=bats", "r2"), ("text=ONE", "r1"), ("status=failed", "r2"),
        ("suite=almanac&planner=react", "r1"), ("experiment=almanac-1m7ysdxszsp7mf", "r1"),
    ):  # fmt: skip
        page = get(f"/?{query}").text
        assert [run for run in ("r1", "r2") if f'href="/runs/{run}"' in page] == [chosen]
    assert "No run is like that" in get("/?memory=none").text


def test_a_trajectory_has_its_calls_and_the_budget_after_each(book: LiveJournal, get: Get) -> None:
    book.run("r1", seen="long " * 400)
    book.run("r2", parent="r1")
    page = get("/runs/r1").text
    for shown in (
        "→ search", "It is Ada.", "$0.002000", "100 + 10", "took <b>0.5 s</b>",
        "USD: $0.002000 used · $0.008000 left", "USD: $0.003000 used · $0.007000 left",
        "search: 1 used · 3 left", "<details", "2,000 characters", 'href="/runs/r2"',
        'href="/runs/r1.json?seq=4"',
    ):  # fmt: skip
        assert shown in page, shown
    assert page.index("$0.008000 left") < page.rindex("$0.007000 left")


def test_what_was_not_billed_is_held(book: LiveJournal, get: Get) -> None:
    book.run("r1", status=None)
    book.hold("r1", 5, "again", call="model", name="openai/made", usd="0.004", attempt=2)
    body = {"hold": "r1:again", "why": "the connection broke", "observation": None}
    book.write("r1", 6, "unknown", "0/again/5/0/0", **body)
    book.write(
        "r1", 7, "overrun", hold="r1:again", resource="usd", held="0.004", billed="0.005", name="x"
    )
    page = get("/runs/r1").text
    for shown in (
        "no bill came", "the connection broke", "try 2", "overrun: 0.005 usd billed",
        "$0.003000 used · $0.004000 held · $0.003000 left",
        "On hold: $0.004 for a call of openai/made",
    ):  # fmt: skip
        assert shown in page, shown


def test_long_runs_come_in_parts(
    book: LiveJournal, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outlay.benchmarks.reports.dashboard.run_page.AT_ONCE", 1)
    book.run("r1")
    assert "part 1 of 2, 2 entries" in get("/runs/r1").text
    for part in ("2", "99"):
        page = get(f"/runs/r1?part={part}").text
        assert "The mayor is Ada Quill." in page
        assert "→ search" not in page
    assert "part 1 of 2" in get("/runs/r1?part=nonsense").text


def test_hostile_text_stays_text(book: LiveJournal, get: Get) -> None:
    texts = ("task", "said", "seen", "planner", "memory", "model")
    book.run("r1", **dict.fromkeys(texts, HOSTILE), experiment=HOSTILE)
    for path in ("/", "/runs/r1", "/experiments", "/spend", f"/?text={HOSTILE}&planner={HOSTILE}"):
        answer = get(path)
        assert answer.status_code == 200
        assert "<script>" not in answer.text
        assert "<img" not in answer.text
        assert escape(HOSTILE) in answer.text
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    assert get("/runs/r1.json").headers["content-type"] == "application/json"


def test_only_this_machine_is_answered(get: Get) -> None:
    for host in ("evil.example", "evil.example:8765", "127.0.0.1.evil.example", ""):
        assert get("/", headers={"host": host}).status_code == 400
    for host in ("127.0.0.1:8765", "localhost:8765"):
        answer = get("/", headers={"host": host})
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_nothing_can_be_changed(book: LiveJournal) -> None:
    book.run("r1")
    client = TestClient(create_app(book.home, trajectory), base_url="http://127.0.0.1")
    client.get("/")
    before = (book.home / "outlay.duckdb").read_bytes(), book.journal.path.read_bytes()
    for path in ("/", "/runs/r1", "/experiments", "/spend", "/runs/r1.json"):
        assert client.get(path).status_code == 200
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert client.request(method, path).status_code == 405
    assert ((book.home / "outlay.duckdb").read_bytes(), book.journal.path.read_bytes()) == before


@pytest.mark.parametrize("path", ["/runs/none", "/runs/none.json", "/experiments/none", "/none"])
def test_what_is_not_there_is_said(get: Get, path: str) -> None:
    answer = get(path)
    assert answer.status_code == 404
    assert "Not found" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_raw_events_are_those_of_the_journal(book: LiveJournal, get: Get) -> None:
    book.run("r1")
    lines = [line.read(raw) for raw in book.journal.path.read_bytes().splitlines(keepends=True)]
    assert get("/runs/r1.json").json() == lines[1:]
    assert get("/runs/r1.json?seq=2").json() == [lines[3]]


def test_spend_adds_up(book: LiveJournal, get: Get) -> None:
    for run in ("r1", "r2"):
        book.run(run)
    page = get("/spend").text
    for shown in ("$0.0060 in all", "openai/made", "search", "66.7 %", "33.3 %", "price per call"):
        assert shown in page, shown


def test_an_experiment_is_its_report_with_links_to_its_runs(tmp_path: Path) -> None:
    plan = ExperimentPlan(
        suite="almanac", policy="embedded:reader", planners=("react",),
        budgets=("search=4,open=2",), tasks=1, repeats=1,
    )  # fmt: skip
    name = asyncio.run(run_experiment(plan, home=tmp_path)).experiment
    client = TestClient(create_app(tmp_path, trajectory), base_url="http://127.0.0.1")
    assert f'href="/experiments/{name}"' in client.get("/experiments").text
    answer = client.get(f"/experiments/{name}")
    assert answer.status_code == 200
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "Success against cost" in answer.text
    runs = client.get(f"/?experiment={name}").text.count('href="/runs/1')
    assert answer.text.count('href="/runs/1') == runs == 1
    assert client.get(f"/experiments/{name}").text == answer.text


def test_a_page_that_must_wait_comes_again_by_itself(
    book: LiveJournal, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.run("r1")
    assert get("/").status_code == 200
    book.run("r2")
    with monkeypatch.context() as patch, locked(book.home / "store.lock"):
        patch.setattr(store_reader, "PATIENCE", 0.05)
        answer = get("/spend")
        assert (answer.status_code, answer.headers["refresh"]) == (503, "2")
        assert 'role="status"' in get("/").text


@pytest.mark.parametrize(
    "path",
    ["/?status=no%00such", "/?text=%00", "/runs/a%00b", "/runs/%00.json", "/experiments/%00",
     "/?before=%00", "/runs/r1?part=%00", "/?status=impossible", "/?status=%22%3E"],
)  # fmt: skip
def test_odd_addresses_are_answered_under_the_policy(
    path: str, book: LiveJournal, get: Get
) -> None:
    book.run("r1", status="no\0 such")
    answer = get(path)
    assert answer.status_code < 500
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_page_that_fails_has_the_policy_too(book: LiveJournal) -> None:
    book.run("r1")

    def fails(*_: Any) -> Any:
        raise RuntimeError("an odd record")

    with TestClient(create_app(book.home, fails), base_url="http://127.0.0.1") as client:
        answer = client.get("/runs/r1")
    assert answer.status_code == 500
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "odd record" not in answer.text
