import hashlib
import json
import os
import platform
import signal
import subprocess
import sys

import numpy as np
import pytest

from napari_cpam_stroke.annotations.recovery import Journal, Snapshot, _header_line, recovery_folder
from napari_cpam_stroke.errors import GeometryMismatchError, StoreError

HASH = "c0ffee" * 10


def snapshot(slices, **other):
    return Snapshot("case", "Ada", other.get("base"), (5, 6, 7), slices, other.get("stated", {}))


def from_another_program(folder, *, only=None, **header):
    """Make the journals of this process look like those of one that ended; return them."""
    changed = [path for path in sorted(folder.glob(f"{HASH[:16]}*.journal")) if only in {None, path}]
    for path in changed:
        first, rest = path.read_bytes().split(b"\n", 1)
        values = json.loads(first.split(b" ", 1)[1]) | {"program": "ended"} | header
        path.write_bytes(_header_line(values) + rest)
    return changed


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
    assert [path.suffix for path in tmp_path.iterdir()] == [".running"]


WRITING = """
import sys, time, numpy as np
from pathlib import Path
from napari_cpam_stroke.annotations.recovery import Journal, Snapshot
Journal(Path(sys.argv[1]), "c0ffee" * 10).write(Snapshot("case", "Ada", None, (5, 6, 7), {}, {}))
print("written", flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_a_draft_is_left_alone_as_long_as_its_program_runs_and_no_longer(tmp_path):
    with subprocess.Popen([sys.executable, "-c", WRITING, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "written\n"
        assert Journal.pending(tmp_path) == []
        other.send_signal(signal.SIGKILL)
    (pending,) = Journal.pending(tmp_path)
    assert pending.author == "Ada"
    assert list(tmp_path.glob("*.running")) == [], "who has ended has no lock"


def test_a_process_number_that_another_program_has_now_hides_no_draft(tmp_path):
    Journal(tmp_path, HASH).write(snapshot({}))
    for number in (os.getpid(), os.getppid(), 1):
        from_another_program(tmp_path, process=number, host=platform.node())
        assert len(Journal.pending(tmp_path)) == 1


@pytest.mark.parametrize("program", ["../../x", "/etc/passwd", "", "a" * 5000, "a\0b"])
def test_the_name_of_a_program_leads_nowhere_else(tmp_path, program):
    outside = tmp_path / "x.running"
    outside.touch()
    folder = tmp_path / "home" / "recovery"
    Journal(folder, HASH).write(snapshot({}))
    from_another_program(folder, program=program)
    found, unreadable = Journal.left_behind(folder)
    assert len(found) + len(unreadable) == 1
    assert outside.exists()


@pytest.mark.skipif(os.name == "nt", reason="pipes of Unix")
def test_what_is_no_draft_is_told_and_stops_no_other(tmp_path):
    Journal(tmp_path, HASH).write(snapshot({}))
    Journal(tmp_path, HASH).write(snapshot({1: np.ones((6, 7), np.uint8)}))
    os.mkfifo(tmp_path / "a-pipe.journal")
    (tmp_path / "b-folder.journal").mkdir()
    (tmp_path / "c-empty.journal").touch()
    (tmp_path / "d-link.journal").symlink_to("/dev/zero")
    whole = from_another_program(tmp_path)
    from_another_program(tmp_path, only=whole[0], format=99)
    found, unreadable = Journal.left_behind(tmp_path)
    assert len(found) == 1
    assert {path.name[:2] for path in unreadable} == {"a-", "b-", "c-", "d-", whole[0].name[:2]}


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


@pytest.mark.parametrize(
    "change",
    [
        {"slices": ["a"]},
        {"slices": [9]},
        {"shape": [2, "b", 4]},
        {"shape": [10**6, 10**6, 10**6]},
        {"case_id": ["c"]},
        {"written": "2026-01-01T00:00:00"},
        {"stated": 3},
        {"stack": 5},
    ],
)
def test_a_journal_sealed_over_values_that_cannot_be_is_set_aside(tmp_path, change):
    good = {
        "content_hash": "ab",
        "case_id": "c",
        "author": "a",
        "base": None,
        "shape": [2, 3, 4],
        "slices": [],
        "stated": {},
        "stack": None,
        "written": "2026-01-01T00:00:00+00:00",
        "program": "gone",
    }
    for name, values in (("good", good), ("bad", good | change), ("list", [1])):
        text = json.dumps(values).encode()
        (tmp_path / f"{name}.journal").write_bytes(hashlib.sha256(text).hexdigest().encode() + b" " + text + b"\n")
    found, unreadable = Journal.left_behind(tmp_path)
    assert [pending.path.stem for pending in found] == ["good"]
    assert {path.stem for path in unreadable} == {"bad", "list"}
