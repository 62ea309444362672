"""Draws docs/images/architecture.svg: the layers, with the modules that the walks of the page pass.

python docs/images/architecture.py
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURE = Path(__file__).with_suffix(".svg")
WALKS = {"dollar": "#0b62c4", "observation": "#1a7f37", "verdict": "#b3261e"}
"""The walks by the last word of their headings, with their colours."""

WIDTH, LEFT, GAP, PAD = 1000, 132, 8, 9
CHIP, DOT, LETTER = 28, 10, 7.9
"""Height of a module, radius of a step's number, width of a letter."""
CODE = 'font-family="\'DejaVu Sans Mono\',Menlo,Consolas,monospace" font-size="13"'
FOLDER = CODE.replace('"13"', '"15" font-weight="bold"')
SAID = 'font-family="\'DejaVu Sans\',Verdana,sans-serif" font-size="14"'
STEP = SAID.replace('"14"', '"11" font-weight="bold" fill="#fff" text-anchor="middle"')


@dataclass
class Module:
    name: str
    steps: list[tuple[str, int]] = field(default_factory=list)
    """The walks that pass it, each with the number of the step."""

    @property
    def width(self) -> float:
        return len(self.name) * LETTER + 16 + len(self.steps) * (2 * DOT + 3)


def layers() -> list[list[str]]:
    """Returns the folders by layer, the highest first; those beside each other share one."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (found,) = [c["layers"] for c in contracts["contracts"] if c["type"] == "layers"]
    return [[name.removeprefix("outlay.") for name in layer.split(" | ")] for layer in found]


def purpose(folder: str) -> str:
    """Returns what CONTRIBUTING says that a folder is for."""
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (found,) = re.findall(rf"^\| \d+ \| `{folder}/` \| (.+) \|$", page, re.MULTILINE)
    return escape(found.replace("`", ""))


def passed(page: str) -> dict[str, dict[str, Module]]:
    """Returns the modules that the walks pass, by folder and name, in the order of the page."""
    folders: dict[str, dict[str, Module]] = {}
    for section in page.split("\n## ")[1:]:
        walk = section.partition("\n")[0].split()[-1]
        for step, path in re.findall(r"^(\d+)\. `([\w/]+)\.py`", section, re.MULTILINE):
            folder, _, name = path.partition("/")
            module = folders.setdefault(folder, {}).setdefault(name, Module(name))
            module.steps.append((walk, int(step)))
    return folders


def rows(modules: list[Module], width: float) -> list[list[Module]]:
    """Returns the modules in as many rows as they need."""
    made: list[list[Module]] = [[]]
    for module in modules:
        if made[-1] and sum(m.width + GAP for m in made[-1]) + module.width > width:
            made.append([])
        made[-1].append(module)
    return made


def draw(page: str) -> str:
    """Returns the picture as SVG."""
    folders = passed(page)
    parts = list(legend())
    y = 58.0
    for layer in layers():
        each = (WIDTH - 24 - GAP * (len(layer) - 1)) / len(layer)
        made = [rows(list(folders.get(f, {}).values()), each - LEFT) for f in layer]
        height = max(len(r) for r in made) * (CHIP + GAP) + PAD
        for place, (folder, lines) in enumerate(zip(layer, made, strict=True)):
            parts += band(folder, lines, 12 + place * (each + GAP), y, each, height)
        y += height + GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0f}" width="{WIDTH}">'
    back = f'<rect width="{WIDTH}" height="{y:.0f}" fill="#fff"/>'
    return "\n".join([head, back, *parts, "</svg>\n"])


def legend() -> Iterator[str]:
    x = 12.0
    for walk, colour in WALKS.items():
        yield f'<circle cx="{x + DOT:.1f}" cy="26" r="{DOT}" fill="{colour}"/>'
        yield f'<text {SAID} x="{x + 26:.1f}" y="31">{walk}</text>'
        x += len(walk) * LETTER + 60
    yield f'<text {SAID} x="{WIDTH - 12}" y="31" text-anchor="end">imports go down ↓</text>'


def band(
    folder: str, lines: list[list[Module]], x: float, y: float, width: float, height: float
) -> Iterator[str]:
    yield box(x, y, width, height, fill="#f6f8fa", line="#d0d7de")
    yield f'<text {FOLDER} x="{x + PAD}" y="{y + PAD + 19:.1f}">{folder}/</text>'
    if lines == [[]]:
        yield f'<text {SAID} x="{x + LEFT - PAD}" y="{y + PAD + 19:.1f}">{purpose(folder)}</text>'
    for number, modules in enumerate(lines):
        left, top = x + LEFT - PAD, y + PAD + number * (CHIP + GAP)
        for module in modules:
            yield from chip(module, left, top)
            left += module.width + GAP


def chip(module: Module, x: float, y: float) -> Iterator[str]:
    yield box(x, y, module.width, CHIP, fill="#fff", line="#8c959f")
    yield f'<text {CODE} x="{x + 8:.1f}" y="{y + 19:.1f}">{escape(module.name)}</text>'
    middle = x + 8 + len(module.name) * LETTER + 6 + DOT
    for walk, step in module.steps:
        yield f'<circle cx="{middle:.1f}" cy="{y + CHIP / 2:.1f}" r="{DOT}" fill="{WALKS[walk]}"/>'
        yield f'<text {STEP} x="{middle:.1f}" y="{y + CHIP / 2 + 4:.1f}">{step}</text>'
        middle += 2 * DOT + 3


def box(x: float, y: float, width: float, height: float, *, fill: str, line: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="5" '
        f'fill="{fill}" stroke="{line}"/>'
    )


if __name__ == "__main__":
    PICTURE.write_text(draw((ROOT / "docs" / "architecture.md").read_text("utf-8")), "utf-8")
