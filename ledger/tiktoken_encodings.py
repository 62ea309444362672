"""tiktoken's encodings, used only where their files already lie on this disk.

tiktoken fetches a missing file from the network without a time-out, and deletes one whose hash
is wrong before it fetches it anew. So the file is looked up and checked here first; an encoding
that cannot be had is not asked for again in this process.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

_FILES = {
    "o200k_base": (
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    "cl100k_base": (
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
}
_FILES["o200k_harmony"] = _FILES["o200k_base"]
"""Name in the cache folder and SHA-256 of each encoding's file."""


def encoding_of(model: str) -> Encoding | None:
    """Returns the encoding of the model that a model string names.

    None means that tiktoken does not name the model, or that the encoding's file is not here:
    then bounds count bytes.
    """
    from tiktoken.model import encoding_name_for_model

    name = model.rpartition("#")[2].rpartition("/")[2].removeprefix("openai:")
    try:
        encoding = encoding_name_for_model(name)
    except KeyError:
        return None
    return _load(encoding)


def cached_file(encoding: str) -> Path | None:
    """Returns where tiktoken would look for the encoding's file, or None if it would not."""
    if encoding not in _FILES:
        return None
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if variable in os.environ:
            folder = os.environ[variable]
            break
    else:
        folder = os.path.join(tempfile.gettempdir(), "data-gym-cache")
    return Path(folder) / _FILES[encoding][0] if folder else None


@functools.cache
def _load(encoding: str) -> Encoding | None:
    path = cached_file(encoding)
    if path is None:
        return None
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(data).hexdigest() != _FILES[encoding][1]:
        return None
    from tiktoken import get_encoding

    return get_encoding(encoding)
