"""Suites by name."""

import pytest

from outlay.benchmarks.suite import is_success, suite, suite_names
from outlay.benchmarks.suites.almanac import Almanac
from outlay.ledger.errors import UsageError


def test_a_suite_is_found_by_name_and_takes_its_knobs():
    found = suite("almanac", people=20)
    assert isinstance(found, Almanac)
    assert found.knobs.people == 20


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(UsageError, match=r"no suite is called 'almanak': the suites are .*almanac"):
        suite("almanak")
    assert "almanac" in suite_names()


def test_an_unknown_knob_is_answered_with_the_known_ones():
    with pytest.raises(UsageError, match=r"no knob 'persons'; known are: .*people"):
        suite("almanac", persons=3)


def test_only_a_full_score_is_a_success():
    assert is_success(1.0)
    assert not is_success(0.99)
