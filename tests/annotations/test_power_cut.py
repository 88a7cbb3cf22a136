"""The short form of `benchmarks/power_cut.py`: nothing acknowledged is lost, nothing half is taken for whole."""

import sys
from pathlib import Path

import pytest

from napari_cpam_stroke import files

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

FEW = 40
"""States of each model; the benchmark looks at all."""


@pytest.fixture
def power_cut(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import power_cut
    import traced_calls

    if not traced_calls.can_trace():
        pytest.skip("needs strace, and the right to use it")
    yield power_cut
    for name in ("power_cut", "traced_calls", "disk_model"):
        sys.modules.pop(name)


@pytest.mark.parametrize("work", ["store killed", "draft", "models", "results", "results apart"])
def test_no_cut_takes_what_was_acknowledged(power_cut, tmp_path, work):
    if work == "results" and not can_exchange(tmp_path):
        pytest.skip("needs a file system that exchanges two folders")
    found = power_cut.run(work, tmp_path, most=FEW)
    for model in power_cut.MODELS:
        assert found[model]["states"] >= 10
        assert (found[model]["lost"], found[model]["half"]) == (0, 0), found[model]["faults"]


def can_exchange(folder):
    places = [folder / "one", folder / "other"]
    for place in places:
        place.mkdir()
    return files._exchange(*places)


@pytest.mark.parametrize("use", [Path.read_bytes, lambda path: path.parent.rename(path.parent.with_name("whole"))])
def test_use_of_an_unfinished_file_is_seen(power_cut, tmp_path, use):
    """The ground on which states that differ only in unfinished files are looked at once."""
    import disk_model

    place = f"{files.UNFINISHED_PREFIX}ab{files.UNFINISHED_SUFFIX}"
    tree = disk_model.Tree({1: b"half"}, {disk_model.ROOT: {place: -1}, -1: {"file": 1}})
    state, told = disk_model.State(0, tree, ()), f"half: {place}/file is unfinished and was opened"
    for seen, look in (([], lambda *_: iter(())), ([told], lambda root, _: use(root / place / "file") and iter(()))):
        work = power_cut.Work(power_cut.nothing, (), look)
        assert list(power_cut.faults_in(work, state, tmp_path / "state")) == seen


def test_an_acknowledgement_without_a_wait_is_seen(power_cut, tmp_path, monkeypatch):
    """The model itself: what is said to be kept, and was never synced, is lost in some state."""
    root = tmp_path / "careless"
    root.mkdir()
    script = "import os, sys; open(sys.argv[1], 'w').write('x'); os.write(1, b'ACKNOWLEDGED file\\n')"
    import disk_model
    import traced_calls

    before = traced_calls.tree_of(root)
    traced_calls.traced([sys.executable, "-c", script, str(root / "file")], tmp_path / "calls")
    events = list(traced_calls.Recorder(root, before).events(tmp_path / "calls"))
    for model in power_cut.MODELS:
        left = {
            (bool(state.acknowledged), tuple(state.tree.paths())) for state in disk_model.states(before, events, model)
        }
        assert {(True, ()), (True, (("file", b""),)), (True, (("file", b"x"),))} <= left
