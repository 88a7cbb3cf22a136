"""The short form of `benchmarks/store_damage.py`: no flipped bit goes unseen or changes what is handed out."""

import runpy
from pathlib import Path

HARNESS = Path(__file__).parents[2] / "benchmarks" / "store_damage.py"

FLIPS = 100


def test_no_flipped_bit_goes_unseen_or_is_handed_out(tmp_path):
    counts, faults = runpy.run_path(str(HARNESS))["run"](tmp_path, flips=FLIPS, seed=7)
    assert counts["told"] + counts["harmless"] == FLIPS, faults
    assert counts["told"] >= FLIPS // 5
