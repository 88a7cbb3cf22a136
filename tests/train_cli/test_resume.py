"""A run that was stopped goes on as if it had not been: the same weights bit for bit, and nothing is unpickled."""

import csv
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Callback
from rich.console import Console
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from cpam_train.commands.batches_of import batches_of
from cpam_train.fitting.continuation import HEADER, NETWORK, OPTIMISER
from cpam_train.fitting.extension import extended
from cpam_train.fitting.fit import fit
from cpam_train.presets import build_train_config
from cpam_train.run_folder import RunFolder, note_settings
from napari_cpam_stroke.errors import ConfigError, InputError

QUIET = Console(quiet=True)
CPAM_TRAIN = str(Path(sys.executable).with_name("cpam-train"))
TINY = (
    "model.base_width=4",
    "model.depth=3",
    "model.attention.token_grid=4",
    "preprocess.size=32",
    "data.batch_size=2",
    "data.workers=0",
    "optim.ema=0.5",
)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def config(*settings):
    return build_train_config("segmenter", overrides=[*TINY, *settings])


class PressCtrlC(Callback):
    """Presses Ctrl-C at the end of one batch, counted from 0 over the whole part of a run."""

    def __init__(self, batch):
        self.left = batch

    def on_train_batch_end(self, *_):
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)
        self.left -= 1


class KilledError(Exception):
    pass


class DieIn(Callback):
    """Ends a part of a run without any farewell: in a batch, or after the weights of an epoch were judged and kept."""

    def __init__(self, epoch, *, late=False):
        self.epoch, self.late = epoch, late

    def on_train_batch_end(self, trainer, *_):
        if trainer.current_epoch == self.epoch and not self.late:
            raise KilledError

    def on_train_epoch_end(self, trainer, module):
        if trainer.current_epoch == self.epoch and self.late:
            raise KilledError


def rows_of(run):
    with run.log.open() as stream:
        return list(csv.DictReader(stream))


def assert_same(first, second):
    """Weights, state and log but for times are the same, bit for bit."""
    for name in ("best.safetensors", "last.safetensors"):
        a, b = load_file(first.path / name), load_file(second.path / name)
        assert a.keys() == b.keys()
        assert [key for key in a if not torch.equal(a[key], b[key])] == []
    assert [{**row, "minutes": ""} for row in rows_of(first)] == [{**row, "minutes": ""} for row in rows_of(second)]


VARIANTS = [
    (),
    ("optim.ema=0", "optim.name=sgd", "optim.lr=0.01"),
    ("data.workers=1", "optim.schedule=constant"),
    ("optim.accumulate=2", "precision=bf16"),
]


@pytest.mark.parametrize("settings", VARIANTS)
def test_a_resumed_run_has_the_weights_of_one_that_was_not_stopped(store, tmp_path, settings):
    values = config("epochs=3", *settings)
    whole = fit(values, batches_of(store), tmp_path / "whole", console=QUIET)
    for batch in (7, 1, 8):  # in the second epoch, in the first one of this part, at the end of the third
        part = fit(
            values,
            batches_of(store),
            tmp_path / "parts",
            resume=(tmp_path / "parts").exists(),
            console=QUIET,
            extra=[PressCtrlC(batch)],
        )
        assert part.interrupted
        assert not part.run.finished
    last = fit(values, batches_of(store), tmp_path / "parts", resume=True, console=QUIET)
    assert last.run.finished
    assert (last.score, last.best_epoch) == (whole.score, whole.best_epoch)
    assert_same(whole.run, last.run)


@pytest.mark.parametrize("death", [DieIn(0), DieIn(1), DieIn(1, late=True)])
def test_a_killed_run_goes_on_to_the_same_weights(store, tmp_path, death):
    values = config("epochs=3")
    whole = fit(values, batches_of(store), tmp_path / "whole", console=QUIET)
    with pytest.raises(KilledError):
        fit(values, batches_of(store), tmp_path / "parts", console=QUIET, extra=[death])
    last = fit(values, batches_of(store), tmp_path / "parts", resume=True, console=QUIET)
    assert_same(whole.run, last.run)


def test_an_epoch_that_is_broken_off_does_not_count(store, tmp_path):
    part = fit(config("epochs=3"), batches_of(store), tmp_path / "run", console=QUIET, extra=[PressCtrlC(7)])
    assert [row["epoch"] for row in rows_of(part.run)] == ["1"]
    assert part.run.read_json("metrics.json")["interrupted"]
    early = fit(config("epochs=3"), batches_of(store), tmp_path / "early", console=QUIET, extra=[PressCtrlC(1)])
    assert early.interrupted
    assert early.best_epoch == 0
    assert not early.run.weights.exists()
    assert not early.run.log.exists()


def test_a_run_is_extended(store, tmp_path):
    values = config("epochs=2", "optim.schedule=constant", "optim.warmup=0")
    fit(values, batches_of(store), tmp_path / "run", console=QUIET)
    run = RunFolder(tmp_path / "run")
    longer = extended(run, overrides=["epochs=4"])
    note_settings(run, longer)
    last = fit(longer, batches_of(store), run.path, resume=True, console=QUIET)
    assert [row["epoch"] for row in rows_of(last.run)] == ["1", "2", "3", "4"]
    assert run.config().epochs == 4
    at_once = fit(longer, batches_of(store), tmp_path / "at-once", console=QUIET)
    assert_same(at_once.run, last.run)


