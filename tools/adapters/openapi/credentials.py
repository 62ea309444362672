"""Credentials from the environment, put on requests and kept out of everything else."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ....journal.secrets import cleaner_of
from ....ledger.errors import ToolError, UsageError
from .headers import is_framing, is_name


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
        return cleaner_of(self.secrets)(text)

    def keep_secret(self, value: str) -> None:
        self.secrets.add(value)


class MissingCredentials(UsageError):
    """An operation needs a variable that the owner has not named or set; the text says which."""


def credentials(
    alternatives: Sequence[Mapping[str, Any]],
    schemes: Mapping[str, Mapping[str, Any]],
    variables: Mapping[str, str],
) -> Credentials:
    """Returns the credentials of the first alternative whose variables are all named and set.

    A document says which schemes there are and where they go; which variable is read, it does not.
    Where it says that an operation needs none, none are sent unless the owner named them.

    Args:
        alternatives: what an operation may be called with; empty means with nothing.
        schemes: the document's security schemes.
        variables: the variable of each scheme, as the owner names it.

    Raises:
        MissingCredentials: none is complete; the text names what is lacking.
        ToolError: all of them are of kinds that are not known.
    """
    missing: list[str] = []
    unknown: list[str] = []
    for needed in sorted(alternatives, key=lambda needed: not needed):
        strange = [_strange(name, schemes.get(name)) for name in needed]
        if any(strange):
            unknown += filter(None, strange)
            continue
        lacking = [one for name in needed if (one := _lacking(name, variables))]
        if not lacking:
            return _filled(needed, schemes, variables)
        missing.append(" and ".join(lacking))
    if missing:
        raise MissingCredentials(f"needs credentials: {', or '.join(missing)}")
    if unknown:
        raise ToolError(unknown[0])
    return Credentials()


def _lacking(scheme: str, variables: Mapping[str, str]) -> str:
    if scheme not in variables:
        return f"give auth={{{scheme!r}: 'VARIABLE'}}"
    return "" if os.environ.get(variables[scheme]) else f"set the variable {variables[scheme]}"


def _strange(name: str, scheme: Mapping[str, Any] | None) -> str:
    """Returns why a scheme cannot be used, or nothing."""
    if scheme is None:
        return f"security scheme {name!r} is not in the document"
    kind, how = scheme.get("type"), str(scheme.get("scheme", "")).lower()
    if kind == "apiKey":
        if scheme.get("in") not in ("header", "query", "cookie"):
            return f"security scheme {name!r} says nowhere to put its key"
        wanted = str(scheme.get("name"))
        if scheme["in"] != "query" and (is_framing(wanted) or not is_name(wanted)):
            return f"security scheme {name!r} may not put its key into {wanted!r}"
        return ""
    if kind in ("oauth2", "openIdConnect") or (kind == "http" and how in ("basic", "bearer")):
        return ""
    told = f"{kind} {how}".strip()
    return f"security scheme {name!r} is of a kind that is not known: {told[:200]!r}"


def _filled(
    needed: Mapping[str, Any],
    schemes: Mapping[str, Mapping[str, Any]],
    variables: Mapping[str, str],
) -> Credentials:
    made = Credentials()
    for name in needed:
        _add(made, schemes[name], os.environ[variables[name]].strip(), name)
    return made


def _add(made: Credentials, scheme: Mapping[str, Any], value: str, name: str) -> None:
    made.keep_secret(value)
    if scheme["type"] == "apiKey":
        places = {"header": made.headers, "query": made.query, "cookie": made.cookies}
        places[scheme["in"]][str(scheme["name"])] = value
    elif str(scheme.get("scheme", "")).lower() == "basic":
        if ":" not in value:
            raise UsageError(f"the variable of scheme {name!r} must hold user:password")
        made.headers["Authorization"] = f"Basic {base64.b64encode(value.encode()).decode()}"
        made.keep_secret(value.partition(":")[2])
    else:
        made.headers["Authorization"] = f"Bearer {value}"
