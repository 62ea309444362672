"""Bodies of requests: which of a document's media types is sent, and how a value is written."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote_plus

from ....ledger.errors import ToolError
from .operation import Part, RequestBody, Style
from .styles import as_json, pairs, text_of

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", re.ASCII)
_BYTES = "application/octet-stream"
_ORDER = ("json", "urlencoded", "multipart", "raw")
_FILE = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {
                "base64": {"type": "string"},
                "text": {"type": "string"},
                "filename": {"type": "string"},
            },
            "additionalProperties": False,
        },
    ]
}
_HOW = 'A string is sent as it is; other bytes as {"base64": "…"}.'


def is_media_type(text: str) -> bool:
    """True for a media type that is no range such as `image/*`."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def chosen_body(
    content: Mapping[str, Any], read: Callable[[Any], dict[str, Any]], argument: str, required: bool
) -> RequestBody:
    """Returns the body to send: JSON where there is a choice, else a form, else text or bytes.

    Args:
        content: the media types of a request body.
        read: returns a schema of the document as JSON schema.

    Raises:
        ToolError: none of them can be sent.
    """
    ranked = sorted(content.items(), key=lambda item: _ORDER.index(_form(str(item[0]))))
    refused = []
    for told, media in ranked:
        name = str(told).split(";")[0].strip().lower()
        media = media if isinstance(media, dict) else {}
        schema = read(media["schema"]) if "schema" in media else {}
        form = _form(name)
        if form in ("urlencoded", "multipart"):
            schema, parts = _form_of(schema, media.get("encoding") or {}, form)
            return RequestBody(
                media_type=name, form=form, schema=schema, argument=argument, required=required,
                parts=parts,
            )  # fmt: skip
        if form == "json" or (name.endswith("/*") and not _is_text(schema)):
            media_type = name if is_media_type(name) else "application/json"
            if name in ("*/*", "application/*") or form == "json":
                return RequestBody(
                    media_type=media_type, form="json", schema=schema, argument=argument,
                    required=required,
                )  # fmt: skip
        elif _is_text(schema):
            media_type = {"*/*": _BYTES, "application/*": _BYTES, "text/*": "text/plain"}.get(
                name, name
            )
            if is_media_type(media_type):
                shown = _file(schema)
                return RequestBody(
                    media_type=media_type, form="raw", schema=shown, argument=argument,
                    required=required,
                )  # fmt: skip
        refused.append(name)
    raise ToolError(f"its body can be {' or '.join(refused)} only, which is not sent")


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a request carries, as httpx takes it."""

    content: bytes | None = None
    media_type: str | None = None
    """None: httpx names it, with the boundary of the parts."""
    files: list[Any] | None = field(default=None)


def written_body(body: RequestBody, value: Any) -> Content:
    """Returns a value as the body of a request.

    Raises:
        ToolError: the value is not what the body is made of.
    """
    if body.form == "json":
        return Content(content=as_json(value).encode(), media_type=body.media_type)
    if body.form == "raw":
        return Content(content=_bytes(value, body.argument)[0], media_type=body.media_type)
    if not isinstance(value, dict):
        raise ToolError(f"{body.argument!r} must be an object: it is sent as a form")
    members = [(name, member) for name, member in value.items() if member is not None]
    if body.form == "urlencoded":
        written = [
            pair
            for name, member in members
            for pair in _form_pairs(name, member, body.parts.get(name, Part()), quote_plus)
        ]
        text = "&".join(f"{quote_plus(name)}={member}" for name, member in written)
        return Content(content=text.encode(), media_type=body.media_type)
    files = [
        each for name, member in members for each in _parts(name, member, body.parts.get(name))
    ]
    return Content(files=files)


def _form(media_type: str) -> Literal["json", "urlencoded", "multipart", "raw"]:
    name = media_type.split(";")[0].strip().lower()
    if name in ("application/json", "text/json") or name.endswith("+json"):
        return "json"
    if name == "application/x-www-form-urlencoded":
        return "urlencoded"
    return "multipart" if name == "multipart/form-data" else "raw"


def _form_of(
    schema: dict[str, Any], encodings: Mapping[str, Any], form: str
) -> tuple[dict[str, Any], dict[str, Part]]:
    """Returns the schema of a form with its files as a policy gives them, and how to write each."""
    files: set[str] = set()
    named = {name for name, each in encodings.items() if _names_bytes(each)}
    shown = _with_files(schema, files, named) if form == "multipart" else schema
    parts = {name: Part(is_file=True) for name in files}
    for name, encoding in encodings.items():
        headers = encoding.get("headers") or {}
        if any(isinstance(each, dict) and each.get("required") for each in headers.values()):
            raise ToolError(f"part {name!r} of its body needs headers of its own: not sent")
        kinds = [kind.strip() for kind in str(encoding.get("contentType") or "").split(",")]
        parts[name] = Part(
            media_types=tuple(kind for kind in kinds if is_media_type(kind)),
            style=_style(encoding),
            is_file=name in files,
        )
    return shown, parts


def _style(encoding: Mapping[str, Any]) -> Style | None:
    if not any(key in encoding for key in ("style", "explode", "allowReserved")):
        return None
    kind = str(encoding.get("style") or "form")
    if kind not in ("form", "spaceDelimited", "pipeDelimited", "deepObject"):
        raise ToolError(f"its body has a part of style {kind[:100]!r}, which no form has")
    return Style(
        kind=kind,
        explode=bool(encoding.get("explode", kind == "form")),
        reserved=bool(encoding.get("allowReserved")),
    )


def _names_bytes(encoding: Mapping[str, Any]) -> bool:
    kind = str(encoding.get("contentType") or "text/plain").lower()
    return not kind.startswith("text/") and "json" not in kind and "xml" not in kind


def _with_files(schema: dict[str, Any], files: set[str], named: set[str]) -> dict[str, Any]:
    """Returns a schema whose files are what a policy can write; adds their names to `files`."""
    made = dict(schema)
    if isinstance(schema.get("properties"), dict):
        made["properties"] = dict(schema["properties"])
        for name, member in schema["properties"].items():
            items = member.get("items")
            if _is_file(member) or (name in named and _is_text(member)):
                made["properties"][name] = _file(member)
                files.add(name)
            elif isinstance(items, dict) and _is_file(items):
                made["properties"][name] = {**member, "items": _file(items)}
                files.add(name)
    for key in ("allOf", "anyOf", "oneOf"):
        if isinstance(schema.get(key), list):
            made[key] = [_with_files(each, files, named) for each in schema[key]]
    return made


def _is_file(schema: Mapping[str, Any]) -> bool:
    """True for bytes: `format: binary` in 3.0, a media type without an encoding in 3.1."""
    if not _is_text(schema):
        return False
    return schema.get("format") == "binary" or (
        "contentMediaType" in schema and "contentEncoding" not in schema
    )


def _is_text(schema: Mapping[str, Any]) -> bool:
    kinds = schema.get("type", "string")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    structured = ("properties", "items", "allOf", "anyOf", "oneOf")
    return set(kinds) <= {"string", "null"} and not any(key in schema for key in structured)


def _file(schema: Mapping[str, Any]) -> dict[str, Any]:
    told = f"{schema.get('description', '')}\n{_HOW}".strip()
    return {**_FILE, "description": told}


def _bytes(value: Any, name: str) -> tuple[bytes, str | None]:
    """Returns the bytes of a file and its name."""
    if isinstance(value, str):
        return value.encode(), None
    if not isinstance(value, dict) or ("base64" in value) == ("text" in value):
        raise ToolError(f"{name!r} must be a string, or an object with base64 or text")
    named = str(value["filename"]) if value.get("filename") else None
    if "text" in value:
        return str(value["text"]).encode(), named
    try:
        return base64.b64decode(str(value["base64"]), validate=True), named
    except (binascii.Error, ValueError):
        raise ToolError(f"{name!r} holds no base64") from None


def _form_pairs(
    name: str, value: Any, part: Part, encode: Callable[[str], str]
) -> list[tuple[str, str]]:
    if part.style is not None:
        return pairs(name, value, part.style, None if part.style.reserved else encode)
    if isinstance(value, list):
        return [(name, encode(text_of(each))) for each in value if each is not None]
    return [(name, encode(text_of(value)))]


def _parts(name: str, value: Any, part: Part | None) -> list[Any]:
    """Returns the parts that carry one property, as httpx takes them."""
    part = part or Part()
    if part.style is not None and not part.is_file:
        return [
            (place, (None, text.encode())) for place, text in _form_pairs(name, value, part, str)
        ]
    members = value if isinstance(value, list) else [value]
    return [_part(name, member, part) for member in members if member is not None]


def _part(name: str, value: Any, part: Part) -> Any:
    if part.is_file:
        data, filename = _bytes(value, name)
        filename = filename or name
        guessed = mimetypes.guess_type(filename)[0]
        kinds = part.media_types
        kind = guessed if guessed and (not kinds or guessed in kinds) else None
        return name, (filename, data, kind or (kinds[0] if kinds else _BYTES))
    if part.media_types:
        return name, (None, text_of(value).encode(), part.media_types[0])
    if isinstance(value, dict | list):
        return name, (None, as_json(value).encode(), "application/json")
    return name, (None, text_of(value).encode())
