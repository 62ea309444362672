"""Tools that others wrote: LangChain's, and the operations of an OpenAPI document."""

from .langchain import from_langchain
from .openapi import from_openapi

__all__ = ["from_langchain", "from_openapi"]
