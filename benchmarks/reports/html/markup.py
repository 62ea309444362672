"""HTML and SVG as strings: whatever is not already markup is escaped."""

from __future__ import annotations

from html import escape


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def tag(name: str, *children: str | None, **attributes: str | float | None) -> Markup:
    """Returns an element; children that are not `Markup` are escaped, None ones left out.

    Attributes are written with hyphens for underscores, and without an underscore at their end
    (`class_`). None leaves one out; numbers have at most two decimals.
    """
    inner = "".join(map(_child, children))
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{inner}</{name}>")


def join(*parts: str | None) -> Markup:
    """Returns the parts one after the other, escaped like the children of a tag."""
    return Markup("".join(map(_child, parts)))


def _child(child: str | None) -> str:
    if child is None:
        return ""
    return child if isinstance(child, Markup) else escape(child)


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
