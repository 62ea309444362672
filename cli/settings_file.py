"""Settings from `outlay.toml`, as defaults of the options of every verb."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

FILE = "outlay.toml"

_OLD_FILE, _OLD_PREFIX = "bursar.toml", "BURSAR_"
"""What settings were called when the package was called bursar."""


def find(folder: Path, name: str = FILE) -> Path | None:
    """Returns the settings file of a folder or of the nearest one above it."""
    for place in (folder, *folder.parents):
        if (place / name).is_file():
            return place / name
    return None


def ignored(folder: Path, variables: Mapping[str, str]) -> str:
    """Returns a sentence about settings of the package's old name, or "" if there are none."""
    file = None if find(folder) else find(folder, _OLD_FILE)
    names = sorted(name for name in variables if name.startswith(_OLD_PREFIX))
    left = [*((str(file),) if file else ()), *names]
    if not left:
        return ""
    return (
        f"not read: {', '.join(left)}; bursar is called outlay, rename them to {FILE} and OUTLAY_…"
    )


def defaults(path: Path | None, group: Any) -> dict[str, dict[str, Any]]:
    """Returns the settings by verb and option, as typer's `default_map` takes them.

    Args:
        path: the file, or None for the one that `find` finds.
        group: the command whose sub-commands are the verbs.

    Raises:
        UsageError: the file cannot be read, or has a key or a value that makes no sense.
    """
    path = path or find(Path.cwd())
    if path is None:
        return {}
    settings = _Settings(path)
    verbs = dict(_verbs(group))
    found: dict[str, dict[str, Any]] = {verb: {} for verb in verbs}
    tables = _read(path)
    for key, value in tables.items():
        if isinstance(value, dict):
            continue
        if not settings.share(key, value, verbs, found):
            known = sorted({name for verb in verbs.values() for name in _options(verb)})
            raise settings.wrong(key, f"is no option: the options are {', '.join(known)}")
    for verb, table in _tables(tables):
        if not table and any(other.startswith(f"{verb} ") for other in verbs):
            continue
        if verb not in verbs:
            raise settings.wrong(verb, f"is no verb: the verbs are {', '.join(verbs)}")
        for key, value in table.items():
            if not settings.share(key, value, {verb: verbs[verb]}, found):
                known = sorted(_options(verbs[verb]))
                raise settings.wrong(
                    f"{verb}.{key}", f"is no option: {verb} has {', '.join(known)}"
                )
    return _nested(found)


def _verbs(group: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yields the verbs and those of groups, `train rows`, each with its command."""
    for name, command in group.commands.items():
        verb = f"{above} {name}".strip()
        if hasattr(command, "commands"):
            yield from _verbs(command, verb)
        else:
            yield verb, command


def _tables(tables: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields what a file says of each verb, `[train.rows]` as `train rows`."""
    for name, table in tables.items():
        if isinstance(table, dict):
            verb = f"{above} {name}".strip()
            yield verb, {key: each for key, each in table.items() if not isinstance(each, dict)}
            yield from _tables(table, verb)


def _nested(found: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    nested: dict[str, dict[str, Any]] = {}
    for verb, settings in found.items():
        place = nested
        *groups, name = verb.split()
        for group in groups:
            place = place.setdefault(group, {})
        place[name] = settings
    return nested


class _Settings:
    """Values of one file on their way to options."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def share(
        self, key: str, value: Any, verbs: Mapping[str, Any], found: dict[str, dict[str, Any]]
    ) -> bool:
        """Gives a value to every verb that has the option; False if none has."""
        takers = {verb: _options(command).get(_name(key)) for verb, command in verbs.items()}
        for verb, option in takers.items():
            if option is not None:
                found[verb][option.name] = self._value(key, value, option, verbs[verb])
        return any(takers.values())

    def _value(self, key: str, value: Any, option: Any, command: Any) -> Any:
        several = option.multiple
        values = value if isinstance(value, list) else [value]
        if isinstance(value, list) and not several:
            raise self.wrong(key, "takes one value, not a list")
        is_flag = getattr(option, "is_flag", False)
        if any(isinstance(each, dict) or isinstance(each, bool) != is_flag for each in values):
            wanted = "true or false" if is_flag else "text or a number"
            raise self.wrong(key, f"must be {wanted}, not {value!r}")
        texts = [each if is_flag else self._text(each, option) for each in values]
        made: Any = texts if several else texts[0]
        try:
            option.process_value(typer.Context(command), made)
        except typer.BadParameter as error:
            raise self.wrong(key, f"makes no sense: {error.message.rstrip('.')}") from error
        return made

    def _text(self, value: Any, option: Any) -> str:
        """Paths are relative to the folder of the file, not to the one that outlay runs in."""
        if option.metavar in ("FILE", "DIR"):
            return str(self._path.parent / str(value))
        return str(value)

    def wrong(self, key: str, what: str) -> Exception:
        return _usage_error(f"{self._path}: `{key}` {what}")


def _read(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _usage_error(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _usage_error(f"{path} is not TOML: {error}") from error


def _usage_error(text: str) -> Exception:
    from ..ledger.errors import UsageError

    return UsageError(text)


def _options(command: Any) -> dict[str, Any]:
    """Returns the options of a verb by the name of their flag."""
    return dict(_named(command))


def _named(command: Any) -> Iterator[tuple[str, Any]]:
    for parameter in command.params:
        if parameter.param_type_name == "option" and parameter.name != "help":
            yield _name(parameter.name), parameter


def _name(key: str) -> str:
    return key.replace("_", "-")
