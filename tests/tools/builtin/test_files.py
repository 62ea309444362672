from __future__ import annotations

import json
import os
import socket
import threading
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outlay.journal.records import Observation, ToolCall
from outlay.ledger.errors import UsageError
from outlay.tools import Tool, ToolContext
from outlay.tools.builtin import files as files_module
from outlay.tools.builtin.files import files

SECRET = "the secret is out"

ESCAPES = [
    "../secret.txt",
    "sub/../../secret.txt",
    "sub/../notes.txt",
    "..",
    "/etc/passwd",
    "//etc/passwd",
    "~/.ssh/id_rsa",
    "\\\\server\\share",
    "{outer}/secret.txt",
    "notes.txt\0.png",
    "notes.txt\n",
    "link.txt",
    "links/secret.txt",
    "dangling.txt",
    "loop.txt",
    "self/notes.txt",
    "pipe",
    "socket",
    "device",
    "sub",
    ".",
    "",
    ".hidden.txt",
    ".git/config",
    "sub/.hidden.txt",
    "notes.txt/x",
    "a" * 300,
    "a/" * 2_000,
    "\u202egnp.exe",
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path)


def make_root(outer: Path) -> Path:
    (outer / "secret.txt").write_text(SECRET)
    root = outer / "root"
    (root / "sub").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / "notes.txt").write_text("one\ntwo\nthree\n")
    for hidden in (".hidden.txt", ".git/config", "sub/.hidden.txt"):
        (root / hidden).write_text(SECRET)
    (root / "link.txt").symlink_to(outer / "secret.txt")
    (root / "links").symlink_to(outer)
    (root / "dangling.txt").symlink_to(outer / "new.txt")
    (root / "loop.txt").symlink_to("loop.txt")
    (root / "self").symlink_to(".")
    (root / "device").symlink_to("/dev/zero")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(root / "socket"))
    return root


async def call(subject: Tool, context: ToolContext, /, **arguments: object) -> Observation:
    return await subject.run(ToolCall("1", subject.spec.name, json.dumps(arguments)), context)


async def test_a_file_is_written_read_edited_and_listed(root: Path, context: ToolContext) -> None:
    listing, read, write, edit = files(root)
    seen = await call(write, context, path="new/deep/a.txt", text="caf\u00e9\r\n")
    assert seen.text == "wrote 7 bytes to new/deep/a.txt"
    seen = await call(edit, context, path="new/deep/a.txt", old="caf\u00e9", new="tea")
    assert seen.text == "replaced one passage; new/deep/a.txt has 5 bytes now"
    assert (root / "new" / "deep" / "a.txt").read_bytes() == b"tea\r\n"
    assert (await call(read, context, path="./new//deep/a.txt")).text == "tea\r\n"
    assert (await call(listing, context)).text == "new/\nnotes.txt  14\nsub/"
    assert (await call(listing, context, path="sub")).text == "(the folder is empty)"


async def test_long_files_are_read_page_by_page(root: Path, context: ToolContext) -> None:
    (root / "long.txt").write_text("x" * 40_000)
    seen = await call(files(root)[1], context, path="long.txt", start=16_000)
    assert 'go on with read_file(path="long.txt", start=32000)]' in seen.text


@pytest.mark.parametrize("path", ESCAPES)
async def test_no_path_leads_out_of_the_folder(path: str, root: Path, context: ToolContext) -> None:
    path = path.replace("{outer}", str(root.parent))
    before = sorted(root.parent.rglob("*"))
    _, read, write, edit = files(root)
    for seen in (
        await call(read, context, path=path),
        await call(write, context, path=path, text="mine"),
        await call(edit, context, path=path, old=SECRET, new="mine"),
    ):
        assert seen.error
        assert SECRET not in seen.text
        assert len(seen.text) < 1_500
    assert (root.parent / "secret.txt").read_text() == SECRET
    assert sorted(root.parent.rglob("*")) == before


@pytest.mark.parametrize("path", ["..", "links", "/", "self", ".git", "notes.txt", "missing"])
async def test_no_other_folder_is_listed(path: str, root: Path, context: ToolContext) -> None:
    seen = await call(files(root)[0], context, path=path)
    assert seen.error
    assert "secret" not in seen.text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(path=st.text() | st.text("./\\a~\0", max_size=30))
