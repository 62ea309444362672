"""2WikiMultihopQA: questions over two to four Wikipedia paragraphs, made from Wikidata's facts.

The records are HotpotQA's with `evidences` (Ho et al. 2020, 2011.01060). Its leaderboard accepts
Wikidata's aliases too, which are not part of the records: exact match is a little stricter here.
"""

from __future__ import annotations

from .hotpotqa import form
from .reading_comprehension import factory

twowiki = factory(form("2wikimultihopqa"))
