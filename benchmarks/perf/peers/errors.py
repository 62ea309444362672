"""What goes wrong with one peer, so that the others go on."""

from __future__ import annotations


class PeerFailed(Exception):
    """A peer cannot be installed, its script fails, or it plays another conversation."""

    def __init__(self, peer: str, doing: str, why: str) -> None:
        super().__init__(f"{peer} is left out, {doing}: {why}")
        self.peer = peer
