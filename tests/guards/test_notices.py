"""A sentence is for people: code asks for codes. And every code is said by some rule."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from napari_cpam_stroke.core import NoticeCode

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for tree in ("src", "training") for path in sorted((ROOT / tree).rglob("*.py"))]
HOME = ROOT / "src" / "napari_cpam_stroke" / "core" / "notice.py"

SENTENCES = {"sentence", "reasons", "warnings", "facts"}
"""Attributes that hold sentences of notices."""

LOOKS_INTO = {"startswith", "endswith", "find", "index", "count", "removeprefix", "removesuffix", "split", "partition"}
"""Methods that tell one text from another; wrapping, joining and a full stop taken off are display."""

PATTERN = {"match", "search", "fullmatch", "findall", "finditer"}


def parsed_sentences(tree: ast.AST) -> list[int]:
    """Return the lines on which a sentence, or a name that was bound to one, is compared or looked into."""
    names = _names_of_sentences(tree)

    def is_sentence(node: ast.AST) -> bool:
        inner = node.value if isinstance(node, ast.Subscript) else node
        attribute = isinstance(inner, ast.Attribute) and inner.attr in SENTENCES
        return attribute or (isinstance(inner, ast.Name) and inner.id in names)

    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and not all(isinstance(side, ast.Is | ast.IsNot) for side in node.ops):
            operands = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            operands = [node.func.value] if node.func.attr in LOOKS_INTO else []
            operands += node.args if node.func.attr in PATTERN else []
        else:
            continue
        found += [node.lineno] if any(map(is_sentence, operands)) else []
    return found


def _names_of_sentences(tree: ast.AST) -> set[str]:
    """Return the names that loops, comprehensions and assignments bind to sentences."""
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension):
            value, targets = node.iter, [node.target]
        elif isinstance(node, ast.Assign):
            value, targets = node.value, node.targets
        else:
            continue
        held = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
        held = [each.value if isinstance(each, ast.Starred) else each for each in held]
        if any(isinstance(each, ast.Attribute) and each.attr in SENTENCES for each in held):
            bound |= {target.id for target in targets if isinstance(target, ast.Name)}
    return bound


@pytest.mark.parametrize(
    "code",
    [
        "if 'lossy' in volume.warnings: pass",
        "if notice.sentence == OTHER: pass",
        "entry.reasons[0].startswith('A scout')",
        "any(w.startswith('Contrast') for w in entry.warnings)",
        "for fact in volume.facts:\n    re.search('tilt', fact)",
        "first = entry.reasons\nfirst[0].partition(' ')",
        "[s for s in (*entry.reasons, *entry.facts) if 'scout' in s]",
    ],
)
def test_the_guard_sees_a_sentence_that_is_parsed(code: str) -> None:
    assert parsed_sentences(ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        "why = ' '.join(entry.reasons).rstrip('.')",
        "for sentence in entry.facts:\n    say(sentence)",
        "if notice.code is NoticeCode.SCANNER: pass",
        "first = entry.reasons[0] if entry.reasons else ''",
    ],
)
def test_the_guard_lets_a_sentence_be_shown(code: str) -> None:
    assert not parsed_sentences(ast.parse(code))


def test_no_module_parses_a_sentence() -> None:
    found = {path.name: lines for path in SOURCES if (lines := parsed_sentences(ast.parse(path.read_text("utf-8"))))}
    assert found == {}


def test_every_code_is_said_by_a_rule() -> None:
    used = {
        node.attr
        for path in SOURCES
        if path != HOME
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "NoticeCode"
    }
    assert {code.name for code in NoticeCode} - used == set()
