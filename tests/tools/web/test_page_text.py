from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.errors import ToolError
from outlay.tools.web.page_text import MAX_ELEMENTS, decoded, readable
from outlay.tools.web.urls import RequestTarget, target

HERE = RequestTarget("https", "site.example", 443, "/a/")
KINDS = st.sampled_from(["", "text/html", "text/plain", "application/json", "image/png"])
MARKUP = st.lists(
    st.sampled_from(["<p>", "</div>", "<a href='/x'>", "<!--", "&#9;", "é", "\0", "x"])
)


@given(st.binary(), KINDS | st.text(st.characters(codec="latin-1", categories=["L", "P"])))
def test_any_bytes_are_a_page_or_a_clear_error(body: bytes, kind: str) -> None:
    try:
        page = readable(body, kind, HERE)
    except ToolError:
        return
    page.text.encode()


@given(MARKUP)
def test_links_always_lead_to_readable_addresses(parts: list[str]) -> None:
    page = readable("".join(parts).encode(), "text/html", HERE)
    assert all(str(target(where)) == where and said for said, where in page.links)


@given(st.binary(), st.none() | st.text())
def test_any_bytes_have_a_text(body: bytes, declared: str | None) -> None:
    decoded(body, declared).encode()


def test_a_page_of_very_many_elements_is_given_whole() -> None:
    page = readable(b"<nav>menu</nav>" + b"<p>word" * MAX_ELEMENTS, "text/html", HERE)
    assert page.text.startswith("menu\nword\nword")
    assert page.text.count("word") == MAX_ELEMENTS


def test_hidden_parts_are_not_shown_and_blocks_are_apart() -> None:
    markup = (
        "<p>one<script>no</script> two<!-- no --><li>three<style>no</style>" + "<i></i>" * 20_001
    )
    assert readable(markup.encode(), "text/html", HERE).text == "one two\nthree"
