"""No file, and no folder, needs itself: neither at import, nor inside a function, nor for the sake of a type."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"napari_cpam_stroke": ROOT / "src", "cpam_train": ROOT / "training"}

Graph = dict[str, set[str]]
Circles = set[frozenset[str]]


def files_of(package: str, root: Path) -> dict[str, Path]:
    """Every file by its dotted name; `__init__.py` goes by the name of its folder."""
    found = {}
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(tree: ast.AST, known: dict[str, Path]) -> Iterator[str]:
    """Every known file that is imported anywhere in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                yield from (name for name in (inside if inside in known else node.module,) if name in known)


def file_graph(package: str, root: Path) -> Graph:
    known = files_of(package, root)
    return {
        name: set(imported(ast.parse(path.read_text(encoding="utf-8")), known)) - {name} for name, path in known.items()
    }


def neighbour_graph(files: Graph) -> Graph:
    """What stands side by side in a folder, and which neighbours it needs, itself or by something inside."""
    needs: Graph = defaultdict(set)
    for name, targets in files.items():
        for target in targets:
            here, there = name.split("."), target.split(".")
            shared = next((n for n, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), None)
            if shared is not None:
                needs[".".join(here[: shared + 1])].add(".".join(there[: shared + 1]))
    return needs


def reached(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    ahead = list(graph.get(start, ()))
    while ahead:
        here = ahead.pop()
        if here not in found:
            found.add(here)
            ahead += graph.get(here, ())
    return found


def circles(graph: Graph) -> Circles:
    """Groups in which everything needs everything, directly or by others."""
    ways = {name: reached(graph, name) for name in graph}
    return {
        frozenset(other for other in way if name in ways.get(other, ())) for name, way in ways.items() if name in way
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_needs_itself(package: str) -> None:
    assert circles(file_graph(package, PACKAGES[package])) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_folder_needs_itself(package: str) -> None:
    assert circles(neighbour_graph(file_graph(package, PACKAGES[package]))) == set()


@pytest.mark.parametrize(
    "back", ["from house.a import f", "def g():\n    import house.a", "if TYPE_CHECKING:\n    from house import a"]
)
def test_a_circle_is_seen_however_it_is_hidden(tmp_path: Path, back: str) -> None:
    (tmp_path / "house" / "room").mkdir(parents=True)
    files = {
        "__init__": "",
        "a": "from house.room import b",
        "room/__init__": "",
        "room/b": back,
        "room/c": "import os",
    }
    for name, text in files.items():
        (tmp_path / "house" / f"{name}.py").write_text(text)
    found = file_graph("house", tmp_path)
    assert circles(found) == {frozenset({"house.a", "house.room.b"})}
    assert circles(neighbour_graph(found)) == {frozenset({"house.a", "house.room"})}
    (tmp_path / "house" / "room" / "b.py").write_text("from house.room.c import f")
    assert circles(file_graph("house", tmp_path)) == set()
