from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.tools.web.robots import RobotsRules, matches, rules

ROBOTS = """
# a comment
User-agent: other
Disallow: /
User-Agent: Outlay   # us
user-agent: friend/2.0
Disallow: /private
Allow: /private/open
Disallow: /*.pdf$
Disallow:
Crawl-delay: 5
Sitemap: https://site.example/map.xml

User-agent: *
Disallow: /all
"""


@pytest.mark.parametrize(
    ("agent", "path", "allowed"),
    [
        ("outlay", "/", True),
        ("outlay", "/all", True),
        ("outlay", "/private/x", False),
        ("outlay", "/private/open/x", True),
        ("friend", "/privateer", False),
        ("outlay", "/a/b.pdf", False),
        ("outlay", "/a/b.pdf?x", True),
        ("other", "/x", False),
        ("stranger", "/x", True),
        ("stranger", "/all/x", False),
    ],
)
def test_the_longest_rule_of_the_own_group_decides(agent: str, path: str, allowed: bool) -> None:
    assert rules(ROBOTS, agent).allow(path) is allowed


@given(st.text("ab*", max_size=12), st.text("ab", max_size=12), st.booleans())
def test_patterns_match_as_regular_expressions_would(text: str, path: str, is_whole: bool) -> None:
    pattern = "".join(".*" if each == "*" else re.escape(each) for each in text)
    wanted = re.match(pattern + ("$" if is_whole else ""), path) is not None
    assert matches(text + "$" * is_whole, path) is wanted
    assert not is_whole or wanted == fnmatch.fnmatchcase(path, text)


@given(st.text(), st.text(min_size=1))
def test_any_text_is_read(text: str, path: str) -> None:
    assert isinstance(rules(text, "outlay").allow(path), bool)


def test_hostile_patterns_take_no_time() -> None:
    hostile = "User-agent: *\nDisallow: /" + "a*" * 50_000 + "b$"
    assert rules(hostile, "outlay").allow("/" + "a" * 4_000)
    assert RobotsRules().allow("/")
