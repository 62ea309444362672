"""Settings from `outlay.toml`, as defaults of the options of every verb."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from .absolute_names import absolute_model, absolute_tool

FILE = "outlay.toml"

_PATHS = ("FILE", "FILE.npz", "DIR", "PATH")
"""What options call a path that they take."""

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


@dataclass(frozen=True)
class SettingsFile:
    """A settings file as it was read, once: what is parsed is what was judged."""

    path: Path
    data: bytes
    trusted: bool
    """True for a file that the owner named or trusts; of others only harmless keys count."""

    @classmethod
    def named(cls, path: Path) -> SettingsFile:
        """Reads the file that the owner names.

        Raises:
            UsageError: it cannot be read.
        """
        return cls(path, _bytes(path), trusted=True)

    @classmethod
    def found(cls, folder: Path) -> SettingsFile | None:
        """Reads the file that is found from a folder.

        Raises:
            UsageError: somebody else may have written it, or it cannot be read.
        """
        path = find(folder)
        if path is None:
            return None
        from .trust.trusted_settings import check_hands, is_trusted

        check_hands(path)
        data = _bytes(path)
        return cls(path, data, is_trusted(path, data))

    def keys(self) -> dict[str, Any]:
        """Returns what the file says, by option, `run.docs` for one of a verb's table."""
        said = _read(self.path, self.data)
        top = {key: value for key, value in said.items() if not isinstance(value, dict)}
        below = {
            f"{verb.replace(' ', '.')}.{key}": value
            for verb, table in _tables(said)
            for key, value in table.items()
        }
        return {**top, **below}

    def held_back(self) -> list[str]:
        """Returns the options that do not count before the owner trusts the file."""
        if self.trusted:
            return []
        return sorted({name for name in map(_option, self.keys()) if name not in self.counting})

    @property
    def counting(self) -> Collection[str]:
        """The options that count without trust."""
        from .trust.trusted_settings import HARMLESS

        return HARMLESS

    def notice(self) -> str:
        """Returns the sentence that names a found file, or "" if it says nothing."""
        from ..journal.foreign_text import one_line
        from .trust.trusted_settings import was_trusted

        place, held = one_line(str(self.path)), self.held_back()
        if not held:
            return f"settings from {place}" if self.keys() else ""
        why = "has changed since you trusted it" if was_trusted(self.path) else "is not trusted"
        names = ", ".join(f"`{one_line(name, 40)}`" for name in held)
        return (
            f"{place} {why}, so {names} there {'does' if len(held) == 1 else 'do'} not count: "
            f"read it, then `outlay trust {place}`"
        )


def defaults(file: SettingsFile, group: Any) -> dict[str, dict[str, Any]]:
    """Returns the settings by verb and option, as typer's `default_map` takes them.

    Args:
        file: the settings; what does not count in it is left out.
        group: the command whose sub-commands are the verbs.

    Raises:
        UsageError: it has a key or a value that makes no sense.
    """
    settings = _Settings(file)
    verbs = dict(_verbs(group))
    found: dict[str, dict[str, Any]] = {verb: {} for verb in verbs}
    tables = _read(file.path, file.data)
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

    def __init__(self, file: SettingsFile) -> None:
        self._path = file.path
        self._counting = None if file.trusted else file.counting

    def share(
        self, key: str, value: Any, verbs: Mapping[str, Any], found: dict[str, dict[str, Any]]
    ) -> bool:
        """Gives a value to every verb that has the option; False if none has."""
        takers = {verb: _options(command).get(_name(key)) for verb, command in verbs.items()}
        counts = self._counting is None or _name(key) in self._counting
        for verb, option in takers.items():
            if option is not None and counts:
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
        folder, text = self._path.parent, str(value)
        if option.metavar in _PATHS:
            return str(folder / text)
        if option.envvar == "OUTLAY_MODEL":
            return absolute_model(text, folder)
        if option.envvar == "OUTLAY_TOOL":
            return absolute_tool(text, folder)
        return text

    def wrong(self, key: str, what: str) -> Exception:
        from ..journal.foreign_text import visible

        return _usage_error(visible(f"{self._path}: `{key}` {what}"))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _usage_error(f"{path} cannot be read: {error.strerror}") from error


def _read(path: Path, data: bytes) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(data.decode("utf-8"))
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


def _option(key: str) -> str:
    """Returns the option of a key such as `run.tool_protocol`."""
    return _name(key.rpartition(".")[2])
