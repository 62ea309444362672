"""Credentials from the environment, put on requests and kept out of everything else."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...journal.secrets import cleaner_of
from ...ledger.errors import UsageError


@dataclass
class Credentials:
    """What a request carries beside its arguments."""

    headers: dict[str, str] = field(default_factory=dict, repr=False)
    query: dict[str, str] = field(default_factory=dict, repr=False)
    cookies: dict[str, str] = field(default_factory=dict, repr=False)
    secrets: set[str] = field(default_factory=set, repr=False)

    def blot(self, text: str) -> str:
        """Returns the text without the secrets, however they are written in it."""
        return cleaner_of(self.secrets)(text)

    def keep_secret(self, value: str) -> None:
        self.secrets.add(value)


def credentials(
    alternatives: Sequence[Mapping[str, Any]],
    schemes: Mapping[str, Mapping[str, Any]],
    variables: Mapping[str, str],
    operation: str,
) -> Credentials:
    """Returns the credentials of the first alternative whose variables are all set.

    Args:
        alternatives: what an operation may be called with; empty means with nothing.
        schemes: the document's security schemes.
        variables: the variable of a scheme, where it is not the scheme's name in capitals.

    Raises:
        UsageError: none is complete; the text names the variables.
    """
    missing: list[str] = []
    for needed in alternatives:
        lacking = [_variable(name, variables) for name in needed]
        lacking = [variable for variable in lacking if not os.environ.get(variable)]
        if not lacking:
            return _filled(needed, schemes, variables)
        missing.append(" and ".join(lacking))
    if not alternatives:
        return Credentials()
    raise UsageError(
        f"operation {operation!r} needs credentials: set the variable {' or '.join(missing)} "
        "(auth={'SCHEME': 'VARIABLE'} names others)"
    )


def _variable(scheme: str, variables: Mapping[str, str]) -> str:
    return variables.get(scheme) or re.sub(r"[^A-Z0-9]+", "_", scheme.upper()).strip("_")


def _filled(
    needed: Mapping[str, Any],
    schemes: Mapping[str, Mapping[str, Any]],
    variables: Mapping[str, str],
) -> Credentials:
    made = Credentials()
    for name in needed:
        _add(made, schemes.get(name, {}), os.environ[_variable(name, variables)].strip(), name)
    return made


def _add(made: Credentials, scheme: Mapping[str, Any], value: str, name: str) -> None:
    kind = scheme.get("type")
    made.keep_secret(value)
    if kind == "apiKey":
        places = {"header": made.headers, "query": made.query, "cookie": made.cookies}
        place = places.get(str(scheme.get("in")))
        if place is None:
            raise UsageError(f"security scheme {name!r} says nowhere to put its key")
        place[str(scheme.get("name"))] = value
    elif kind == "http" and str(scheme.get("scheme", "")).lower() == "basic":
        if ":" not in value:
            raise UsageError(f"the variable of scheme {name!r} must hold user:password")
        made.headers["Authorization"] = f"Basic {base64.b64encode(value.encode()).decode()}"
        made.keep_secret(value.partition(":")[2])
    elif kind in ("http", "oauth2", "openIdConnect"):
        made.headers["Authorization"] = f"Bearer {value}"
    else:
        raise UsageError(f"security scheme {name!r} is of a kind that is not known: {kind!r}")
