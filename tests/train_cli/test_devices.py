"""One run on two processes, of one node (`--devices 2`) or of two: gloo on the CPU, the same path as several GPUs."""

import csv
import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from lightning.pytorch import Trainer
from safetensors.torch import load_file

from cpam_train.fitting.best_weights import score_epoch
from cpam_train.fitting.precision import lightning_precision
from cpam_train.fitting.slice_batches import SliceLoaders
from cpam_train.fitting.task import build_task
from cpam_train.operating.validation_record import joined
from cpam_train.presets import build_train_config
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import Annotation, CTVolume
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


@pytest.fixture
def odd_store(filled, tmp_path):
    """A store with seven validation slices, of which two processes cannot have as many."""
    with filled(tmp_path / "odd") as store:
        hu = np.full((1, 64, 64), 30, np.int16)
        case = store.add_case(CTVolume(hu, None, case_id="odd", patient_id="odd"), source="odd", split="validation")
        mask = np.zeros(hu.shape, np.uint8)
        mask[0, 20:30, 20:30] = 1
        store.save(case.case_id, Annotation.from_mask(mask), author="reference", kind="reference")
    return tmp_path / "odd"


def judged_by_one_process(run, place):
    """Return the figures of a run's weights on the validation slices, as log.csv has them."""
    config = run.config()
    task = build_task(config)
    task.model.load_state_dict(load_file(run.weights))
    with AnnotationStore.open(place, create=False) as store:
        trainer = Trainer(
            accelerator="cpu", devices=1, precision=lightning_precision(config.precision), logger=False,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.validate(task, datamodule=SliceLoaders(store, config, cache=None), verbose=False)
    losses = {name: float(value) for name, value in trainer.callback_metrics.items()}
    scored = score_epoch(joined(task.records), config.model.classes, losses["validation/loss"])
    return losses | scored.parts | {"score": scored.score}


@pytest.mark.parametrize("batch_size", [3, 64], ids=["three batches", "one batch"])
def test_two_processes_give_the_metrics_of_one(odd_store, tmp_path, batch_size):
    run = RunFolder(tmp_path / "run")
    call = [*command(odd_store, run.path), "--devices", "2", "--set", f"data.batch_size={batch_size}"]
    done = subprocess.run(call, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (row,) = csv.DictReader(run.log.open())
    alone = judged_by_one_process(run, odd_store)
    if batch_size > 7:  # the one batch was halved: its losses are those of two
        alone = {name: value for name, value in alone.items() if not name.startswith("validation/")}
    assert {name: float(row[name]) for name in alone} == pytest.approx(alone, abs=2e-6)


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
