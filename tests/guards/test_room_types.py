"""The parts of the reading room say what they need of it: nothing hides behind `Any`."""

from __future__ import annotations

import ast
from pathlib import Path

WIDGETS = Path(__file__).resolve().parents[2] / "src" / "napari_cpam_stroke" / "widgets"
WHOLE = {"session", "state", "room"}
"""Names under which a whole room, or its state, is passed on."""


def is_any(annotation: ast.expr | None) -> bool:
    return annotation is None or any(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(annotation))


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def untyped(tree: ast.AST) -> list[str]:
    """Parameters and attributes that stand for the room and have no type, or any."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found += [each.arg for each in parameters(node) if each.arg in WHOLE and is_any(each.annotation)]
        elif isinstance(node, ast.AnnAssign) and is_any(node.annotation):
            name = getattr(node.target, "id", None) or getattr(node.target, "attr", "")
            found += [name] if name.lstrip("_") in WHOLE else []
    return found


def test_no_part_takes_any_session() -> None:
    found = {}
    for path in sorted(WIDGETS.rglob("*.py")):
        names = untyped(ast.parse(path.read_text(encoding="utf-8")))
        if names:
            found[str(path.relative_to(WIDGETS))] = names
    assert found == {}


def test_the_check_sees_what_it_forbids() -> None:
    assert untyped(ast.parse("def f(session: Any, state: 'X', *, room): ...")) == ["session", "room"]
    assert untyped(ast.parse("self._session: Any = s\nself._state: RoomState = s")) == ["_session"]
