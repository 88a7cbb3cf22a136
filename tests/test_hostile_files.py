"""Short form of `benchmarks/hostile_files.py`: changed input at every entry is answered, or refused in a sentence."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from hostile.doors import UndeclaredError
from hostile.entries import ENTRIES
from hostile.entry import Bench
from hostile.places import KINDS

SEED = 7
ENDLESS = [place for place in KINDS if place.__name__ in {"a_sparse_file", "a_pipe", "a_link_to_a_device"}]
LONGEST_S = 10.0
"""Of the processor; what waits for ever is ended by the time limit of a test."""


@pytest.mark.parametrize("name", ENTRIES)
def test_changed_input_is_answered_or_refused_in_one_sentence(name, tmp_path):
    bench, faults, answered = Bench(name, ENTRIES[name], tmp_path / "bench"), [], 0
    for number in range(ENTRIES[name].short):
        begin = time.process_time()
        try:
            answered += not bench.attempt(SEED, number).refused
        except UndeclaredError as error:
            faults.append(f"{number}: {error}")
        if time.process_time() - begin > LONGEST_S:
            faults.append(f"{number}: took more than {LONGEST_S:g} s of the processor")
    assert not faults
    assert answered
    for pattern in ENTRIES[name].change:
        for place in ENDLESS:
            begin = time.process_time()
            bench.attempt_place(pattern, place)
            assert time.process_time() - begin < LONGEST_S, f"{place.__name__} for {pattern}"
