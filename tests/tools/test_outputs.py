from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outlay.ledger.errors import ToolError
from outlay.tools import Outputs

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.fixture
def outputs(tmp_path: Path) -> Outputs:
    return Outputs(tmp_path / "below" / "outputs")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=TEXT, start=st.integers(0, 50), length=st.integers(0, 50))
def test_what_is_put_comes_back(outputs: Outputs, text: str, start: int, length: int) -> None:
    ref = outputs.put(text)
    assert outputs.get(ref, length=None) == text
    assert outputs.get(ref, start, length) == text[start : start + length]
    assert outputs.put(text) == ref


def test_nothing_is_written_before_it_is_needed(outputs: Outputs) -> None:
    assert not outputs.folder.exists()


def test_an_output_is_written_once(outputs: Outputs) -> None:
    ref = outputs.put("text")
    (file,) = outputs.folder.iterdir()
    os.utime(file, (1, 1))
    assert outputs.put("text") == ref
    assert file.stat().st_mtime == 1


def test_of_a_huge_output_the_beginning_is_kept_with_a_note(tmp_path: Path) -> None:
    outputs = Outputs(tmp_path, limit=11)
    ref = outputs.put("ä" * 10)
    assert outputs.get(ref).startswith("äääää\n[the output had 20 bytes; only the first 11")


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "../secret",
        "..%2fsecret",
        "/etc/passwd",
        "0123456789abcde/",
        "0123456789abcdeg",
        "0123456789ABCDEF",
        "0123456789abcdef\n",
        "\0" * 16,
        "a" * 10_000,
    ],
)
def test_a_hostile_ref_is_a_tool_error(outputs: Outputs, ref: str) -> None:
    outputs.put("text")
    (outputs.folder.parent / "secret.txt").write_text("secret")
    with pytest.raises(ToolError, match="is no ref"):
        outputs.get(ref)


@given(ref=st.text())
def test_no_text_leads_out_of_the_folder(ref: str) -> None:
    with pytest.raises(ToolError):
        Outputs(Path("nowhere")).get(ref)


def test_a_missing_ref_and_a_negative_start_are_tool_errors(outputs: Outputs) -> None:
    with pytest.raises(ToolError, match="no output is kept"):
        outputs.get("0" * 16)
    with pytest.raises(ToolError, match="start"):
        outputs.get(outputs.put("text"), -1)


def test_a_failed_write_leaves_nothing_behind(
    outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs.put("first")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        outputs.put("second")
    assert len(list(outputs.folder.iterdir())) == 1


def test_many_threads_put_the_same_output(outputs: Outputs) -> None:
    text, refs = "shared" * 10_000, set[str]()
    threads = [threading.Thread(target=lambda: refs.add(outputs.put(text))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (ref,) = refs
    assert outputs.get(ref, length=None) == text
    assert len(list(outputs.folder.iterdir())) == 1
