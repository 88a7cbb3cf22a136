import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from napari_cpam_stroke.annotations.recovery import PROGRAM, Journal, Snapshot, _still_running, recovery_folder
from napari_cpam_stroke.errors import GeometryMismatchError, StoreError

HASH = "c0ffee" * 10


def snapshot(slices, **other):
    return Snapshot("case", "Ada", other.get("base"), (5, 6, 7), slices, other.get("stated", {}))


def from_another_program(folder):
    """Make the journals of this process look like those of one that ended."""
    for path in folder.glob("*.journal"):
        first, rest = path.read_bytes().split(b"\n", 1)
        from napari_cpam_stroke.annotations.recovery import _header_line, json

        header = json.loads(first.split(b" ", 1)[1])
        path.write_bytes(_header_line(header | {"program": "ended", "process": 2**22 + 1}) + rest)


def test_strokes_come_back_onto_their_base(tmp_path):
    drawn = {1: np.full((6, 7), 2, np.uint8), 4: np.eye(6, 7, dtype=np.uint8)}
    Journal(tmp_path, HASH).write(snapshot(drawn, base="r1", stated={"status": "new"}))
    assert Journal.pending(tmp_path) == [], "a running program needs no recovery"
    from_another_program(tmp_path)
    (pending,) = Journal.pending(tmp_path, HASH)
    assert (pending.case_id, pending.author, pending.base, pending.slices) == ("case", "Ada", "r1", (1, 4))
    assert pending.stated == {"status": "new"}
    base = np.full((5, 6, 7), 1, np.uint8)
    restored = pending.restore(base)
    np.testing.assert_array_equal(restored[[1, 4]], np.stack([drawn[1], drawn[4]]))
    assert (restored[[0, 2, 3]] == 1).all()
    assert (base == 1).all()
    assert not pending.restore(None)[0].any()
    pending.discard()
    assert Journal.pending(tmp_path) == []


def test_strokes_of_another_series_or_damaged_ones_are_never_given_back(tmp_path, caplog):
    journal = Journal(tmp_path, HASH)
    journal.write(snapshot({0: np.ones((6, 7), np.uint8)}))
    from_another_program(tmp_path)
    assert Journal.pending(tmp_path, "f" * 60) == []
    (pending,) = Journal.pending(tmp_path)
    with pytest.raises(GeometryMismatchError, match="another series"):
        pending.restore(np.zeros((4, 6, 7), np.uint8))
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(StoreError, match="cannot be read"):
        pending.restore(None)
    journal.path.write_bytes(b"x" + whole)
    assert Journal.pending(tmp_path) == []
    assert "cannot be read" in caplog.text


def test_it_is_due_every_few_seconds(tmp_path):
    now = [100.0]
    journal = Journal(tmp_path, HASH, interval_s=5, clock=lambda: now[0])
    assert journal.due
    journal.write(snapshot({}))
    now[0] += 4.9
    assert not journal.due
    now[0] += 0.1
    assert journal.due
    journal.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_runs_is_left_alone():
    import platform

    here, other = platform.node(), os.getppid()
    assert _still_running(PROGRAM, os.getpid(), here)
    assert _still_running("other", other, here)
    assert not _still_running("other", os.getpid(), here), "its number is ours now, so it has ended"
    assert not _still_running("other", other, "another machine")
    assert not _still_running("other", 2**22 + 1, here)


def test_two_windows_on_one_series_do_not_share_a_journal(tmp_path):
    first, second = Journal(tmp_path, HASH), Journal(tmp_path, HASH)
    first.write(snapshot({0: np.ones((6, 7), np.uint8)}))
    second.write(snapshot({}))
    second.discard()
    assert first.path.exists()


def test_the_usual_folder_is_the_programs_own(isolated_home):
    assert recovery_folder() == isolated_home / "recovery"


DRAWING = """
import sys, numpy as np
from pathlib import Path
from napari_cpam_stroke.annotations.recovery import Journal, Snapshot
journal = Journal(Path(sys.argv[1]), "c0ffee" * 10)
mask = np.zeros((40, 64, 64), np.uint8)
for step in range(1, 100000):
    mask.reshape(-1)[:step] = 1
    journal.write(Snapshot("case", "Ada", None, mask.shape, dict(enumerate(mask)), {}))
    print(step, flush=True)
"""

SAVING = """
import sys, numpy as np
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import Annotation, CTVolume
store = AnnotationStore.open(sys.argv[1])
store.add_case(CTVolume(np.zeros((40, 64, 64), np.int16), None, "case"), source="x")
mask, head = np.zeros((40, 64, 64), np.uint8), None
for step in range(1, 100000):
    mask.reshape(-1)[:step] = 1
    head = store.save("case", Annotation.from_mask(mask), author="Ada", parent=head).id
    print(step, flush=True)
"""


def killed_after(script, folder, steps):
    """Run a script, kill it in the middle of its work, and return the last step it reported as done."""
    with subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if int(line) >= steps:
                break
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split()
    return int(rest[-1]) if rest else int(line)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
@pytest.mark.parametrize("steps", [7])
def test_killed_while_drawing_nothing_that_was_kept_is_lost(tmp_path, steps):
    kept = killed_after(DRAWING, tmp_path, steps)
    (pending,) = Journal.pending(tmp_path)
    assert np.count_nonzero(pending.restore(None)) in {kept, kept + 1}


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
@pytest.mark.parametrize("steps", [4])
def test_killed_while_saving_nothing_that_was_saved_is_lost(tmp_path, steps):
    from napari_cpam_stroke.annotations import AnnotationStore

    saved = killed_after(SAVING, tmp_path / "s", steps)
    with AnnotationStore.open(tmp_path / "s", create=False) as store:
        numbers = [revision.number for revision in store.revisions("case")]
        assert numbers in (list(range(1, saved + 1)), list(range(1, saved + 2)))
        for revision in store.revisions("case"):
            assert np.count_nonzero(store.read_mask(revision.id)) == revision.number
        assert all("do no harm" in sentence for sentence in store.check())