async def test_no_text_as_path_reads_or_changes_what_is_outside(
    path: str, root_once: Path, context: ToolContext
) -> None:
    _, read, write, _ = files(root_once)
    for each in (path, path + "secret.txt", path + "/links/secret.txt"):
        assert SECRET not in (await call(read, context, path=each)).text
        await call(write, context, path=each, text="mine")
    assert (root_once.parent / "secret.txt").read_text() == SECRET
    assert sorted(each.name for each in root_once.parent.iterdir()) == ["root", "secret.txt"]


@pytest.fixture(scope="module")
def root_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_root(tmp_path_factory.mktemp("outer"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
async def test_text_is_kept_to_the_byte(text: str, root: Path, context: ToolContext) -> None:
    _, _, write, _ = files(root)
    await call(write, context, path="t.txt", text=text)
    assert (root / "t.txt").read_bytes() == text.encode()


async def test_a_folder_that_turns_into_a_link_is_not_followed(
    root: Path, context: ToolContext
) -> None:
    _, read, _, _ = files(root)
    place, aside = root / "swap", root / "aside"
    place.mkdir()
    (place / "secret.txt").write_text("harmless")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            place.rename(aside)
            place.symlink_to(root.parent)
            place.unlink()
            aside.rename(place)

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        seen = [(await call(read, context, path="swap/secret.txt")).text for _ in range(300)]
    finally:
        stop.set()
        swapping.join()
    assert SECRET not in "".join(seen)


@pytest.mark.parametrize("path", ["outlay.toml", "sub/Outlay.TOML/", "sub//./outlay.toml/."])
async def test_no_policy_writes_the_settings(path: str, root: Path, context: ToolContext) -> None:
    for folder in (root, root / "sub"):
        (folder / "outlay.toml").write_text('budget = "usd=1"')
    _, read, write, edit = files(root)
    for seen in (
        await call(write, context, path=path, text="tool = []"),
        await call(edit, context, path=path, old="usd=1", new="usd=999"),
    ):
        assert seen.error
    assert "usd=1" in (await call(read, context, path="outlay.toml")).text
    kept = {file.read_text() for file in root.rglob("*.[tT]*") if "outlay" in file.name.lower()}
    assert kept == {'budget = "usd=1"'}


async def test_sizes_are_limited(
    root: Path, context: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "MAX_READ", 100)
    _, read, write, edit = files(root, max_written=20)
    (root / "big.txt").write_text("x" * 101)
    assert "more than 100 bytes" in (await call(read, context, path="big.txt")).text
    assert "limit of 20" in (await call(write, context, path="a.txt", text="\u00e9" * 11)).text
    seen = await call(edit, context, path="notes.txt", old="two", new="x" * 30)
    assert "limit of 20" in seen.text
    assert (root / "notes.txt").read_text() == "one\ntwo\nthree\n"


@pytest.mark.parametrize(("old", "times"), [("", 0), ("four", 0), ("e", 3)])
async def test_an_edit_that_is_not_clear_changes_nothing(
    old: str, times: int, root: Path, context: ToolContext
) -> None:
    seen = await call(files(root)[3], context, path="notes.txt", old=old, new="x")
    assert f"`old` occurs {times} times" in seen.text
    assert (root / "notes.txt").read_text() == "one\ntwo\nthree\n"


async def test_a_replaced_file_keeps_its_permissions_and_other_links_their_text(
    root: Path, context: ToolContext
) -> None:
    os.link(root.parent / "secret.txt", root / "hard.txt")
    (root / "notes.txt").chmod(0o755)
    for path in ("notes.txt", "hard.txt"):
        await call(files(root)[2], context, path=path, text="mine")
    assert (root / "notes.txt").stat().st_mode & 0o777 == 0o755
    assert (root.parent / "secret.txt").read_text() == SECRET


async def test_binary_files_are_refused(root: Path, context: ToolContext) -> None:
    (root / "a.bin").write_bytes(b"\xff\xfe\x00")
    seen = await call(files(root)[1], context, path="a.bin")
    assert seen.text == "Error: a.bin is no text in UTF-8"


def test_they_declare_what_they_change(root: Path) -> None:
    tools = files(root, price="0.001")
    assert [(tool.spec.name, tool.spec.read_only) for tool in tools] == [
        ("list_files", True), ("read_file", True), ("write_file", False), ("edit_file", False),
    ]  # fmt: skip
    assert {tool.least_cost for tool in tools} == {Decimal("0.001")}
    assert len(files(root, write=False)) == 2
    with pytest.raises(UsageError, match="there is no folder"):
        files(root / "missing")
