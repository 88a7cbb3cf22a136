"""The faults that the mutation run makes, and that it looks where the modules and their tests are."""

import ast
from textwrap import dedent

import pytest
from mutants import mutants_of
from run import MODULES, ROOT

MODULE = dedent('''
    """A module."""

    LIMIT = 3


    def spread(low: int = 0, *others: int) -> float:
        """Return something."""
        if low < LIMIT and others:
            return low + 0.5
        others.clear()
        return -low
''')

EXPECTED = {
    "module: LIMIT = 3 -> LIMIT = 4",
    "module: LIMIT = 3 -> LIMIT = 2",
    "spread: def spread(low: int=0, *others: int) -> float: -> def spread(low: int=1, *others: int) -> float:",
    "spread: def spread(low: int=0, *others: int) -> float: -> def spread(low: int=-1, *others: int) -> float:",
    "spread: if low < LIMIT and others: -> pass",
    "spread: if low < LIMIT and others: -> if others:",
    "spread: if low < LIMIT and others: -> if low < LIMIT:",
    "spread: if low < LIMIT and others: -> if low <= LIMIT and others:",
    "spread: if low < LIMIT and others: -> if low >= LIMIT and others:",
    "spread: return low + 0.5 -> return None",
    "spread: return low + 0.5 -> return low - 0.5",
    "spread: return low + 0.5 -> return low + 0.75",
    "spread: return low + 0.5 -> return low + 0.25",
    "spread: others.clear() -> pass",
    "spread: return -low -> return None",
    "spread: return -low -> return low",
}


def test_one_fault_at_a_time_and_none_in_words_or_types():
    found = {mutant.name for mutant in mutants_of(MODULE)}
    assert found == EXPECTED


def test_every_mutant_is_a_module_that_differs_from_the_whole_one():
    whole = ast.unparse(ast.parse(MODULE))
    for mutant in mutants_of(MODULE):
        compile(mutant.source, mutant.name, "exec")
        assert mutant.source != whole
    assert ast.unparse(ast.parse(MODULE)) == whole


@pytest.mark.parametrize("module", MODULES)
def test_modules_and_their_tests_are_where_the_run_looks(module):
    assert (ROOT / module).is_file()
    assert all((ROOT / "tests" / name).is_file() for name in MODULES[module])
