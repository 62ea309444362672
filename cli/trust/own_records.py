"""Which recorded runs and experiments this user has started: they are signed with a key of theirs.

The signature lies in the record, the key outside every project and export. So a run that came by
`outlay import` or with a checkout is told from the user's own, wherever either of them lies.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from ...ledger.errors import UsageError
from .owner_files import owner_folder, read_own, write_own

_BYTES = 32


def sign(said: Mapping[str, Any]) -> str:
    """Returns the user's signature of what they start, or "" where no key can be kept."""
    with contextlib.suppress(UsageError):
        return _signature(_own_key(), said)
    return ""


def is_own(said: Mapping[str, Any], signature: Any) -> bool:
    """True if this user has started just that."""
    if not isinstance(signature, str) or not signature.isascii():
        return False
    key = read_own(_file())
    return bool(key) and hmac.compare_digest(_signature(key or b"", said), signature)


def _signature(key: bytes, said: Mapping[str, Any]) -> str:
    return hmac.digest(
        key, orjson.dumps(said, default=str, option=orjson.OPT_SORT_KEYS), "sha256"
    ).hex()


def _own_key() -> bytes:
    if key := read_own(_file()):
        return key
    made = _file().with_name(f"key.{os.getpid()}")
    write_own(made, secrets.token_bytes(_BYTES))
    try:
        with contextlib.suppress(FileExistsError):  # another process was quicker
            os.link(made, _file())
    except OSError as error:
        raise UsageError(f"{_file()} cannot be written: {error.strerror}") from error
    finally:
        made.unlink(missing_ok=True)
    return read_own(_file()) or b""


def _file() -> Path:
    return owner_folder() / "key"
