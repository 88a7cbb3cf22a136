"""One run on two processes, as `--devices 2` starts it: gloo on the CPU, the same path as several GPUs."""

import csv
import json
import subprocess
import sys
from pathlib import Path

from safetensors.torch import load_file

from cpam_train.config import build_train_config
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


def test_two_processes_train_one_model(store_folder, tmp_path):
    run = tmp_path / "run"
    command = [Path(sys.executable).with_name("cpam-train"), "fit", "segmenter", "--store", store_folder, "--run", run]
    options = ["--devices", "2", *(part for setting in SETTINGS for part in ("--set", setting))]
    done = subprocess.run([*map(str, command), *options], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("best epoch 1") == 1
    build_model(build_train_config("segmenter", overrides=SETTINGS).model).load_state_dict(
        load_file(run / "best.safetensors")
    )
    (row,) = csv.DictReader((run / "log.csv").open())
    assert float(row["train/loss"]) > 0
    assert int(row["step"]) == 2  # ten training slices: five for each process, whole batches of two
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["slices"] == 6  # every validation slice once, though each process saw half of them
