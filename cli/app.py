"""The verbs put together, and the boundary where errors become one sentence and an exit code."""

from __future__ import annotations

import errno
import gc
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from . import settings_file
from .commands.experiments.bench import bench
from .commands.experiments.power import power
from .commands.experiments.race import race
from .commands.experiments.report import report
from .commands.experiments.suites import suites
from .commands.records.export import bring, export
from .commands.records.forget import forget
from .commands.records.prune import prune
from .commands.records.reconcile import reconcile
from .commands.records.sql import sql
from .commands.records.view import view
from .commands.runs.diff import diff
from .commands.runs.replay import replay
from .commands.runs.resume import resume
from .commands.runs.run import run
from .commands.runs.runs import runs
from .commands.runs.show import show
from .commands.runs.whatif import whatif
from .commands.setup.doctor import doctor
from .commands.setup.graph import graph
from .commands.setup.mcp import mcp
from .commands.setup.prices import prices
from .commands.setup.subroutines import subroutines
from .commands.setup.tools import tools
from .commands.setup.trust import trust
from .commands.train.app import train
from .list_variables import split_at_lines
from .signals import ended_as_by_ctrl_c
from .standard_streams import outlive_readers

BUG = 70
"""Exit code of an error that nobody foresaw."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What writing to a full or broken disk fails with."""

_EPILOG = (
    "Every option can also be set as a variable (shown with each option) or in outlay.toml; "
    "an option given here wins over its variable, and that over the file."
)

app = typer.Typer(
    name="outlay",
    help="Runs tool-using agents on budgets that cannot be overspent.",
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    rich_markup_mode=None,
)
for verb in (
    run,
    resume,
    replay,
    diff,
    whatif,
    runs,
    show,
    view,
    graph,
    sql,
    prices,
    doctor,
    trust,
    bench,
    report,
    race,
    power,
    tools,
    suites,
    subroutines,
    forget,
    prune,
    export,
    reconcile,
    mcp,
):
    app.command()(verb)
app.command("import")(bring)
app.add_typer(train, name="train")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"outlay {version('outlay')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    ctx: typer.Context,
    config_file: Annotated[
        Path | None,
        typer.Option(
            "--config",
            envvar="OUTLAY_CONFIG",
            metavar="FILE",
            help="Settings file, instead of the outlay.toml of this folder or one above it.",
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version."),
    ] = False,
) -> None:
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        return
    if ignored := settings_file.ignored(Path.cwd(), os.environ):
        typer.echo(f"outlay: {ignored}", err=True)
    if ctx.invoked_subcommand != "trust":
        ctx.default_map = _defaults(config_file, ctx.command)


def _defaults(named: Path | None, group: Any) -> dict[str, Any]:
    """Returns what the settings file says; one that was found is named first."""
    if named is not None:
        return settings_file.defaults(settings_file.SettingsFile.named(named), group)
    file = settings_file.SettingsFile.found(Path.cwd())
    if file is None:
        return {}
    settings = settings_file.defaults(file, group)
    if notice := file.notice():
        typer.echo(f"outlay: {notice}", err=True)
    return settings


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and leaves the process with its exit code."""
    gc.set_threshold(20_000, 20, 50)  # hundreds of agents: a fifth of their CPU went to the default
    outlive_readers()
    try:
        _check_text(sys.argv[1:] if arguments is None else arguments)
        with ended_as_by_ctrl_c():
            command = typer.main.get_command(app)
            split_at_lines(command)
            code = command.main(arguments, "outlay", standalone_mode=False)
        sys.stdout.flush()
    except Exception as error:
        if os.environ.get("OUTLAY_DEBUG"):
            raise
        code = _report(error)
    sys.exit(code if isinstance(code, int) else 0)


def _check_text(arguments: list[str]) -> None:
    """Raises UsageError where an argument holds bytes that no record could keep."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            from ..ledger.errors import UsageError

            text = argument.encode("utf-8", "replace").decode()
            raise UsageError(f"the argument {text!r} is not UTF-8: write it as UTF-8") from None


def _report(error: Exception) -> int:
    """Prints what went wrong in one sentence and returns the exit code."""
    from ..ledger.errors import JournalError, OutlayError

    if isinstance(error, typer.Abort):
        return 130
    if isinstance(error, typer.TyperException):
        if text := _told(error.format_message()):
            sys.stderr.write(f"outlay: {text[:1].lower()}{text[1:].rstrip('.')}{_hint(error)}\n")
        return error.exit_code
    if isinstance(error, OutlayError):
        sys.stderr.write(f"outlay: {_told(str(error))}\n")
        return 1 if isinstance(error, JournalError) else 2
    if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.stderr.write(f"outlay: the output cannot be written: {error.strerror}\n")
        return 1
    sys.stderr.write(
        f"outlay: {type(error).__name__}: {_told(str(error))}; this is a bug: "
        "run it with OUTLAY_DEBUG=1 for the traceback\n"
    )
    return BUG


def _told(text: str) -> str:
    """Returns what an error says: it may quote a server or a file, so its lines stand apart."""
    from ..journal.foreign_text import visible

    return visible(text).replace("\n", "\n  ")


def _hint(error: typer.TyperException) -> str:
    context: typer.Context | None = getattr(error, "ctx", None)
    return f"; see `{context.command_path} --help`" if context is not None else ""
