"""No foreign text steers a terminal, hides in it or passes for a line of ours."""

from __future__ import annotations

import io
import unicodedata
from contextlib import redirect_stderr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from outlay.cli.agent_recipe import ask_person
from outlay.cli.render.console import console
from outlay.journal.foreign_text import one_line, quoted, size, visible

ANY = st.text(st.characters(codec=None))
ATTACKS = (
    "rm -rf ~\r\x1b[2Kecho hello",
    "echo a\x1b]0;title\x07",
    "echo \u202egnp.exe",
    "ls\n[y/N] y\nrun this command?\n  ls",
    "echo \x9b2J",
    "a\u2028b\u200bc\u3164d\ufe01e\U000e0041f",
    "x\x7f\x08\x08y",
)


@given(ANY)
def test_nothing_steers_or_hides(text: str) -> None:
    for shown in (visible(text), quoted(text), quoted(text, 10), one_line(text)):
        shown.encode()
        assert not [
            char
            for char in shown
            if char not in "\t\n" and not char.isprintable() and unicodedata.category(char) != "Zs"
        ]


@given(ANY)
def test_no_line_of_several_stands_unnumbered(text: str) -> None:
    *rows, last = quoted(text).split("\n")
    if rows:
        assert all("│ " in row for row in rows)
        assert last == f"({size(text)})"


@given(ANY, st.integers(1, 50))
def test_a_cut_text_says_how_long_it_is(text: str, most: int) -> None:
    told = f"(cut: {size(text)})"
    assert quoted(text, most).endswith(told) or len(text) <= most


@given(ANY)
def test_what_is_visible_stays_as_it_is(text: str) -> None:
    assert visible(visible(text)) == visible(text)


def test_ordinary_text_stays() -> None:
    assert visible("naïve 東京　x\tπ 🎉") == "naïve 東京　x\tπ 🎉"


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_approval_shows_what_is_approved(attack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    with redirect_stderr(io.StringIO()) as said:
        assert not ask_person(attack)
    *_, prompt = shown = said.getvalue().split("\n")
    assert prompt == "[y/N] "
    assert size(attack) in shown[1]
    assert not any(c in said.getvalue() for c in "\r\x1b\x07\x08\x7f\x9b\u202e\u2028\u200b\u3164")
    assert sum(line.startswith("[y/N]") for line in shown) == 1


@given(ANY)
def test_the_console_lets_no_text_through_that_steers(text: str) -> None:
    out = console(plain=True)
    out.file = io.StringIO()
    out.print(text, Text(text), soft_wrap=True)
    printed = out.file.getvalue()
    printed.encode()
    assert not [c for c in printed if unicodedata.category(c) == "Cc" and c not in "\t\n"]
