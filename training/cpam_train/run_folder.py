"""A run folder: everything one training run leaves behind, none of it a pickle that anyone else must load.

``config.json`` (all settings), ``environment.json``, ``log.csv`` (one row per epoch), ``best.safetensors``,
``metrics.json`` (validation only), ``card-draft.json`` (the model card before publication); ``last.safetensors`` is
where ``--resume`` goes on.
"""

from __future__ import annotations

import csv
import io
import json
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lightning.pytorch.utilities.rank_zero import rank_zero_only
from torch import Tensor, nn

from cpam_train.config import TrainConfig
from napari_cpam_stroke.config import build_config, plain
from napari_cpam_stroke.errors import ConfigError, InputError
from napari_cpam_stroke.files import read_json, write_whole

SCHEMA_VERSION = 1
CARD_DRAFT = "card-draft.json"
ENVIRONMENT = "environment.json"
FAILURE = "failure"
"""Key of metrics.json: why a run ended before its time, where it failed; its best weights may still be used."""

INTERRUPTED = "interrupted"
"""Key of metrics.json: whether Ctrl-C ended the run."""

PICKLED = "last.ckpt"
"""What earlier versions went on from; a pickle may run any code, so it is never opened."""

TENSORBOARD = "tensorboard"
PACKAGES = ("napari-cpam-stroke", "torch", "lightning", "monai", "timm", "kornia", "numpy", "scikit-image")


@dataclass(frozen=True)
class RunFolder:
    """Paths inside a run folder, and reading and writing of its plain files."""

    path: Path

    @property
    def weights(self) -> Path:
        """Weights of the best epoch."""
        return self.path / "best.safetensors"

    @property
    def checkpoint(self) -> Path:
        """Where a resumed run goes on."""
        return self.path / "last.safetensors"

    @property
    def log(self) -> Path:
        """One row per epoch."""
        return self.path / "log.csv"

    @property
    def finished(self) -> bool:
        """Whether it came to its end, and neither failed nor was stopped on the way."""
        if not (self.path / CARD_DRAFT).is_file():
            return False
        metrics = self.read_json("metrics.json")
        return FAILURE not in metrics and not metrics.get(INTERRUPTED)

    def config(self) -> TrainConfig:
        """Return the settings of the run."""
        return build_config(TrainConfig, self.read_json("config.json")["config"], where="config.json of the run")

    def require_config(self, config: TrainConfig) -> None:
        """Refuse a run that a series of runs would take for one of its own.

        Raises
        ------
        ConfigError
            If it was made with other settings.
        """
        if self.config() != config:
            raise ConfigError(f"{self.path} was made with other settings", remedy="use another --out")

    def read_json(self, name: str) -> dict[str, Any]:
        """Return one of the run's JSON files.

        Raises
        ------
        InputError
            If it is missing or damaged.
        """
        try:
            values: dict[str, Any] = read_json(self.path / name)
        except OSError as error:
            raise InputError(
                f"{self.path} has no {name}", remedy="give the folder of a finished cpam-train fit run"
            ) from error
        except ValueError as error:
            raise InputError(f"{self.path / name} is damaged ({error})") from error
        return values

    def write_json(self, name: str, values: object) -> None:
        """Write a JSON file whole or not at all."""
        write_whole(self.path / name, json.dumps(values, indent=2, ensure_ascii=False) + "\n", durable=True)

    def append_log(self, row: dict[str, object]) -> None:
        """Add one row to the log; the first one gives the header."""
        kept = self.log.read_bytes().decode() if self.log.exists() else ""
        added = io.StringIO(newline="")
        writer = csv.DictWriter(added, fieldnames=list(row))
        if not kept:
            writer.writeheader()
        writer.writerow(row)
        write_whole(self.log, kept + added.getvalue(), durable=True)

    def keep_log(self, epochs: int) -> None:
        """Drop the rows of epochs after so many, which are done again, and rows that are not whole."""
        if not self.log.exists():
            return
        with self.log.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.reader(stream))
        header = rows[0] if rows else []
        kept = [row for row in rows[1:] if len(row) == len(header) and int(row[0]) <= epochs]
        text = io.StringIO(newline="")
        csv.writer(text).writerows([header, *kept] if header else [])
        write_whole(self.log, text.getvalue(), durable=True)

    def save_state(self, tensors: dict[str, Tensor], header: dict[str, str]) -> None:
        """Write tensors of any shape and plain values, from which a stopped run goes on."""
        from safetensors.torch import save

        write_whole(self.checkpoint, save(tensors, metadata=header), durable=True)

    def save_weights(self, model: nn.Module) -> None:
        """Write the weights of a network, whole or not at all."""
        from safetensors.torch import save

        write_whole(self.weights, save(state_of(model)), durable=True)

    def tidy(self) -> None:
        """Drop what only a resumed run needs."""
        self.checkpoint.unlink(missing_ok=True)
        shutil.rmtree(self.path / TENSORBOARD, ignore_errors=True)


def is_follower() -> bool:
    """Whether another process of this run does the writing."""
    return bool(getattr(rank_zero_only, "rank", 0))


def open_run(path: Path, config: TrainConfig, *, resume: bool) -> tuple[RunFolder, TrainConfig]:
    """Return the run folder and the settings to use: those given, or the stored ones of a resumed run. Writes nothing.

    Raises
    ------
    InputError
        If a new run would write into a folder that holds something, or there is nothing to resume.
    """
    run = RunFolder(path)
    if is_follower():
        return run, config
    if resume:
        require_resumable(run)
        return run, run.config()
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(
            f"The run folder {path} already exists", remedy="choose another --run, or go on with it by --resume"
        )
    return run, config


def require_resumable(run: RunFolder) -> None:
    """Refuse a folder in which no run can go on.

    Raises
    ------
    InputError
        If it holds no run, one that came to its end and was tidied up, or a pickle of an earlier version.
    """
    if (run.path / PICKLED).is_file() and not run.checkpoint.is_file():
        raise InputError(
            f"{run.path / PICKLED} is a pickle of an earlier version, which could run any code and is not opened",
            remedy="begin a new run, from its best weights by --from",
        )
    if not (run.path / "config.json").is_file() or (run.weights.is_file() and not run.checkpoint.is_file()):
        raise InputError(f"{run.path} holds no run to resume", remedy="start it without --resume")


def begin_run(run: RunFolder, config: TrainConfig, *, processes: int = 1) -> None:
    """Make the folder and note the settings; called once everything else is known to be in order.

    Parameters
    ----------
    processes
        How many train together.

    Raises
    ------
    InputError
        If the folder cannot be made.
    """
    if is_follower():
        return
    try:
        run.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The run folder {run.path} cannot be made", got=error.strerror) from error
    note_settings(run, config)
    run.write_json(ENVIRONMENT, environment(processes))


def note_settings(run: RunFolder, config: TrainConfig) -> None:
    """Write the settings of a run, at its beginning or where it goes on with others."""
    if not is_follower():
        run.write_json("config.json", {"schema_version": SCHEMA_VERSION, "config": plain(config)})


def environment(processes: int) -> dict[str, object]:
    """Return versions and hardware, nothing that names a person or a machine."""
    import torch

    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processes": processes,
        "cpu_threads": torch.get_num_threads(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cuda": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
        "packages": {name: _version(name) for name in PACKAGES},
    }


def state_of(model: nn.Module) -> dict[str, Tensor]:
    """Return a network's weights by name as plain contiguous CPU tensors of any shape."""
    return {name: value.detach().cpu().contiguous().clone() for name, value in model.state_dict().items()}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
