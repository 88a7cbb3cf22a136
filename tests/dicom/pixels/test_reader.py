"""Reading: progress, cancelling, files that change, and workers that die."""

import sys
import time
import tracemalloc

import imagecodecs
import pytest
from hazard_suite.base import datasets, save_all, truth_of
from hazard_suite.pixels import compress
from pydicom.uid import JPEGLSLossless

from napari_cpam_stroke.dicom import read_series, scan_folder
from napari_cpam_stroke.dicom.pixels import decode
from napari_cpam_stroke.errors import CancelledError, SeriesError


@pytest.fixture
def compressed_series(tmp_path):
    items = datasets(truth_of())[:6]
    for item in items:
        compress(item, imagecodecs.jpegls_encode)
    save_all(tmp_path / "jls", items, transfer_syntax=JPEGLSLossless)
    return tmp_path / "jls"


def test_progress_ends_at_all_slices(plain_series):
    seen = []
    read_series(scan_folder(plain_series).series[0], progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (26, 26)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_cancelled_reading_stops(plain_series):
    with pytest.raises(CancelledError):
        read_series(scan_folder(plain_series).series[0], cancelled=lambda: True)


def test_source_frames_name_file_and_instance(plain_series, plain_volume):
    assert {f.path for f in plain_volume.source} == set(plain_series.iterdir())
    assert len({f.sop_instance_uid for f in plain_volume.source}) == 26
    assert plain_volume.case_id
    assert plain_volume.patient_id


def test_file_changed_since_the_scan_is_refused_by_name(tmp_path):
    save_all(tmp_path, datasets(truth_of()))
    entry = scan_folder(tmp_path).series[0]
    path = entry.files[3]
    path.write_bytes(path.read_bytes() + b"\0\0")
    with pytest.raises(SeriesError, match=f"{path.name}.*changed since the scan"):
        read_series(entry)


def test_deleted_file_is_refused_by_name(tmp_path):
    save_all(tmp_path, datasets(truth_of()))
    entry = scan_folder(tmp_path).series[0]
    entry.files[3].unlink()
    with pytest.raises(SeriesError, match=entry.files[3].name):
        read_series(entry)


def test_refused_series_cannot_be_read(tmp_path):
    items = datasets(truth_of())
    for item in items:
        del item.PixelSpacing
    save_all(tmp_path, items)
    with pytest.raises(SeriesError, match="PixelSpacing"):
        read_series(scan_folder(tmp_path).series[0])


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("import os; os._exit(3)", "decoding process"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "decoding process"),
        ("import sys; sys.stdin.buffer.read(50); sys.stdout.buffer.write(b'x' * 3)", "decoding process"),
        ("import time; time.sleep(60)", "decoding process"),
    ],
    ids=["exits", "crashes", "answers nonsense", "hangs"],
)
def test_worker_that_dies_refuses_the_series_and_names_the_file(
    compressed_series, tmp_path, monkeypatch, program, says
):
    (tmp_path / "worker.py").write_text(program, encoding="utf-8")
    monkeypatch.setattr(decode, "DECODE_SECONDS", 1.0)
    monkeypatch.setattr(decode.DecodeWorkers.__init__, "__defaults__", (tmp_path / "worker.py",))
    entry = scan_folder(compressed_series).series[0]
    with pytest.raises(SeriesError, match=rf"IM\d+.*{says}"):
        read_series(entry)


GREEDY = """
import sys, time
sys.stdin.buffer.read(50)
held = []
while True:
    held.append(b"x" * 2**24)
    time.sleep(0.002)
"""


def test_a_worker_that_fills_the_memory_is_ended_where_the_system_sets_no_limit(
    compressed_series, tmp_path, monkeypatch
):
    (tmp_path / "worker.py").write_text(GREEDY, encoding="utf-8")
    monkeypatch.setattr(decode, "WORKER_MEMORY_BYTES", 2**28)
    monkeypatch.setattr(decode, "DECODE_SECONDS", 60.0)
    monkeypatch.setattr(decode.DecodeWorkers.__init__, "__defaults__", (tmp_path / "worker.py",))
    entry = scan_folder(compressed_series).series[0]
    begin = time.monotonic()
    with pytest.raises(SeriesError, match="decoding process"):
        read_series(entry)
    assert time.monotonic() - begin < 50  # by its memory, and not by its time


def test_compressed_series_reads_without_a_main_guard(compressed_series, tmp_path):
    """A script without `if __name__ == "__main__"` must not be run again by the workers."""
    import subprocess

    script = tmp_path / "script.py"
    script.write_text(
        "from napari_cpam_stroke.dicom import read_series, scan_folder\n"
        f"print(read_series(scan_folder({str(compressed_series)!r}).series[0]).shape)\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "(6, 112, 112)"


@pytest.mark.skipif(sys.platform == "win32", reason="needs the posix resource module")
def test_memory_stays_near_the_volume(tmp_path):
    truth = truth_of(tuple(4.0 * i - 60 for i in range(30)), thickness=4.0, shape=(256, 256), spacing=(0.9, 0.9))
    save_all(tmp_path, datasets(truth))
    entry = scan_folder(tmp_path).series[0]
    tracemalloc.start()
    volume = read_series(entry)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.3 * volume.hu.nbytes + 2**20
