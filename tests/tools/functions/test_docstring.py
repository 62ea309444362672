from __future__ import annotations

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.tools.functions.docstring import parse_docstring

GOOGLE = """Finds.

        Args:
            query (str): words to look for:
                any of them.
            first, last (int, optional): the lines,
            counted from 1: both included.

        Warning:
            slow: it reads everything.

        Returns:
            the lines

        It reads UTF-8.
        """

NUMPY = """Finds.

        Everywhere.

        Parameters
        ----------
        query : {'a', 'b'}
            words to look for
        first, last : int, optional
            the lines

        Returns
        -------
        str
            the lines

        Notes
        -----
        It reads UTF-8.

        Other Parameters
        ----------------
        deep
            also below
        """

SPHINX = """Finds with :class:`re.Pattern`.

        .. warning:: slow

        :class:`bytes` are refused: they are no text.

        :param query: words to look for,
            any of them
        :type query: str
        :param int first: the line
        :returns: the lines
        :raises OSError: at times

        It reads UTF-8.
        """


@pytest.mark.parametrize(
    ("doc", "summary", "parameters"),
    [
        ("", "", {}),
        ("One line.", "One line.", {}),
        ("Args:\n    a: one\n    b: two", "", {"a": "one", "b": "two"}),
        (
            "S.\n\nArgs:\n  a: one:\n    b: two\n\n  c: three",
            "S.",
            {"a": "one: b: two", "c": "three"},
        ),
        ("S.\n\nReturns:\n    x\nArguments:\n    a (int): one", "S.", {"a": "one"}),
        ("S.\n\nArgs:\n\ta: one\n\t*b: two", "S.", {"a": "one", "b": "two"}),
        ("Notes: this is prose.", "Notes: this is prose.", {}),
        ("S:\n\n    a: b\n\nUnits:\n    a: m", "S:\n\n    a: b\n\nUnits:\n    a: m", {}),
        ("S.\n\nArgs:\n    None", "S.\n\nArgs:\n    None", {}),
        ("S.\n\n@param a: one\n@return: two", "S.", {"a": "one"}),
        (
            inspect.cleandoc(GOOGLE),
            "Finds.\n\nWarning:\n    slow: it reads everything.\n\nIt reads UTF-8.",
            {
                "query": "words to look for: any of them.",
                "first": "the lines, counted from 1: both included.",
                "last": "the lines, counted from 1: both included.",
            },
        ),
        (
            inspect.cleandoc(NUMPY),
            "Finds.\n\nEverywhere.\n\nNotes\n-----\nIt reads UTF-8.",
            {
                "query": "words to look for",
                "first": "the lines",
                "last": "the lines",
                "deep": "also below",
            },
        ),
        (
            inspect.cleandoc(SPHINX),
            "Finds with :class:`re.Pattern`.\n\n.. warning:: slow\n\n"
            ":class:`bytes` are refused: they are no text.\n\nIt reads UTF-8.",
            {"query": "words to look for, any of them", "first": "the line"},
        ),
    ],
)
def test_docstrings_are_read_in_parts(doc: str, summary: str, parameters: dict[str, str]) -> None:
    read = parse_docstring(doc)
    assert read.summary == summary
    assert read.parameters == parameters


LINES = st.sampled_from(
    ["Args:", "Returns:", "Note:", "    a: b", "    a", "\ta(", "Parameters", "-----", "a : int",
     ":param a: b", ":param", "@type a:", "", "prose", "    : x", "        y: z", "Examples", "a,"]
)  # fmt: skip


@given(st.lists(LINES | st.text(max_size=12)).map("\n".join))
def test_any_docstring_can_be_read(doc: str) -> None:
    parse_docstring(doc)


@given(st.lists(LINES, max_size=12).map("\n".join))
def test_prose_between_the_sections_is_never_lost(doc: str) -> None:
    doc = f"First.\n\n{doc}\n\nNote:\n    in the middle\n\nArgs:\n    z: last\n\nLast."
    read = parse_docstring(doc)
    assert read.summary.startswith("First.")
    assert "in the middle" in read.summary
    assert read.summary.endswith("Last.")
    assert read.parameters["z"] == "last"
