"""How text that others wrote is shown to a person: nothing in it passes for ours or hides."""

from __future__ import annotations

import unicodedata

_BLANK = {
    0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810),
    *range(0xFE00, 0xFE0F), *range(0xE0100, 0xE01F0),
}  # fmt: skip
"""Characters that Unicode calls printable and that show nothing."""

_KEPT = "\t\n"


class _Visible(dict[int, str]):
    """What each character is shown as, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        plain = char.isprintable() or char in _KEPT or unicodedata.category(char) == "Zs"
        self[code] = char if plain and code not in _BLANK else _written_out(code)
        return self[code]


_VISIBLE = _Visible()


def visible(text: str) -> str:
    """Returns the text with what steers a terminal or hides written out: `␛`, `␍`, `⟨U+202E⟩`.

    Tabs and line ends stay.
    """
    return text.translate(_VISIBLE)


def one_line(text: str, most: int = 500) -> str:
    """Returns the beginning of the text on one line, its blanks and line ends as single blanks."""
    return visible(" ".join(text[: 4 * most].split()))[:most]


def quoted(text: str, most: int | None = None) -> str:
    """Returns the text as a person is shown it: several lines are numbered, and counted below.

    Args:
        most: characters that are shown; the line below says how many there are.
    """
    lines = text.split("\n")
    shown = text if most is None else text[:most]
    whole = len(shown) == len(text)
    if len(lines) == 1 and whole:
        return visible(text)
    width = len(str(len(lines)))
    rows = (f"{n:>{width}}│ {visible(line)}" for n, line in enumerate(shown.split("\n"), 1))
    return "\n".join([*rows, f"({'' if whole else 'cut: '}{size(text)})"])


def size(text: str) -> str:
    """Returns `1 line, 42 characters`."""
    lines, characters = text.count("\n") + 1, len(text)
    return (
        f"{lines:,} line{'s' if lines > 1 else ''}, "
        f"{characters:,} character{'' if characters == 1 else 's'}"
    )


def _written_out(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else f"⟨U+{code:04X}⟩"
