"""Every sentence of the guide that tells what to do, or what a key, a menu or a button does, is run by a test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .elsewhere import ELSEWHERE, NOT_RUN, SECTIONS
from .sentences import guide, split

HERE = Path(__file__).parent
TESTS = HERE.parents[1]
MARK = re.compile(
    r"\*[^*\s][^*]*\*"  # a menu, a button or what is read in the window
    r"|\b(?:Ctrl|Shift|Alt)\b|\bF\d+\b|\b[B-Z]\b|\bA[.,)]|\bEsc\b|\bReturn\b"  # a key
    r"|\b(?i:drop|drag|draw|click|tick|choose|press|hold|type|paint|wheel|select)\b"  # a hand
)
"""What a sentence has that a reader can try."""


def steps() -> Iterator[tuple[Path, ast.With, list[str]]]:
    """Yield every step of the tests beside this file, with the sentences it quotes."""
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.With) and (words := _quoted(node)):
                yield path, node, words


def _quoted(node: ast.With) -> list[str]:
    call = node.items[0].context_expr
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "step":
        return [sentence for words in call.args for sentence in split(ast.literal_eval(words))]
    return []


def run_here() -> set[str]:
    return {sentence for _, _, quoted in steps() for sentence in quoted}


def names_in(place: str) -> set[str]:
    """The names of the tests in a file, by its path below `tests`."""
    found = ast.walk(ast.parse((TESTS / place).read_text(encoding="utf-8")))
    return {node.name for node in found if isinstance(node, ast.FunctionDef)}


def test_every_sentence_that_can_be_tried_is_run() -> None:
    known = run_here() | set(ELSEWHERE) | set(NOT_RUN)
    left = [words for words, heading in guide().items() if heading not in SECTIONS and words not in known]
    assert [words for words in left if MARK.search(words)] == []


def test_every_quoted_sentence_is_in_the_guide() -> None:
    listed = run_here() | set(ELSEWHERE) | set(NOT_RUN)
    assert listed - set(guide()) == set()
    assert set(SECTIONS) <= set(guide().values())


def test_every_step_sees_something() -> None:
    blind = [f"{path.name}:{node.lineno}" for path, node, _ in steps() if not _asserts(node)]
    assert blind == []


def _asserts(node: ast.With) -> bool:
    """Whether a step holds an assertion, or a call of numpy's."""
    names = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
    return any(isinstance(each, ast.Assert) for each in ast.walk(node)) or "assert_array_equal" in names


def test_what_is_not_run_here_is_a_short_list_without_doubles() -> None:
    assert run_here() & set(NOT_RUN) == set()
    assert run_here() & set(ELSEWHERE) == set()
    assert set(ELSEWHERE) & set(NOT_RUN) == set()


@pytest.mark.parametrize("place", sorted({*ELSEWHERE.values(), *SECTIONS.values()}))
def test_what_is_run_elsewhere_is_there(place: str) -> None:
    path, _, name = place.partition("::")
    assert (TESTS / path).exists()
    assert not name or name in names_in(path)
