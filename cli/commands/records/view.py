"""`outlay view`: the store in a browser."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

from ... import options


def view(
    port: Annotated[
        int,
        typer.Option(
            envvar="OUTLAY_PORT",
            min=0,
            max=65535,
            metavar="N",
            help="Port of this machine to serve at; 0 for any free one.",
        ),
    ] = 8765,
    no_open: Annotated[
        bool, typer.Option("--no-open", envvar="OUTLAY_NO_OPEN", help="Do not open a browser.")
    ] = False,
    home: options.Home = None,
) -> None:
    """See runs, costs and experiments in a browser.

    Serves pages to this machine alone until Ctrl-C, and changes nothing.
    """
    from ....ledger.errors import UsageError

    try:
        import uvicorn

        from ....benchmarks.reports.dashboard import create_app
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("starlette", "uvicorn"):
            raise
        raise UsageError(
            f"outlay view needs the package {package}: pip install 'outlay[view]'"
        ) from error
    from ....agent import Home
    from ...render.view_pages import trajectory

    listener = _listen(port)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    app = create_app(Home.at(home).path, trajectory)
    typer.echo(f"outlay view: {url} (Ctrl-C ends it)")
    if not no_open:
        import webbrowser

        webbrowser.open(url)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    server.run(sockets=[listener])


def _listen(port: int) -> socket.socket:
    from ....ledger.errors import UsageError

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise UsageError(
            f"port {port} of this machine cannot be used: {error.strerror}; choose another with "
            "--port, or 0 for any that is free"
        ) from error
    return listener
