"""The pages served: read only, to this machine's own browser, with nothing from elsewhere."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ....agent import Home
from ....journal.journal import is_live
from ....ledger.errors import JournalError, UsageError
from . import layout, queries
from .experiment_pages import experiment_list, report_page
from .queries import PageCursor, RunFilters, RunListItem
from .run_list import run_list
from .run_page import RunRelations, run_page
from .spend_page import DAYS, spend_page
from .store_reader import StoreReader
from .trajectory import Told

HOSTS = ["127.0.0.1", "localhost"]
"""Names under which a browser may ask: others were made to point here (DNS rebinding)."""

_STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_REPORT = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""A report has its style in itself, and no script."""

_HEADERS = {
    "content-security-policy": _STRICT,
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
_LOG = logging.getLogger(__name__)

_REPORTS = 8
"""Reports that are kept."""


def create_app(home: Path, tell: Told) -> Starlette:
    """Returns the app over the store of a folder.

    Args:
        home: the folder of journals and store.
        tell: makes a trajectory of a run's events.
    """
    pages = _Pages(home, tell)
    routes = {
        "/": pages.runs,
        "/runs/": pages.runs,
        "/runs/{run}.json": pages.raw,
        "/runs/{run}": pages.run,
        "/experiments": pages.experiments,
        "/experiments/{name}": pages.experiment,
        "/spend": pages.spend,
        "/view.css": _style,
        "/view.js": _script,
    }
    return Starlette(
        routes=[Route(path, endpoint) for path, endpoint in routes.items()],
        middleware=[
            Middleware(_SecurityHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False),
        ],
        exception_handlers={HTTPException: _refused, JournalError: _busy, UsageError: _odd},
    )


class _Pages:
    def __init__(self, home: Path, tell: Told) -> None:
        self._home = home
        self._tell = tell
        self._reader = StoreReader(home)
        self._reports: OrderedDict[Any, str] = OrderedDict()

    def runs(self, request: Request) -> Response:
        filters = RunFilters.of(request.query_params)
        before = PageCursor.parse(request.query_params.get("before", ""))
        found = self._reader.answer(
            ("runs", filters, before),
            lambda view: (queries.newest(view, filters, before), queries.choices(view)),
        )
        rows, choices = found.value
        live = self._live(rows.rows)
        shown = run_list(rows, filters, before=before, offered=choices, live=live, note=found.note)
        return HTMLResponse(shown)

    def run(self, request: Request) -> Response:
        run = request.path_params["run"]
        found = self._reader.answer(
            ("run", run), lambda view: (queries.family(view, run), queries.events(view, run))
        )
        (own, below), events = found.value
        if own is None:
            raise HTTPException(404, f"There is no run {run!r} here.")
        live = self._live([own, *below])
        facts = own.facts
        around = RunRelations(
            parent=facts["parent"], experiment=facts["experiment"], below=below, live=live
        )
        told = self._tell(events, "running" if run in live else "interrupted")
        part = request.query_params.get("part", "1")
        return HTMLResponse(
            run_page(told, around, int(part) if part.isdecimal() else 1, found.note)
        )

    def raw(self, request: Request) -> Response:
        run, seq = request.path_params["run"], request.query_params.get("seq")
        found = self._reader.answer(("raw", run), lambda view: queries.events(view, run))
        wanted = [each.to_dict() for each in found.value if seq in (None, str(each.seq))]
        if not wanted:
            raise HTTPException(404, f"There is no such event of a run {run!r} here.")
        data = orjson.dumps(wanted, option=orjson.OPT_INDENT_2)
        return Response(data, media_type="application/json")

    def experiments(self, request: Request) -> Response:
        before = PageCursor.parse(request.query_params.get("before", ""))
        found = self._reader.answer(
            ("experiments", before), lambda view: queries.experiments(view, before)
        )
        return HTMLResponse(experiment_list(found.value, before, found.note))

    def experiment(self, request: Request) -> Response:
        name = request.path_params["name"]
        found = self._reader.answer(("exp", name), lambda view: queries.experiment(view, name))
        if not found.value:
            raise HTTPException(404, f"There is no experiment {name!r} here.")
        state = (name, *(tuple(row.values()) for row in found.value))
        if state not in self._reports:
            self._reports[state] = self._report(name)
            while len(self._reports) > _REPORTS:
                self._reports.popitem(last=False)
        headers = {"content-security-policy": _REPORT}
        return HTMLResponse(self._reports[state], headers=headers)

    def spend(self, request: Request) -> Response:
        found = self._reader.answer(
            "spend", lambda view: (queries.spend(view), queries.days(view, DAYS))
        )
        return HTMLResponse(spend_page(*found.value, found.note))

    def _report(self, name: str) -> str:
        try:
            return report_page(Home.at(self._home), name)
        except UsageError as error:
            raise HTTPException(404, f"There is no report: {error}.") from error

    def _live(self, rows: Sequence[RunListItem]) -> set[str]:
        """Returns the runs among these that have not ended and whose process lives."""
        alive: dict[str, bool] = {}
        found = set()
        for row in rows:
            if row.facts["status"] is None and row.journal:
                if row.journal not in alive:
                    path = self._home / "journals" / f"{row.journal}.jsonl"
                    alive[row.journal] = is_live(path)
                if alive[row.journal]:
                    found.add(row.facts["run"])
        return found


class _SecurityHeaders:
    """Adds the headers that keep a page from doing what it has no need of."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        begun = False

        async def told(message: Message) -> None:
            nonlocal begun
            begun = True
            await guarded(message)

        try:
            await self._app(scope, receive, told)
        except Exception:
            if begun:
                raise
            _LOG.exception("a page could not be made")
            page = layout.message("This page cannot be shown", "A record or the address is odd.")
            await HTMLResponse(page, status_code=500)(scope, receive, guarded)


def _style(request: Request) -> Response:
    own = files(__package__).joinpath("view.css").read_text(encoding="utf-8")
    shared = (
        files("outlay.benchmarks.reports.html").joinpath("style.css").read_text(encoding="utf-8")
    )
    return Response(f"{shared}\n{own}", media_type="text/css")


def _script(request: Request) -> Response:
    text = files(__package__).joinpath("view.js").read_text(encoding="utf-8")
    return Response(text, media_type="text/javascript")


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = "Not found" if error.status_code == 404 else f"Error {error.status_code}"
    return HTMLResponse(layout.message(title, error.detail), status_code=error.status_code)


def _odd(request: Request, error: Exception) -> Response:
    page = layout.message("This cannot be looked up", "The address asks for something odd.")
    return HTMLResponse(page, status_code=400)


def _busy(request: Request, error: Exception) -> Response:
    page = layout.message("The store is in use", f"{error}. This page tries again by itself.")
    return HTMLResponse(page, status_code=503, headers={"refresh": "2"})
