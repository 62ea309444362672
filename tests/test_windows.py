"""What works without the modules and calls that only POSIX systems have.

A simulation, run on Linux and macOS: our modules are kept from what Windows has not, the standard
library and other packages are not. Paths, encodings, signals and locks of Windows itself are not
tried.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = SETTINGS["tool"]["setuptools"]["packages"][1:]

BEGIN = """
import builtins, importlib, os, signal, sys
from types import ModuleType

MISSING = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
NAMES = {
    os: {"O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "chown", "fchmod", "fdatasync",
         "fork", "forkpty", "geteuid", "getpgid", "getuid", "killpg", "mkfifo", "pread", "setsid",
         "sysconf", "uname", "wait", "waitid"},
    signal: {"SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGUSR1", "setitimer"},
}

def poorer(module, names):
    twin = ModuleType(module.__name__)
    vars(twin).update({name: value for name, value in vars(module).items() if name not in names})
    return twin

TWINS = {module.__name__: poorer(module, names) for module, names in NAMES.items()}
TWINS["os"].name, TWINS["os"].supports_dir_fd = "nt", set()

def imported(name, globals=None, locals=None, fromlist=(), level=0):
    if str((globals or {}).get("__name__")).startswith("outlay.") and not level:
        if name in MISSING:
            raise ModuleNotFoundError(f"Windows has no {name}", name=name)
        if name in TWINS:
            return TWINS[name]
    return real(name, globals, locals, fromlist, level)

real, builtins.__import__ = builtins.__import__, imported
"""
IMPORT = """
EXTRA = {"datasets", "peft", "torch", "transformers", "trl"}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception as error:
        if getattr(error, "name", None) not in EXTRA:
            print(f"{name}: {type(error).__name__}: {error}")
"""
WRITE = """
import asyncio
from pathlib import Path
from outlay.journal import file_lock
from outlay.journal.events import Event
from outlay.journal.journal import Journal, is_live
from outlay.journal.store.store import Store

home = Path(sys.argv[1])
journal = Journal(home)
journal.append(Event("r1", 0, "run_started", body={"options": {}, "policies": []}))
asyncio.run(journal.durable())
print(type(file_lock.LOCK).__name__, is_live(journal.path), Store(home).load().events)
journal.close()
print(is_live(journal.path), Store(home).load().events)
"""
REFUSED = """
from outlay.ledger.errors import UsageError
from outlay.tools.builtin.files import files
from outlay.tools.builtin.shell import shell

for tool in (files, shell):
    try:
        tool(".")
    except UsageError as error:
        print(error)
"""
KILLED = """
import asyncio
from outlay.tools.builtin.process import run_program

endless = [sys.executable, "-c", "print('x' * 9000, flush=True); input()"]
print(asyncio.run(run_program(endless, timeout=600, limit=1000)).flooded)
"""


def modules() -> list[str]:
    shipped = [ROOT.joinpath(*name.split(".")[1:]) for name in PACKAGES]
    paths = (path for folder in shipped for path in folder.glob("*.py"))
    names = (".".join(("outlay", *path.relative_to(ROOT).with_suffix("").parts)) for path in paths)
    return sorted(name.removesuffix(".__init__") for name in names)


def run(code: str, *given: str) -> str:
    command = [sys.executable, "-c", BEGIN + code, *given]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_the_simulation_takes_away(tmp_path: Path) -> None:
    package = tmp_path / "outlay"
    package.mkdir()
    for name, line in {"first": "import fcntl", "second": "import os; os.fork"}.items():
        (package / f"{name}.py").write_text(line)
    seen = run(f"sys.path.insert(0, {str(tmp_path)!r})" + IMPORT, "outlay.first", "outlay.second")
    assert "outlay.first: ModuleNotFoundError: Windows has no fcntl" in seen
    assert "outlay.second: AttributeError: module 'os' has no attribute 'fork'" in seen


def test_every_module_can_be_imported() -> None:
    assert run(IMPORT, *modules()) == ""


def test_a_journal_is_written_locked_and_loaded(tmp_path: Path) -> None:
    assert run(WRITE, str(tmp_path)) == "Beside True 2\nFalse 0\n"


def test_tools_that_need_posix_say_so_in_a_sentence() -> None:
    assert run(REFUSED).splitlines() == [
        "the tools for files need a POSIX system (Linux, macOS)",
        "the tool shell needs a POSIX system (Linux, macOS)",
    ]


def test_a_program_is_killed_without_process_groups() -> None:
    assert run(KILLED) == "True\n"
