from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.tools.documents.corpus import Document
from outlay.tools.documents.full_text_index import CHUNK, DocumentIndex, chunks
from outlay.tools.documents.html_text import html_text

PROSE = st.lists(st.sampled_from(["word ", "\n\n", "# Head\n", "\n", "x" * 700, " ", "tail"])).map(
    "".join
)


@given(PROSE | st.text())
def test_chunks_are_places_in_the_text_and_lose_nothing(text: str) -> None:
    pieces = list(chunks(text))
    covered = ""
    for start, piece in pieces:
        assert text[start:].lstrip().startswith(piece)
        covered += piece
    assert "".join(covered.split()) == "".join(text.split())
    assert [start for start, _ in pieces] == sorted({start for start, _ in pieces})


@given(PROSE)
def test_chunks_are_bounded(text: str) -> None:
    assert all(len(piece) <= 2 * CHUNK for _, piece in chunks(text))


def test_the_better_place_comes_first() -> None:
    index = DocumentIndex(
        [
            Document("a", "Cities", "Torvane is a city. " * 5),
            Document("b", "Torvane", "A river rises there. Torvane lies on it."),
            Document("c", "Other", "Nothing of note."),
        ]
    )
    assert [hit.name for hit in index.find("rivers of Torvane", 5)] == ["b", "a"]
    assert [hit.name for hit in index.find("what is the", 5)] == ["a"]


def test_it_can_be_used_from_many_threads() -> None:
    index = DocumentIndex([Document(str(n), "", f"word{n} shared") for n in range(50)])
    found: list[int] = []

    def look() -> None:
        found.extend(len(index.find("shared", 20)) for _ in range(20))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [20] * 160


def test_html_text_keeps_what_a_reader_sees() -> None:
    title, text = html_text(
        "<title> A  b </title><h1>Head</h1><ul><li>one<li>two</ul>"
        "<script>no()</script>x<br>y &amp; z"
    )
    assert title == "A b"
    assert text == "Head\n\none\n\ntwo\n\nx\n\ny & z"


@given(st.text("<>/!-[]apbrstyle \"'&;#x0", max_size=60))
def test_html_made_to_break_it_gives_text_or_fails_cleanly(page: str) -> None:
    try:
        html_text(page)
    except (AssertionError, ValueError):
        return


@pytest.mark.parametrize(
    "page",
    [
        "<a " * 300_000,
        "<" * 1_000_000,
        "<!--" * 300_000,
        "<script>" * 200_000,
        "<p" * 400_000 + ">",
    ],
)
def test_hostile_html_is_read_in_one_pass(page: str) -> None:
    html_text(page)
