"""A process that outlives who started it, known again by number and birth."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from napari_cpam_stroke.retraining.started_process import LOW_PRIORITY, StartedProcess, start_process

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
STARTER = """
import sys
from pathlib import Path
from napari_cpam_stroke.retraining.started_process import start_process
made = start_process([sys.executable, "-c", "import time; time.sleep(60)"], log=Path(sys.argv[1]))
print(made.pid, made.born)
"""


def ends(process, seconds=20):
    for _ in range(seconds * 20):
        if not process.running:
            return True
        time.sleep(0.05)
    return False


def test_it_runs_apart_at_low_priority_and_ends_when_asked(tmp_path):
    made = start_process(SLEEP, log=tmp_path / "log.txt", out=tmp_path / "out.txt")
    try:
        assert made.running
        own = psutil.Process(made.pid)
        if sys.platform != "win32":
            import os

            assert os.getsid(made.pid) == made.pid
            assert own.nice() >= LOW_PRIORITY
        for _ in range(400):
            if (tmp_path / "out.txt").read_text():
                break
            time.sleep(0.05)
        made.stop()
        assert ends(made)
        assert "KeyboardInterrupt" in (tmp_path / "log.txt").read_text()
        made.stop()
    finally:
        if made.running:
            psutil.Process(made.pid).kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no Ctrl-C to ignore")
def test_it_can_be_stopped_though_its_starter_ignores_ctrl_c(tmp_path):
    ignoring = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{STARTER}"
    done = subprocess.run(
        [sys.executable, "-c", ignoring, str(tmp_path / "log.txt")], capture_output=True, text=True, check=True
    )
    pid, born = done.stdout.split()
    started = StartedProcess(int(pid), float(born))
    try:
        time.sleep(1)  # until Python is up
        started.stop()
        assert ends(started)
    finally:
        if started.running:
            psutil.Process(started.pid).kill()


def test_a_number_used_again_is_another_process(tmp_path):
    made = start_process(SLEEP, log=tmp_path / "log.txt")
    try:
        assert not replace(made, born=made.born - 60).running
        replace(made, born=made.born - 60).stop()
        assert made.running
    finally:
        psutil.Process(made.pid).kill()
    assert ends(made)


def test_it_outlives_the_program_that_started_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", STARTER, str(tmp_path / "log.txt")], capture_output=True, text=True, check=True
    )
    pid, born = done.stdout.split()
    found = StartedProcess(int(pid), float(born))
    assert found.running
    psutil.Process(found.pid).kill()
    assert ends(found)


def test_what_cannot_be_started_is_no_process(tmp_path):
    with pytest.raises(FileNotFoundError):
        start_process([str(tmp_path / "none")], log=tmp_path / "log.txt")
