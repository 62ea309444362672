"""2WikiMultihopQA: questions over two to four Wikipedia paragraphs, made from Wikidata's facts.

The records are HotpotQA's with `evidences` (Ho et al. 2020, 2011.01060). Its leaderboard accepts
Wikidata's aliases too, which are not part of the records: exact match is a little stricter here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...policies.embedded.grammar import OPEN_PRICE, SEARCH_PRICE
from .hotpotqa import form
from .library import Prices
from .reading import reading
from .records import read_records
from .taskset import TaskSet


def twowiki(
    *,
    data: str | Path = "",
    search_price: Any = SEARCH_PRICE,
    open_price: Any = OPEN_PRICE,
) -> TaskSet:
    """Returns the questions of a file, over the paragraphs of all of them.

    Args:
        data: the file, JSON or JSON Lines.
        search_price, open_price: USD a call.

    Raises:
        UsageError: the file cannot be read, or a record is not in 2WikiMultihopQA's format.
    """
    prices = Prices.of(search_price, open_price)
    return reading(form("2wikimultihopqa"), read_records(data, suite="2wikimultihopqa"), prices)
