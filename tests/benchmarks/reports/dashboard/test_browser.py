"""The pages in a real browser: hostile text is inert, live parts follow, nothing sticks out."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outlay.benchmarks.reports.dashboard import create_app
from outlay.cli.render.view_pages import trajectory

from .conftest import HOSTILE, LiveJournal

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="neither chromium nor google-chrome here")


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serves an app at a free port of this machine."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def browse(folder: Path, url: str, *options: str) -> str:
    """Returns the page as the browser has it after five seconds of its own time."""
    assert BROWSER is not None
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--window-size=1280,800", "--virtual-time-budget=5000", f"--user-data-dir={folder}",
        *options, "--dump-dom", url,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def after_first(app: ASGIApp, happen: Callable[[], None]) -> ASGIApp:
    """Lets something happen once the first page has been answered."""
    waiting = [happen]

    async def changed(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)
        if waiting:
            waiting.pop()()

    return changed


def scripted(app: ASGIApp, line: str) -> ASGIApp:
    """Adds a line to the script of the pages: what a reader would do or see."""

    async def longer(scope: Scope, receive: Receive, send: Send) -> None:
        async def added(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                message["headers"] = [
                    header for header in headers if header[0] != b"content-length"
                ]
            else:
                message["body"] += f"{line}\n".encode()
            await send(message)

        await app(scope, receive, added if scope["path"] == "/view.js" else send)

    return longer


def test_hostile_text_does_nothing_and_long_text_sticks_out_nowhere(
    book: LiveJournal, tmp_path: Path
) -> None:
    texts = ("task", "said", "seen", "planner", "memory", "model")
    book.run("r1", **dict.fromkeys(texts, HOSTILE + 500 * "x"))
    wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    app = scripted(create_app(book.home, trajectory), f"document.body.dataset.wider = {wider};")
    with served(app) as url:
        for path in ("/", "/runs/r1"):
            page = browse(tmp_path, f"{url}{path}")
            assert "<title>owned" not in page
            assert "&lt;script&gt;document.title = 'owned'&lt;/script&gt;" in page
            assert 'data-wider="false"' in page


def test_a_live_list_shows_a_run_that_has_just_begun(book: LiveJournal, tmp_path: Path) -> None:
    book.run("r1")
    app = create_app(book.home, trajectory)
    with served(after_first(app, lambda: book.run("r2", status=None))) as url:
        page = browse(tmp_path, url)
    assert 'href="/runs/r2"' in page
    assert 'class="status running"' in page


def test_an_open_observation_stays_open_while_the_run_goes_on(
    book: LiveJournal, tmp_path: Path
) -> None:
    book.run("r1", status=None, seen="long " * 400)
    app = scripted(
        create_app(book.home, trajectory), "document.querySelector('details').open = true;"
    )

    def go_on() -> None:
        book.hold("r1", 5, "more", call="tool", name="x", usd="0.001")

    with served(after_first(app, go_on)) as url:
        page = browse(tmp_path, f"{url}/runs/r1")
    assert "On hold: $0.001 for a call of x" in page
    assert '<details id="t4" open="">' in page
