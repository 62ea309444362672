from __future__ import annotations

import json
import logging
import os
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outlay.journal.records import Observation, ToolCall
from outlay.ledger.errors import UsageError
from outlay.tools import Tool, ToolContext, document_tools

SECRET = "the secret is out"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    (docs / "rivers").mkdir(parents=True)
    (docs / "rivers" / "sul.md").write_text("# The river Sul\n\nThe Sul rises in Torvane.\n")
    (docs / "rivers" / "odra.txt").write_text("The Odra flows past many towns.\n")
    (docs / "page.html").write_text(
        "<html><head><title>On caf&eacute;s</title><style>p{}</style></head><body>"
        "<script>alert('x')</script><p>Cafés in\nTorvane</p><p>are cheap.</p></body></html>"
    )
    (docs / "long.txt").write_text("".join(f"paragraph {n} of many\n\n" for n in range(5_000)))
    (tmp_path / "secret.txt").write_text(SECRET)
    return docs


async def call(subject: Tool, context: ToolContext, /, **arguments: object) -> Observation:
    return await subject.run(ToolCall("1", subject.spec.name, json.dumps(arguments)), context)


async def test_search_shows_places_that_open_understands(
    folder: Path, context: ToolContext
) -> None:
    search, open = document_tools(folder)
    seen = await call(search, context, query="where does the Sul rise?")
    assert seen.text.startswith('1. The river Sul [open(name="rivers/sul.md", start=0)]')
    assert "The Sul rises in Torvane." in seen.text
    assert (await call(open, context, name="rivers/sul.md")).text.endswith("rises in Torvane.\n")


async def test_html_is_read_as_text(folder: Path, context: ToolContext) -> None:
    search, open = document_tools(folder)
    assert "On cafés" in (await call(search, context, query="CAFES")).text
    assert (await call(open, context, name="page.html")).text == "Cafés in Torvane\n\nare cheap."


async def test_a_long_document_is_read_page_by_page(folder: Path, context: ToolContext) -> None:
    search, open = document_tools(folder)
    hit = await call(search, context, query="4321")
    start = int(hit.text.split("start=")[1].split(")")[0])
    whole = (folder / "long.txt").read_text()
    seen = await call(open, context, name="long.txt", start=start)
    assert seen.text.startswith(whole[start : start + 1000])
    assert f'go on with open(name="long.txt", start={start + 16_000})]' in seen.text
    assert seen.ref is None
    assert (await call(open, context, name="long.txt", start=10**9)).error
    assert (await call(open, context, name="long.txt", start=-1)).error


async def test_the_limit_is_kept_and_bounded(tmp_path: Path, context: ToolContext) -> None:
    for number in range(30):
        (tmp_path / f"{number}.txt").write_text("word")
    search, _ = document_tools(tmp_path)
    for limit, listed in ((3, 3), (-5, 1), (10**9, 20)):
        seen = await call(search, context, query="word", limit=limit)
        assert len(seen.text.splitlines()) == 2 * listed


def test_they_are_free_and_harmless(folder: Path) -> None:
    for each in document_tools(folder):
        assert each.price == Decimal(0)
        assert each.spec.read_only


async def test_a_query_without_words_finds_nothing(folder: Path, context: ToolContext) -> None:
    search, _ = document_tools(folder)
    for query in ("", "  ", '"', "*", "___", "AND (", "\0"):
        assert not (await call(search, context, query=query)).error


