"""The peers and their environments: a lock each, and a folder made of exactly what it names."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .errors import PeerFailed

_ROOT = Path(__file__).parents[3]
LOCKS = _ROOT / "requirements" / "peers"
ENVIRONMENTS = _ROOT / ".peers"
_UV = Path(sys.executable).with_name("uv")


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A framework to compare with."""

    name: str
    """Of its script in `scripts/` and of its lock."""
    python: Path
    """The interpreter that has it installed."""
    folder: Path = Path(__file__).parent
    """Where the package `scripts` is found."""


def names() -> list[str]:
    """Returns the names of the peers that have a lock."""
    return sorted(lock.stem for lock in LOCKS.glob("*.txt"))


def installed(name: str) -> Peer:
    """Returns the peer in its environment, which is made anew where its lock has changed.

    Raises:
        PeerFailed: it cannot be installed.
    """
    folder, lock = ENVIRONMENTS / name, LOCKS / f"{name}.txt"
    peer = Peer(name=name, python=folder / "bin" / "python")
    made_of = folder / "lock.txt"
    if made_of.is_file() and made_of.read_text() == lock.read_text():
        return peer
    _uv(name, "venv", "--clear", "--python", sys.executable, str(folder))
    to = ["--python", str(peer.python), "--no-deps", "--require-hashes"]
    _uv(name, "pip", "install", *to, "-r", str(lock))
    made_of.write_text(lock.read_text())
    return peer


def _uv(name: str, *arguments: str) -> None:
    done = subprocess.run([_UV, "--quiet", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise PeerFailed(name, "installing", (done.stderr.strip() or "?").splitlines()[-1])
