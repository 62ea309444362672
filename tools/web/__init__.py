"""Tools that read the web: pages by address, and searches by provider."""

from .fetch import fetch
from .search_providers import WebResult
from .web_search import web_search

__all__ = ["WebResult", "fetch", "web_search"]
