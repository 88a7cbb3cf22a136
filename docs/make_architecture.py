"""The rooms of the program and of the trainer and who imports whom, drawn from the imports themselves.

Run: python docs/make_architecture.py (writes docs/pictures/architecture.svg; a test says when it is out of date)
Each panel shows the files and folders of one folder; an arrow leads from what imports to what is imported, always
downwards. Arrows that follow from others are left out. A red arrow would run back up: a circle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

import grimp

TARGET = Path(__file__).parent / "pictures" / "architecture.svg"
PACKAGES = ("napari_cpam_stroke", "cpam_train")
COLUMNS = (
    {"napari_cpam_stroke": "The program: src/napari_cpam_stroke", "cpam_train": "The trainer: training/cpam_train"},
    {"napari_cpam_stroke.dicom": "Inside dicom/", "napari_cpam_stroke.widgets": "Inside widgets/"},
)
"""Packages drawn as panels, from left to right and from top to bottom, with their titles."""

BOX_HEIGHT, ROW_HEIGHT, GAP, BEND_WIDTH = 26, 62, 22, 14
LETTER_WIDTH, BOX_PADDING, PANEL_PADDING, TITLE_HEIGHT, HEAD = 7.6, 26, 24, 40, 4
"""Measures in pixels of the picture."""

SWEEPS = 24
"""Passes over the rows that bring what belongs together near to each other."""

STYLE = """
text { font: 13px sans-serif; fill: #1b2733; text-anchor: middle }
.title { font-weight: bold; font-size: 14px; text-anchor: start }
.panel { fill: #fafbfc; stroke: #c9d2da }
.folder { fill: #dcebf7; stroke: #3b6ea5 } .file { fill: #ffffff; stroke: #8795a1 }
.arrow { fill: none; stroke: #5c6b78; stroke-width: 1.1 } .back { stroke: #c0392b; stroke-width: 2 }
.head { fill: #5c6b78 }
"""

Edge = tuple[str, str]


@dataclass
class Spot:
    """A box, or a bend where a long arrow passes a row (empty label)."""

    label: str
    row: int
    x: float = 0.0
    above: list[Spot] = field(default_factory=list, repr=False)
    below: list[Spot] = field(default_factory=list, repr=False)

    @property
    def width(self) -> float:
        return len(self.label) * LETTER_WIDTH + BOX_PADDING if self.label else BEND_WIDTH


def imports_between(graph: grimp.ImportGraph, package: str) -> tuple[list[str], set[Edge]]:
    """Return the children of a package and which of them imports which, by short names."""
    children = sorted(graph.find_children(package))
    home = {module: child for child in children for module in {child, *graph.find_descendants(child)}}
    edges = {
        (home[module], home[target])
        for module in home
        for target in graph.find_modules_directly_imported_by(module)
        if target in home and home[target] != home[module]
    }
    return [short(c) for c in children], {(short(a), short(b)) for a, b in edges}


def short(module: str) -> str:
    return module.rpartition(".")[2]


def back_edges(names: Iterable[str], edges: set[Edge]) -> set[Edge]:
    """Return the edges that close a circle when the graph is walked in alphabetical order."""
    found: set[Edge] = set()
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        for target in sorted(b for a, b in edges if a == name):
            if target in path:
                found.add((name, target))
            elif target not in done:
                walk(target, (*path, target))
        done.add(name)

    for name in names:
        if name not in done:
            walk(name, (name,))
    return found


def reach(name: str, edges: set[Edge]) -> set[str]:
    """Return everything that a name leads to."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        here = waiting.pop()
        new = {b for a, b in edges if a == here} - found
        found |= new
        waiting += new
    return found


def needed(edges: set[Edge]) -> set[Edge]:
    """Return the edges that do not follow from others."""
    return {
        (a, b)
        for a, b in edges
        if not any(b in reach(other, edges) for first, other in edges if first == a and other != b)
    }


def rows_of(names: list[str], edges: set[Edge]) -> dict[str, int]:
    """Return each name's row: 0 imports nothing here, else one above the highest that it imports."""
    rows: dict[str, int] = {}
    while len(rows) < len(names):
        for name in names:
            targets = [b for a, b in edges if a == name]
            if name not in rows and all(b in rows for b in targets):
                rows[name] = 1 + max((rows[b] for b in targets), default=-1)
    return rows


def spots_of(rows: dict[str, int], edges: set[Edge]) -> tuple[dict[str, Spot], list[list[Spot]]]:
    """Return the boxes by name and everything in its row, joined from row to row.

    Arrows to one box that pass a row share their bend there.
    """
    boxes = {name: Spot(name, row) for name, row in sorted(rows.items())}
    bends: dict[tuple[str, int], Spot] = {}
    for start, end in sorted(edges):
        here = boxes[start]
        for row in range(here.row - 1, rows[end] - 1, -1):
            is_known = row == rows[end] or (end, row) in bends
            below = boxes[end] if row == rows[end] else bends.setdefault((end, row), Spot("", row))
            here.below.append(below)
            below.above.append(here)
            if is_known:
                break
            here = below
    grid: list[list[Spot]] = [[] for _ in range(max(rows.values()) + 1)]
    for spot in (*boxes.values(), *bends.values()):
        grid[spot.row].append(spot)
    return boxes, grid


def arrange(grid: list[list[Spot]]) -> None:
    """Give every spot its x: near what it is joined to, in turns from above and from below, nothing overlapping."""
    for row in grid:
        settle(row, [0.0] * len(row))
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        for row in reversed(grid) if downwards else grid:
            joined = [(spot.above if downwards else spot.below) or [spot] for spot in row]
            wanted = {id(spot): mean(s.x for s in near) for spot, near in zip(row, joined, strict=True)}
            if sweep < SWEEPS // 2:
                row.sort(key=lambda spot: (wanted[id(spot)], spot.label))
            settle(row, [wanted[id(spot)] for spot in row])


def settle(row: list[Spot], wanted: list[float]) -> None:
    """Place a row in its order, as near to the wanted places as the widths allow."""
    edge = float("-inf")
    for spot, x in zip(row, wanted, strict=True):
        spot.x = max(x, edge + spot.width / 2)
        edge = spot.x + spot.width / 2 + GAP
    shift = mean(x - spot.x for spot, x in zip(row, wanted, strict=True))
    for spot in row:
        spot.x += shift


@dataclass(frozen=True)
class Panel:
    """One package drawn: its marks, its width and its height."""

    marks: list[str]
    width: float
    height: float


def panel(graph: grimp.ImportGraph, package: str, title: str) -> Panel:
    """Return the picture of one package, its upper left corner at 0, 0."""
    names, edges = imports_between(graph, package)
    backwards = back_edges(names, edges)
    arrows = needed(edges - backwards)
    boxes, grid = spots_of(rows_of(names, arrows), arrows)
    arrange(grid)
    spots = [spot for row in grid for spot in row]
    left = min(s.x - s.width / 2 for s in spots) - PANEL_PADDING
    for spot in spots:
        spot.x -= left
    y = [float(TITLE_HEIGHT + row * ROW_HEIGHT) for row in reversed(range(len(grid)))]
    stretches = [arrow(boxes[a], boxes[b], y, "arrow back") for a, b in sorted(backwards)]
    stretches += [arrow(spot, below, y, "arrow") for spot in spots for below in spot.below]
    drawn = [
        box(boxes[name], y, is_folder=bool(graph.find_children(f"{package}.{name}")), module=f"{package}.{name}")
        for name in names
    ]
    width, height = max(s.x + s.width / 2 for s in spots) + PANEL_PADDING, TITLE_HEIGHT + len(grid) * ROW_HEIGHT - 16
    frame = f'<rect class="panel" width="{width:.0f}" height="{height}" rx="6"/>'
    return Panel([frame, f'<text class="title" x="14" y="24">{title}</text>', *stretches, *drawn], width, height)


def arrow(start: Spot, end: Spot, y: list[float], kind: str) -> str:
    """Return one stretch of an arrow: to the head on a box, or straight through the row where it bends."""
    upper, lower = y[start.row] + BOX_HEIGHT, y[end.row]
    middle = (upper + lower) / 2
    curve = f"M {start.x:.0f} {upper:.0f} C {start.x:.0f} {middle:.0f} {end.x:.0f} {middle:.0f} {end.x:.0f} {lower:.0f}"
    if not end.label:
        return f'<path class="{kind}" d="{curve} v {BOX_HEIGHT}"/>'
    head = f"M {end.x:.0f} {lower:.0f} l {-HEAD} {-2 * HEAD} h {2 * HEAD} z"
    return f'<path class="{kind}" d="{curve}"/><path class="head" d="{head}"/>'


def box(spot: Spot, y: list[float], *, is_folder: bool, module: str) -> str:
    """Return the marks of one file or folder."""
    kind, label = ("folder", f"{spot.label}/") if is_folder else ("file", f"{spot.label}.py")
    place = f'x="{spot.x - spot.width / 2:.0f}" y="{y[spot.row]:.0f}" width="{spot.width:.0f}" height="{BOX_HEIGHT}"'
    text = f'<text x="{spot.x:.0f}" y="{y[spot.row] + 17:.0f}">{label}</text>'
    return f'<rect id="{module}" class="{kind}" {place} rx="4"/>{text}'


def picture() -> str:
    """Return the whole picture as SVG."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    marks: list[str] = []
    left, lowest = 0.0, 0.0
    for column in COLUMNS:
        top, widest = 0.0, 0.0
        for package, title in column.items():
            drawn = panel(graph, package, title)
            marks += [f'<g transform="translate({left:.0f} {top:.0f})">', *drawn.marks, "</g>"]
            top, widest = top + drawn.height + PANEL_PADDING, max(widest, drawn.width)
        left, lowest = left + widest + PANEL_PADDING, max(lowest, top)
    size = f'viewBox="-4 -4 {left - PANEL_PADDING + 8:.0f} {lowest - PANEL_PADDING + 8:.0f}"'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    return "\n".join([opening, f"<style>{STYLE}</style>", *marks, "</svg>\n"])


if __name__ == "__main__":
    TARGET.write_text(picture(), encoding="utf-8")