def test_a_run_that_goes_on_keeps_what_it_learns(store, tmp_path):
    fit(config("epochs=1"), batches_of(store), tmp_path / "run", console=QUIET)
    run = RunFolder(tmp_path / "run")
    assert extended(run, overrides=[*TINY, "stop.patience=3", "epochs=9"]).stop.patience == 3
    with pytest.raises(ConfigError, match=r"keeps its optim\.lr, got 0\.5, expected 0\.001.*--from"):
        extended(run, overrides=["optim.lr=0.5"])


def test_its_state_is_plain(store, tmp_path):
    run = fit(config("epochs=1"), batches_of(store), tmp_path / "run", console=QUIET).run
    assert not list(run.path.rglob("*.ckpt"))
    with safe_open(run.checkpoint, framework="pt") as file:
        standing = json.loads(file.metadata()[HEADER])
    assert standing["epoch"] == 1
    assert standing["step"] == 5


class Trap:
    """A pickle that leaves a trace when it is opened."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return (os.mkdir, (str(self.trace),))


def rewritten(file, *, header=None, drop="", reshape="", poison=""):
    tensors = load_file(file)
    with safe_open(file, framework="pt") as opened:
        metadata = opened.metadata()
    tensors = {name: value for name, value in tensors.items() if not (drop and name.startswith(drop))}
    for name in tensors:
        if reshape and name.startswith(reshape):
            tensors[name] = torch.zeros(3, 3)
        if poison and name.startswith(poison) and tensors[name].is_floating_point():
            tensors[name] = torch.full_like(tensors[name], float("nan"))
    save_file(tensors, file, metadata=metadata if header is None else {HEADER: header})


DAMAGES = {
    "a pickle": lambda file, trace: file.write_bytes(pickle.dumps(Trap(trace))),
    "cut short": lambda file, _: file.write_bytes(file.read_bytes()[:-100]),
    "empty": lambda file, _: file.write_bytes(b""),
    "no header": lambda file, _: save_file({"x": torch.zeros(1)}, file),
    "header no JSON": lambda file, _: rewritten(file, header="{"),
    "header of another kind": lambda file, _: rewritten(file, header="[1]"),
    "a negative epoch": lambda file, _: rewritten(file, header='{"epoch": -1, "step": 0, "elapsed_s": 0}'),
    "an unknown value": lambda file, _: rewritten(file, header='{"epoch": 1, "step": 0, "elapsed_s": 0, "run": "x"}'),
    "weights missing": lambda file, _: rewritten(file, drop=NETWORK + "model.encoder"),
    "weights of another shape": lambda file, _: rewritten(file, reshape=NETWORK + "model."),
    "memories of another shape": lambda file, _: rewritten(file, reshape=OPTIMISER),
    "weights that are no numbers": lambda file, _: rewritten(file, poison=NETWORK),
}


@pytest.fixture(scope="module")
def one_epoch(store_folder, tmp_path_factory):
    from napari_cpam_stroke.annotations import AnnotationStore

    path = tmp_path_factory.mktemp("one-epoch") / "run"
    with AnnotationStore.open(store_folder, create=False) as store:
        return fit(config("epochs=1"), batches_of(store), path, console=QUIET).run


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_or_foreign_state_is_one_sentence(one_epoch, store, tmp_path, damage):
    good = one_epoch.checkpoint.read_bytes()
    try:
        damage(one_epoch.checkpoint, tmp_path / "trace")
        with pytest.raises(InputError, match=r"cannot go on from .*last\.safetensors") as caught:
            fit(config("epochs=1"), batches_of(store), one_epoch.path, resume=True, console=QUIET)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "trace").exists()
    finally:
        one_epoch.checkpoint.write_bytes(good)


def test_a_pickle_of_an_earlier_version_is_not_opened(store, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "last.ckpt").write_bytes(pickle.dumps(Trap(tmp_path / "trace")))
    with pytest.raises(InputError, match="is a pickle of an earlier version"):
        fit(config(), batches_of(store), folder, resume=True, console=QUIET)
    assert not (tmp_path / "trace").exists()


def test_ctrl_c_in_a_process_stops_what_is_chained_and_the_same_command_goes_on(store_folder, tmp_path):
    run = tmp_path / "run"
    settings = [part for value in (*TINY, "epochs=400", "stop.patience=400") for part in ("--set", value)]
    call = [CPAM_TRAIN, "fit", "segmenter", "--store", str(store_folder), "--run", str(run), *settings]
    going = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (run / "log.csv").exists():
        assert going.poll() is None, going.stderr.read()
        time.sleep(0.05)
    going.send_signal(signal.SIGINT)
    out, err = going.communicate(timeout=120)
    assert going.returncode == 130, out + err
    assert "Go on with the same command and --resume" in out
    epochs = len(rows_of(RunFolder(run)))
    done = subprocess.run(
        [*call, "--resume", "--set", f"epochs={epochs + 1}"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(rows_of(RunFolder(run))) == epochs + 1
    again = [CPAM_TRAIN, "fit", "segmenter", "--store", str(store_folder), "--run", str(tmp_path / "again")]
    short = ["--config", str(run / "config.json"), "--set", "epochs=1"]
    done = subprocess.run([*again, *short], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert RunFolder(tmp_path / "again").config() == config("epochs=1", "stop.patience=400")
