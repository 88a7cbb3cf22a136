"""Public functions that take or give arrays say in their docstring which shape these have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TREES = (ROOT / "src" / "napari_cpam_stroke", ROOT / "training" / "cpam_train")

ALIAS = re.compile(r"^(\w+) = (?:NDArray\[|np\.ndarray\[)", re.MULTILINE)
ARRAYS = {"NDArray", "ndarray", "ArrayLike", "Tensor"}
"""Types whose values have a shape; so do the names that a file gives to them or imports from one that does."""

SIZE = r"(?:\.\.\.|\w+(?: ?[*+-] ?\w+)?)"
INDEX = r"(?:z, )?y, x\)|x, y(?:, z)?\)"
SAYS = re.compile(rf"\((?!{INDEX})(?:{SIZE},|(?:{SIZE}, )+{SIZE})\)|\b(?:[Ss]calars?|same shape|any shape)\b")
"""A shape such as (Z, Y, X), (N, 3), (Z,) or (N, ...), or those words; (z, y, x) is one voxel and no shape."""


def module_of(path: Path) -> str:
    tree = next(tree for tree in TREES if path.is_relative_to(tree))
    return ".".join(path.relative_to(tree.parent).with_suffix("").parts)


ALIASES = {
    module_of(path): set(ALIAS.findall(path.read_text(encoding="utf-8")))
    for tree in TREES
    for path in tree.rglob("*.py")
}


def array_names(text: str) -> set[str]:
    """Return every name that means an array in a file."""
    names = ARRAYS | set(ALIAS.findall(text))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            names |= ALIASES.get(node.module or "", set()) & {alias.name for alias in node.names}
    return names


def names_in(annotation: ast.expr | None) -> set[str]:
    """Return the names in a type, those in quotes too."""
    if annotation is None:
        return set()
    names: set[str] = set()
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names |= set(re.findall(r"\w+", node.value))
    return names


def has_arrays(function: ast.FunctionDef, arrays: set[str]) -> bool:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    types = [argument.annotation for argument in every] + [function.returns]
    return any(names_in(each) & arrays for each in types)


def public_functions(tree: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield f"{prefix}{node.name}", node


def without_shape(text: str) -> list[str]:
    """Return the public functions with arrays whose docstring names no shape."""
    arrays = array_names(text)
    functions = [(name, node) for name, node in public_functions(ast.parse(text)) if has_arrays(node, arrays)]
    return [name for name, node in functions if not SAYS.search(ast.get_docstring(node) or "")]


@cache
def faults() -> dict[str, list[str]]:
    files = sorted(path for tree in TREES for path in tree.rglob("*.py"))
    found = {path.relative_to(ROOT).as_posix(): without_shape(path.read_text(encoding="utf-8")) for path in files}
    return {path: names for path, names in found.items() if names}


def test_every_array_has_a_shape_in_its_docstring() -> None:
    assert faults() == {}


@pytest.mark.parametrize("shape", ["(Z, Y, X)", "(N, 3)", "(B, C, H, W)", "(Z,)", "(Z, 2)", "(N, ...)", "same shape"])
def test_a_shape_is_recognised(shape: str) -> None:
    assert without_shape(f'def f(mask: NDArray[np.uint8]) -> int:\n    """Count {shape} voxels."""') == []


@pytest.mark.parametrize(
    "words", ["Count voxels.", "Count voxels (of a mask).", "Return (the mask, or none).", "Voxel (z, y, x)."]
)
def test_a_missing_shape_is_seen(words: str) -> None:
    text = f'class A:\n    def f(self, mask: "NDArray[np.uint8] | None") -> int:\n        """{words}"""'
    assert without_shape(text) == ["A.f"]


def test_a_name_for_an_array_is_seen_through() -> None:
    text = 'from napari_cpam_stroke.core.arrays import Mask\ndef f(mask: Mask) -> int:\n    """Count voxels."""'
    assert without_shape(text) == ["f"]
