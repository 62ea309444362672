"""Lines of a journal: JSON objects that end with a checksum of what stands before it.

Lines of older versions have none.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

_SUM = re.compile(rb',"crc":"([0-9a-f]{8})"\}\s*$')


def written(data: Mapping[str, Any]) -> bytes:
    """Returns the line of an object that has no `crc` yet, with its end."""
    text = orjson.dumps(data, default=_encode)
    return b'%b,"crc":"%08x"}\n' % (text[:-1], zlib.crc32(text))


def read(line: bytes) -> dict[str, Any] | None:
    """Returns the object of a line, or None if it is not as it was written."""
    found = _SUM.search(line[-24:])
    if found is not None:
        size = len(line) - (len(line[-24:]) - found.start())
        if zlib.crc32(line[:size] + b"}") != int(found[1], 16):
            return None
    try:
        data = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(data, dict) or ("crc" in data) != (found is not None):
        return None
    data.pop("crc", None)
    return data


def _encode(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{type(value).__name__} does not belong in the journal")
