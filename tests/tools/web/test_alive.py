"""One run that tries every way out of the tools: each is refused, and the run goes on."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from outlay.agent import Agent
from outlay.journal.records import Message, ToolCall
from outlay.policies import ReplayPolicy
from outlay.tools import Tool
from outlay.tools.builtin.files import files
from outlay.tools.builtin.python import python
from outlay.tools.builtin.sql import sql
from outlay.tools.web import fetch

from .conftest import Site

SECRET = "the secret is out"
NAMES = {"inside.example": ["10.0.0.7"], "mixed.example": ["93.184.215.14", "::1"]}

Try = tuple[str, dict[str, str] | str]

HOSTS = [
    "127.0.0.2:{port}", "127.1:{port}", "2130706434:{port}", "0x7f000002:{port}",
    "0177.0.0.2:{port}", "[::1]:{port}", "[::ffff:127.0.0.2]:{port}", "[64:ff9b::7f00:2]",
    "[2002:7f00:2::]", "[fe80::1]", "[fd00:ec2::254]", "localhost:{port}", "0.0.0.0:{port}",
    "169.254.169.254", "100.100.100.200", "192.168.0.1", "inside.example", "mixed.example",
    "public.example@127.0.0.2:{port}", "missing.example", "127.0.0.2:22",
]  # fmt: skip
PAGES = ["inward", "rebound", "bomb", "endless", "line", "nested", "broken", "film"]
PATHS = ["../secret.txt", "/etc/passwd", "link", "sub/../../secret.txt", ".hidden", "pipe", "\0"]
QUERIES = [
    "FROM read_text('/etc/passwd')", "FROM 'http://127.0.0.1:1/a.csv'", "COPY t TO '/tmp/x.csv'",
    "ATTACH 'new.duckdb'", "INSTALL httpfs", "SET enable_external_access = true",
]  # fmt: skip
PROGRAMS = [
    "open('/etc/passwd').read()", "import os\nos.system('id')", "import socket", "[0] * 10**9",
    "while True:\n    pass", "def f():\n    return f()\nf()",
]  # fmt: skip
WRONG = ["[" * 100_000, '{"url": "\\ud800"}', '{"url": 7}', "null", ""]


def prepare(site: Site, folder: Path) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            writer.write(b"x" * 100_000)
            await writer.drain()

    site.redirect("/inward", "http://10.0.0.1/secret")
    site.redirect("/rebound", "http://inside.example/secret")
    site.say("/bomb", gzip.compress(bytes(6_000_000), mtime=0), Content_Encoding="gzip")
    site.answers["/endless"] = endless
    site.say("/line", b"x" * 50_000_000)
    site.say("/nested", "[" * 6_000_000, kind="application/json")
    site.say("/broken", b"\xff\xfe" * 9, Content_Encoding="gzip")
    site.say("/film", b"\0", kind="video/mp4")
    (folder / "secret.txt").write_text(SECRET)
    root = folder / "root"
    root.mkdir()
    (root / "link").symlink_to(folder / "secret.txt")
    (root / ".hidden").write_text(SECRET)
    os.mkfifo(root / "pipe")
    (folder / "t.csv").write_text("a\n1\n")


def tries(site: Site) -> list[Try]:
    return [
        *(("fetch", {"url": f"http://{host}/secret".format(port=site.port)}) for host in HOSTS),
        *(("fetch", {"url": f"{site.url}/{page}"}) for page in PAGES),
        *(("read_file", {"path": path}) for path in PATHS),
        *(("write_file", {"path": path, "text": "mine"}) for path in PATHS),
        *(("sql", {"query": query}) for query in QUERIES),
        *(("python", {"code": code}) for code in PROGRAMS),
        *(("fetch", arguments) for arguments in WRONG),
        ("shell", {"command": "id"}),
    ]


async def names(host: str, port: int) -> Sequence[str]:
    if host not in NAMES:
        raise OSError("no such name")
    return NAMES[host]


def message(batch: Sequence[Try]) -> Message:
    written: list[Any] = [a if isinstance(a, str) else json.dumps(a) for _, a in batch]
    calls = (ToolCall(f"c{n}", batch[n][0], text) for n, text in enumerate(written))
    return Message("assistant", "", tuple(calls))


async def test_a_run_refuses_them_all_and_answers(site: Site, tmp_path: Path) -> None:
    prepare(site, tmp_path)
    asked = tries(site)
    assert len(asked) >= 60
    tools: list[Tool] = [
        fetch(allow=["127.0.0.1"], resolver=names, price="0.001"),
        *files(tmp_path / "root"), sql(tmp_path / "t.csv"), python(seconds=0.5),
    ]  # fmt: skip
    batches = [asked[begin : begin + 15] for begin in range(0, len(asked), 15)]
    script = [*map(message, batches), Message("assistant", "Answer: still here")]
    agent = Agent(model=ReplayPolicy(script), tools=tools, budget="usd=1", home=tmp_path / "home")
    result = await agent.run("get out")
    assert (result.status, result.answer) == ("answered", "still here")
    seen = [message.content for message in result.trajectory if message.role == "tool"]
    assert len(seen) == len(asked)
    assert [text[:300] for text in seen if not text.startswith("Error: ")] == []
    assert SECRET not in "".join(seen)
    paid = len(HOSTS) + len(PAGES) + 1  # half a character is text: it fits the schema
    assert result.spend.usd == Decimal("0.001") * paid
    assert {request.path for request in site.requests} == {f"/{page}" for page in PAGES}
