"""Credentials from the environment, put on requests and kept out of everything else."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

from ...ledger.errors import UsageError
from .openapi_headers import is_framing, is_name

_SHORTEST = 4
"""Characters of a secret that is blotted out; shorter ones would blot out ordinary text."""


@dataclass
class Credentials:
    """What a request carries beside its arguments."""

    headers: dict[str, str] = field(default_factory=dict, repr=False)
    query: dict[str, str] = field(default_factory=dict, repr=False)
    cookies: dict[str, str] = field(default_factory=dict, repr=False)
    secrets: set[str] = field(default_factory=set, repr=False)

    def __bool__(self) -> bool:
        return bool(self.headers or self.query or self.cookies)

    def blot(self, text: str) -> str:
        """Returns the text without the secrets, however they are written in it."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "[secret]")
        return text

    def keep_secret(self, value: str) -> None:
        forms = {
            value, quote(value), quote(value, safe=""), quote_plus(value),
            json.dumps(value)[1:-1], base64.b64encode(value.encode()).decode(),
        }  # fmt: skip
        self.secrets |= {form for form in forms if len(form) >= _SHORTEST}


def credentials(
    alternatives: Sequence[Mapping[str, Any]],
    schemes: Mapping[str, Mapping[str, Any]],
    variables: Mapping[str, str],
    operation: str,
) -> Credentials:
    """Returns the credentials of the first alternative whose variables are all named and set.

    A document says which schemes there are and where they go; which variable is read, it does not.

    Args:
        alternatives: what an operation may be called with; empty means with nothing.
        schemes: the document's security schemes.
        variables: the variable of each scheme, as the owner names it.

    Raises:
        UsageError: none is complete; the text names what is lacking.
    """
    missing: list[str] = []
    for needed in alternatives:
        lacking = [one for name in needed if (one := _lacking(name, variables))]
        if not lacking:
            return _filled(needed, schemes, variables)
        missing.append(" and ".join(lacking))
    if not alternatives:
        return Credentials()
    raise UsageError(f"operation {operation!r} needs credentials: {', or '.join(missing)}")


def _lacking(scheme: str, variables: Mapping[str, str]) -> str:
    if scheme not in variables:
        return f"give auth={{{scheme!r}: 'VARIABLE'}}"
    return "" if os.environ.get(variables[scheme]) else f"set the variable {variables[scheme]}"


def _filled(
    needed: Mapping[str, Any],
    schemes: Mapping[str, Mapping[str, Any]],
    variables: Mapping[str, str],
) -> Credentials:
    made = Credentials()
    for name in needed:
        _add(made, schemes.get(name, {}), os.environ[variables[name]].strip(), name)
    return made


def _add(made: Credentials, scheme: Mapping[str, Any], value: str, name: str) -> None:
    kind = scheme.get("type")
    made.keep_secret(value)
    if kind == "apiKey":
        places = {"header": made.headers, "query": made.query, "cookie": made.cookies}
        place = places.get(str(scheme.get("in")))
        if place is None:
            raise UsageError(f"security scheme {name!r} says nowhere to put its key")
        wanted = str(scheme.get("name"))
        if place is not made.query and (is_framing(wanted) or not is_name(wanted)):
            raise UsageError(f"security scheme {name!r} may not put its key into {wanted!r}")
        place[wanted] = value
    elif kind == "http" and str(scheme.get("scheme", "")).lower() == "basic":
        if ":" not in value:
            raise UsageError(f"the variable of scheme {name!r} must hold user:password")
        made.headers["Authorization"] = f"Basic {base64.b64encode(value.encode()).decode()}"
        made.keep_secret(value.partition(":")[2])
    elif kind in ("http", "oauth2", "openIdConnect"):
        made.headers["Authorization"] = f"Bearer {value}"
    else:
        raise UsageError(f"security scheme {name!r} is of a kind that is not known: {kind!r}")
