"""What a process has learned of how servers want requests to be written."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection
from dataclasses import dataclass, field

from .dialect import Dialect, learned
from .error_body import ErrorBody

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class SpokenDialect:
    """The dialect of one model of one server, as far as it is known.

    Attributes:
        current: what requests are written in.
    """

    current: Dialect
    _refused: set[Dialect] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def learn(
        self, sent_in: Dialect, status: int, error: ErrorBody, sent: Collection[str], who: str
    ) -> Dialect | None:
        """Takes a refusal into account.

        Args:
            sent_in: what the refused request was written in.
            sent: the names of its fields.
            who: whose dialect it is, for the log.

        Returns the dialect that the request is to be sent again in, None where its words are not
        what is refused. No dialect is returned that was refused before.
        """
        with self._lock:
            wanted = learned(sent_in, status, error, sent=sent, refused=self._refused)
            if wanted is None:
                is_behind = sent_in in self._refused and self.current not in self._refused
                if is_behind and learned(sent_in, status, error, sent=sent) is not None:
                    return self.current
                return None
            self._refused.add(sent_in)
            if self.current == sent_in or self.current in self._refused:
                self.current = wanted
                logger.info("%s wants requests written in another way: %s", who, wanted)
            return self.current


_spoken: dict[tuple[str, str, Dialect], SpokenDialect] = {}
_finding = threading.Lock()


def spoken_by(url: str, model: str, first: Dialect) -> SpokenDialect:
    """Returns what is known of a model of a server; all policies of the process share it.

    Args:
        first: what it is spoken to in as long as nothing was learned.
    """
    with _finding:
        return _spoken.setdefault((url, model, first), SpokenDialect(first))