@pytest.fixture(scope="module")
def module_search(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    folder = tmp_path_factory.mktemp("docs")
    (folder / "a.txt").write_text("some words NOT near AND or 日本語 straße")
    return document_tools(folder)[0]


QUERY = st.text() | st.lists(
    st.sampled_from(
        ["AND", "OR", "NOT", "NEAR(", '"', "'", "*", "^", ":", "title:", "(", ")", "-", "words"]
    )
).map(" ".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(query=QUERY)
async def test_no_query_is_a_syntax_error(
    module_search: Tool, context: ToolContext, query: str
) -> None:
    assert not (await call(module_search, context, query=query)).error


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt",
        "rivers/../../secret.txt",
        "link.txt",
        "linked/secret.txt",
        "rivers\0/sul.md",
        "a" * 100_000,
        "x/" * 5_000 + "a.txt",
        "",
        ".",
        "rivers",
        ".hidden.txt",
        ".git/notes.txt",
        "pipe.txt",
        "loop.txt",
        "program.py",
    ],
)
async def test_open_never_leaves_the_folder(folder: Path, context: ToolContext, name: str) -> None:
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "linked").symlink_to(folder.parent)
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / ".hidden.txt").write_text(SECRET)
    (folder / ".git").mkdir()
    (folder / ".git" / "notes.txt").write_text(SECRET)
    (folder / "program.py").write_text(SECRET)
    os.mkfifo(folder / "pipe.txt")
    search, open = document_tools(folder)
    for path in (name, str(folder.parent / "secret.txt")):
        seen = await call(open, context, name=path)
        assert seen.error
        assert "there is no document named" in seen.text
        assert len(seen.text) < 1_000
    assert SECRET not in (await call(search, context, query="secret")).text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.text() | st.text("./\\a~\0", max_size=30))
async def test_no_name_opens_what_is_outside(
    folder_once: Path, context: ToolContext, name: str
) -> None:
    _, open = document_tools(folder_once)
    for each in (name, name + "secret.txt"):
        assert SECRET not in (await call(open, context, name=each)).text


@pytest.fixture(scope="module")
def folder_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outer = tmp_path_factory.mktemp("outer")
    (outer / "secret.txt").write_text(SECRET)
    (outer / "docs").mkdir()
    (outer / "docs" / "a.txt").write_text("harmless")
    return outer / "docs"


async def test_a_link_inside_the_folder_is_followed(folder: Path, context: ToolContext) -> None:
    (folder / "alias.md").symlink_to(folder / "rivers" / "sul.md")
    _, open = document_tools(folder)
    assert "Torvane" in (await call(open, context, name="alias.md")).text


async def test_a_near_miss_names_what_is_close(folder: Path, context: ToolContext) -> None:
    _, open = document_tools(folder)
    assert "rivers/sul.md" in (await call(open, context, name="river/sul.md")).text


async def test_unreadable_files_are_left_out_and_reported_once(
    folder: Path,
    context: ToolContext,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("outlay.tools.documents.corpus.MAX_BYTES", 1_000_000)
    (folder / "binary.txt").write_bytes(b"\x7fELF\0\0Torvane")
    (folder / "large.txt").write_text("Torvane " * 200_000)
    (folder / "broken.html").write_text("<![broken]><p>Torvane")
    (folder / "latin.txt").write_bytes("Torvane à la carte".encode("latin-1"))
    (folder / "wide.txt").write_text("Torvane wide", "utf-16")
    os.symlink("nowhere.txt", folder / "dangling.txt")
    Path(os.fsdecode(bytes(folder) + b"/bad\xff.txt")).write_text("Torvane")
    search, open = document_tools(folder)
    with caplog.at_level(logging.WARNING):
        seen = [await call(search, context, query="Torvane", limit=20) for _ in range(3)]
    assert seen[0] == seen[1] == seen[2]
    assert {"latin.txt", "wide.txt"} <= {
        line.split('"')[1] for line in seen[0].text.splitlines()[::2]
    }
    (record,) = caplog.records
    assert "binary.txt (it is binary)" in record.getMessage()
    assert "large.txt (it has 1,600,000 bytes, above the limit of 1,000,000)" in record.getMessage()
    assert "binary" in (await call(open, context, name="binary.txt")).text


def test_a_missing_or_empty_folder_says_how_to_mend_it(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("")
    with pytest.raises(UsageError, match="there is no folder"):
        document_tools(tmp_path / "missing")
    with pytest.raises(UsageError, match="there is no folder"):
        document_tools(tmp_path / "program.py")
    with pytest.raises(UsageError, match=r"holds no document: put files there \(.csv"):
        document_tools(tmp_path)
