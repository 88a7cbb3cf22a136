"""One run on two processes, of one node (`--devices 2`) or of two: gloo on the CPU, the same path as several GPUs."""

import csv
import json
import socket
import subprocess
import sys
from pathlib import Path

from safetensors.torch import load_file

from cpam_train.presets import build_train_config
from napari_cpam_stroke.models import build_model

SETTINGS = [
    "model.base_width=4",
    "model.depth=3",
    "model.attention.token_grid=4",
    "preprocess.size=32",
    "data.batch_size=2",
    "data.workers=0",
    "optim.ema=0.5",
    "epochs=1",
]


CPAM_TRAIN = str(Path(sys.executable).with_name("cpam-train"))


def command(store_folder, run):
    fit = ["fit", "segmenter", "--store", str(store_folder), "--run", str(run)]
    return [CPAM_TRAIN, *fit, *(part for setting in SETTINGS for part in ("--set", setting))]


def assert_one_model_of_both(run, told):
    assert told.count("best epoch 1") == 1
    build_model(build_train_config("segmenter", overrides=SETTINGS).model).load_state_dict(
        load_file(run / "best.safetensors")
    )
    (row,) = csv.DictReader((run / "log.csv").open())
    assert float(row["train/loss"]) > 0
    assert int(row["step"]) == 2  # ten training slices: five for each process, whole batches of two
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["slices"] == 6  # every validation slice once, though each process saw half of them


def test_two_processes_train_one_model(store_folder, tmp_path):
    run = tmp_path / "run"
    call = [*command(store_folder, run), "--devices", "2"]
    done = subprocess.run(call, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert_one_model_of_both(run, done.stdout)


def test_two_nodes_train_one_model(store_folder, tmp_path):
    run = tmp_path / "run"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1"]
    meeting = ["--master-addr=127.0.0.1", f"--master-port={port}", "--no-python", "--"]
    nodes = [
        subprocess.Popen(
            [*torchrun, f"--node-rank={rank}", *meeting, *command(store_folder, run), "--nodes", "2"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    told = [node.communicate(timeout=300) for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], told
    assert_one_model_of_both(run, "".join(out for out, _ in told))


def test_two_processes_end_together_at_a_loss_that_is_no_number(store_folder, tmp_path):
    call = [*command(store_folder, tmp_path / "run"), "--set", "optim.lr=1e30", "--set", "precision=fp32"]
    done = subprocess.run([*call, "--devices", "2"], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 2, done.stderr
    assert "lower optim.lr (1e+30)" in done.stderr
    assert "Done" not in done.stdout
    assert not (tmp_path / "run" / "best.safetensors").exists()
