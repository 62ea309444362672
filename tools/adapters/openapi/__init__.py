"""The operations of an OpenAPI document as tools: read, offered to a policy, and called."""

from .left_out import OperationTools
from .operation_tools import from_openapi

__all__ = ["OperationTools", "from_openapi"]
