"""What the table cannot show: time and memory under attack, and that nothing is written anywhere."""

import subprocess
import sys
from pathlib import Path

import pytest
from hazard_suite import attacks

MAX_SECONDS, MAX_BYTES = 5.0, 2**30
BOMBS = [
    "zip bomb",
    "zip that lies about a size",
    "deflate bomb",
    "60000 x 60000 JPEG 2000",
    "60000 x 60000 in the header",
    "100,000 nested sequences",
    "value length 4 GB",
    "four million elements",
    "pipe, link loop and links",
]
PROGRAM = """
import re, sys, time
from pathlib import Path
from napari_cpam_stroke.dicom import read_series, scan_folder
from napari_cpam_stroke.errors import CpamError
def peak_bytes():  # of this program alone: getrusage also counts the process it was started from
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text()).group(1)) * 1024
scan_folder(sys.argv[1])
for path in sys.argv[2:]:
    start = time.process_time()
    for entry in scan_folder(path).series:
        try:
            read_series(entry)
        except CpamError:
            pass
    print(time.process_time() - start, peak_bytes())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_bombs_cost_neither_time_nor_memory(tmp_path, plain_series):
    """Processor time, so that a busy machine does not matter."""
    folders = []
    for number, hazard in enumerate(h for h in attacks.HAZARDS if h.name in BOMBS):
        folder = tmp_path / str(number)
        folder.mkdir()
        hazard.build(folder)
        folders.append(next(folder.glob("*.zip"), folder))
    assert len(folders) == len(BOMBS)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, plain_series, *folders],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    )
    for name, line in zip(BOMBS, done.stdout.splitlines(), strict=True):
        seconds, memory = map(float, line.split())
        assert seconds < MAX_SECONDS, name
        assert memory < MAX_BYTES, name


def test_nothing_is_written_beside_or_outside_an_archive(tmp_path, plain_series):
    from napari_cpam_stroke.dicom import scan_folder

    inside = tmp_path / "in"
    inside.mkdir()
    for hazard in attacks.HAZARDS:
        if "zip" in hazard.name and "bomb" not in hazard.name:
            hazard.build(inside)
            before = sorted(tmp_path.rglob("*")), sorted(Path("/").glob("outside*"))
            scan_folder(inside)
            assert (sorted(tmp_path.rglob("*")), sorted(Path("/").glob("outside*"))) == before
