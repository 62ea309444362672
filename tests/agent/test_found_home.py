"""A `.outlay/` that was found, not named, may have come with a checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from outlay.agent import Home
from outlay.ledger.errors import UsageError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()


@pytest.mark.parametrize("name", ["journals", "outputs", "outlay.duckdb", "subroutines.json"])
def test_links_in_it_lead_nowhere(tmp_path: Path, name: str) -> None:
    (tmp_path / ".outlay").mkdir()
    (tmp_path / ".outlay" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="holds links that lead elsewhere, so it is not used"):
        Home.at()
    assert Home.at(tmp_path / ".outlay")


def test_it_is_no_link(tmp_path: Path) -> None:
    (tmp_path / ".outlay").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="name a home of yours"):
        Home.at()


def test_nobody_else_can_write_to_it(tmp_path: Path) -> None:
    (tmp_path / ".outlay").mkdir()
    (tmp_path / ".outlay").chmod(0o777)
    with pytest.raises(UsageError, match="is writable by others"):
        Home.at()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="chown needs root")
def test_it_is_of_this_user(tmp_path: Path) -> None:
    (tmp_path / ".outlay").mkdir()
    os.chown(tmp_path / ".outlay", 1234, 1234)
    with pytest.raises(UsageError, match="belongs to another user"):
        Home.at()


def test_one_of_this_user_and_none_are_fine(tmp_path: Path) -> None:
    assert Home.at().path == (tmp_path / ".outlay").resolve()
