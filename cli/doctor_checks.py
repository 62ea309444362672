"""What `outlay doctor` looks at."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from rich.table import Table
from rich.text import Text

from ..agent import default_home
from ..journal.journal import is_live
from ..journal.old.name import old_folder
from ..ledger.errors import OutlayError
from ..ledger.prices.price_book import PriceBook
from ..ledger.tiktoken_encodings import cached_file
from . import settings_file
from .render import format
from .render.price_tables import known_models

PACKAGES = (
    "langgraph",
    "openai",
    "duckdb",
    "genai-prices",
    "pydantic",
    "tiktoken",
    "typer",
    "rich",
)
EXTRAS = {
    "anthropic": "anthropic", "langchain": "langchain", "local": "xllamacpp", "mcp": "mcp",
    "openapi": "pyyaml", "python": "pydantic-monty", "train": "torch", "view": "starlette",
    "web": "trafilatura",
}  # fmt: skip
"""The package that tells whether an extra is there."""
KEYS = ("OPENAI_API_KEY", "OUTLAY_API_KEY")
ENCODINGS = ("o200k_base", "cl100k_base")


@dataclass(frozen=True)
class CheckResult:
    name: str
    text: str
    good: bool = True


def examine(home: Path | None, prices: Path | None) -> list[CheckResult]:
    """Returns what is found, in the order in which it is shown. Nothing is written or sent."""
    return [
        CheckResult("outlay", version("outlay")),
        CheckResult("python", f"{platform.python_version()} on {platform.system().lower()}"),
        *map(_package, PACKAGES),
        *(_extra(name, package) for name, package in EXTRAS.items()),
        *_home(home or default_home()),
        *map(_key, KEYS),
        _base_url(),
        _settings(),
        *map(_encoding, ENCODINGS),
        *_prices(prices),
    ]


def sheet(findings: list[CheckResult]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        table.add_row(finding.name, Text(finding.text, style="" if finding.good else "red"))
    return table


def _package(name: str) -> CheckResult:
    try:
        return CheckResult(name, version(name))
    except PackageNotFoundError:
        return CheckResult(name, "missing: install outlay again", good=False)


def _extra(name: str, package: str) -> CheckResult:
    try:
        return CheckResult(f"extra {name}", f"{package} {version(package)}")
    except PackageNotFoundError:
        text = f"not installed: pip install 'outlay[{name}]'"
        return CheckResult(f"extra {name}", text)


def _home(home: Path) -> Iterator[CheckResult]:
    if not home.is_dir():
        parent = next(folder for folder in home.absolute().parents if folder.is_dir())
        writable = os.access(parent, os.W_OK)
        note = "the first run makes it" if writable else f"and {parent} cannot be written"
        if writable and (old := old_folder(home)):
            note = f"the first verb that opens it renames {old}"
        yield CheckResult("home", f"{home} is not there yet: {note}", writable)
        return
    writable = os.access(home, os.W_OK | os.X_OK)
    size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    note = "" if writable else ", cannot be written"
    yield CheckResult("home", f"{home} ({_size(size)}{note})", writable)
    journals = sorted((home / "journals").glob("*.jsonl"))
    live = sum(map(is_live, journals))
    torn = [path.name for path in journals if not is_live(path) and _is_torn(path)]
    text = f"{len(journals):,}, {live} being written"
    if torn:
        text += f"; with a torn last line, which is left out: {', '.join(torn)}"
    yield CheckResult("journals", text)


def _is_torn(path: Path) -> bool:
    """Returns whether the last line has no end."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _size(size: int) -> str:
    if size < 1_000_000:
        return f"{size / 1000:.1f} kB"
    return f"{size / 1_000_000:.1f} MB"


def _key(name: str) -> CheckResult:
    return CheckResult(name, "set" if os.environ.get(name) else "not set")


def _base_url() -> CheckResult:
    """Names the host only: an address may hold a password."""
    url = os.environ.get("OPENAI_BASE_URL")
    if not url:
        return CheckResult("OPENAI_BASE_URL", "not set: OpenAI's own")
    host = _host(url)
    return CheckResult("OPENAI_BASE_URL", host or "is not an address", bool(host))


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _settings() -> CheckResult:
    path = settings_file.find(Path.cwd())
    return CheckResult(settings_file.FILE, str(path) if path else "none here or above")


def _encoding(name: str) -> CheckResult:
    path = cached_file(name)
    if path is not None and path.is_file():
        return CheckResult(name, "at hand: prompts are counted in tokens")
    return CheckResult(name, "not at hand: prompts are bounded by their bytes")


def _prices(path: Path | None) -> Iterator[CheckResult]:
    count, data = known_models()
    yield CheckResult("known prices", f"{count:,} models (genai-prices {data})")
    if path is None:
        return
    try:
        book = PriceBook.load(path)
    except OutlayError as error:
        yield CheckResult("prices file", str(error), good=False)
        return
    models, tools = (
        format.count(len(book.models), "model"),
        format.count(len(book.tools), "tool"),
    )
    yield CheckResult("prices file", f"{path}: {models}, {tools}")
