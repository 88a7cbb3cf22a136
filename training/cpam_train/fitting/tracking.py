"""Where the curves of a run go, for a program that draws them: TensorBoard's files in the run folder, or MLflow."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from importlib.util import find_spec

from lightning.pytorch.loggers import Logger, MLFlowLogger, TensorBoardLogger

from cpam_train.config import TrainConfig
from cpam_train.presets import leaves
from cpam_train.run_folder import TENSORBOARD, RunFolder, is_follower
from napari_cpam_stroke.config import plain
from napari_cpam_stroke.errors import ConfigError, add_extra, nearest

TRACKERS = ("tensorboard", "mlflow", "none")

DATABASE = "mlflow.db"
"""MLflow's SQLite file beside the run folders, where no address is named."""

RUN_FILE = "mlflow.json"
"""In the run folder: which of MLflow's runs it is, so that a resumed one goes on in it."""

NOBODY = {"mlflow.user": "", "mlflow.source.name": "cpam-train", "mlflow.source.git.commit": ""}
"""Tags in the place of those by which MLflow names who ran what from where."""


@dataclass(frozen=True)
class Tracking:
    """What tracks a run.

    Attributes
    ----------
    kind
        One of `TRACKERS`.
    address
        MLflow's: a database or a server; None: `DATABASE`. Nothing leaves the machine unless it names another.
    """

    kind: str = "tensorboard"
    address: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is not one of `TRACKERS` or not installed, and an address that nothing asks for."""
        if self.kind not in TRACKERS:
            raise ConfigError(
                f"There is no --track {self.kind!r}{nearest(self.kind, TRACKERS)}", expected=" or ".join(TRACKERS)
            )
        if self.address is not None and self.kind != "mlflow":
            raise ConfigError("--track-to is MLflow's address", got=f"--track {self.kind}", remedy="add --track mlflow")
        if self.kind == "mlflow" and find_spec("mlflow") is None:
            raise ConfigError("MLflow is not installed", remedy=add_extra("mlflow"))


def logger_of(run: RunFolder, config: TrainConfig, tracking: Tracking) -> Logger | bool:
    """Return what Lightning logs to; False: to nothing."""
    if tracking.kind == "none":
        return False
    if tracking.kind == "tensorboard":
        return TensorBoardLogger(run.path, name="", version=TENSORBOARD)
    return _mlflow(run, config, tracking.address)


def _mlflow(run: RunFolder, config: TrainConfig, address: str | None) -> Logger:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    known = run.read_json(RUN_FILE)["run_id"] if (run.path / RUN_FILE).is_file() else None
    folder = run.path.resolve().parent
    logger = MLFlowLogger(
        experiment_name=folder.name,
        run_name=run.path.resolve().name,
        run_id=known,
        tracking_uri=address or f"sqlite:///{folder / DATABASE}",
        artifact_location=None if address else (folder / "mlflow-artifacts").as_uri(),
        tags=dict(NOBODY),
    )
    if known is None and not is_follower():
        logger.log_hyperparams(
            {name: str(value) for name, value in leaves(plain(config)) if value not in (None, "", [])}
        )
        run.write_json(RUN_FILE, {"run_id": logger.run_id})
    return logger
