"""The SLURM scripts in a job that is played here: two tasks of one node, each told its number as SLURM does."""

import csv
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

CONFIGS = Path(__file__).parents[2] / "configs"
SETTINGS = [
    part
    for setting in (
        "model.base_width=4",
        "model.depth=3",
        "model.attention.token_grid=4",
        "preprocess.size=32",
        "data.batch_size=2",
        "data.workers=0",
        "epochs=1",
    )
    for part in ("--set", setting)
]
SRUN = """#!/bin/bash
for ((task = 0; task < SLURM_NTASKS; task++)); do
  SLURM_PROCID=$task SLURM_LOCALID=$task SLURM_NODEID=0 "$@" &
  tasks+=($!)
done
for task in "${tasks[@]}"; do wait "$task"; done
"""
"""Starts the tasks of a job on this machine."""

ECHO = """#!/bin/bash
echo "$@"
"""


@pytest.fixture
def job(tmp_path):
    """Runs a script as a job; returns what it printed, both streams together."""

    def run(script, *arguments, srun=SRUN, **variables):
        (tmp_path / "srun").write_text(srun)
        (tmp_path / "srun").chmod(0o755)
        path = f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        call = ["bash", str(CONFIGS / script), *map(str, arguments)]
        done = subprocess.run(
            call, env=os.environ | {"PATH": path} | variables, capture_output=True, text=True, timeout=280, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return run


def slurm(tasks):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    return {
        "SLURM_JOB_ID": "1",
        "SLURM_JOB_NAME": "cpam-fit",
        "SLURM_NTASKS": str(tasks),
        "SLURM_NTASKS_PER_NODE": str(tasks),
        "SLURM_JOB_NUM_NODES": "1",
        "SLURM_NNODES": "1",
        "SLURM_NODELIST": "127.0.0.1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
    }


def test_the_tasks_of_a_job_train_one_model_and_a_job_sent_again_goes_on(job, store_folder, tmp_path):
    run = tmp_path / "run"
    fit = ["segmenter", "--store", store_folder, "--run", run, *SETTINGS]
    code, said = job("fit.slurm", *fit, **slurm(2))
    assert code == 0, said
    (row,) = csv.DictReader((run / "log.csv").open())
    assert row["step"] == "2"  # ten training slices: five for each task, whole batches of two
    assert said.count("best epoch 1") == 1
    code, said = job("fit.slurm", *fit, "--set", "epochs=2", **slurm(2))
    assert code == 0, said
    assert [row["epoch"] for row in csv.DictReader((run / "log.csv").open())] == ["1", "2"]


def test_a_job_without_a_run_or_tasks_is_one_sentence(job):
    code, said = job("fit.slurm", "segmenter", "--store", "S", **slurm(1))
    assert code != 0
    assert "name the folder of the run: --run RUN" in said
    code, said = job("fit.slurm", "segmenter", "--run", "R", SLURM_JOB_NUM_NODES="1")
    assert code != 0
    assert "give --ntasks-per-node" in said


def test_every_number_of_an_array_is_a_worker_of_the_study(job):
    code, said = job("tune.slurm", "segmenter", "--study", "s", srun=ECHO, SLURM_ARRAY_TASK_ID="3")
    assert (code, said.strip()) == (0, "--ntasks 1 cpam-train tune segmenter --study s --seed 3")
