from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.errors import ToolError
from outlay.tools.web.urls import RequestTarget, target

PIECES = st.sampled_from([*"abz019.:/?#@[]%\\-_~ \t\n\0éß。①", "http://", "https://", "//"])
PIECED = st.lists(PIECES).map("".join)
TEXTS = st.text() | PIECED | PIECED.map("http://".__add__)


@given(TEXTS)
def test_any_text_is_a_target_or_a_clear_error(text: str) -> None:
    try:
        read = target(text)
    except ToolError:
        return
    assert read.scheme in ("http", "https")
    assert read.path.startswith("/")
    assert not set(read.host) & set("@/\\?#% ")
    assert target(str(read)) == read


@given(TEXTS)
def test_a_relative_address_is_held_to_the_same_rules(text: str) -> None:
    base = RequestTarget("https", "site.example", 443, "/a/b?c=d")
    try:
        read = target(text, base)
    except ToolError:
        return
    assert target(str(read)) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("HTTP://Site.Example:80/A?b#c", "http://site.example/A?b"),
        ("https://site.example./", "https://site.example/"),
        ("http://site.example#@127.0.0.1/secret", "http://site.example/"),
        ("http://site.example?@127.0.0.1/secret", "http://site.example/?@127.0.0.1/secret"),
        ("https://bücher.example/é", "https://xn--bcher-kva.example/%C3%A9"),
        ("http://[2606:4700:0::1]:8080", "http://[2606:4700::1]:8080/"),
        (" https://site.example ", "https://site.example/"),
    ],
)
def test_addresses_are_put_in_one_form(text: str, read: str) -> None:
    assert str(target(text)) == read
