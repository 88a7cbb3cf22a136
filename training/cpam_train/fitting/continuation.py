"""Where a run stands after each whole epoch, and how it goes on from there exactly as if it had not been stopped.

Numbers go into `last.safetensors`, the few plain values into its header as JSON: nothing in it is a pickle. Which
slices an epoch draws, and every random number in it, follow from the seed and the number of the epoch
(`batches.EpochSeeds`), so that no state of a generator need be kept; an epoch that was broken off is done again.
"""

from __future__ import annotations

import json
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor
from torch.optim import Optimizer

from cpam_train.fitting.averaging import Averaging
from cpam_train.fitting.best_weights import Keeper
from cpam_train.fitting.finite import not_finite
from cpam_train.fitting.schedule import WallClock
from cpam_train.run_folder import RunFolder, state_of
from napari_cpam_stroke.config import STRICT, build_config, plain
from napari_cpam_stroke.errors import ConfigError, InputError

NETWORK, AVERAGE, OPTIMISER = "network.", "average.", "optimiser."
"""Beginnings of the names of tensors: the task's, the averaged weights', and by parameter number the optimiser's."""

HEADER = "standing"
"""Key of the plain values in the file's header."""


@dataclass(frozen=True, config=STRICT)
class Standing:
    """The plain values of a run after a whole epoch.

    Attributes
    ----------
    epoch, step
        Epochs and optimiser steps done.
    averaged_step
        The step after which the averaged weights were last brought up to date.
    best, best_epoch
        Of the weights that are kept; None and 0 before the first.
    scaler
        State of the loss scaling of half precision; empty without.
    """

    epoch: int = Field(ge=0)
    step: int = Field(ge=0)
    elapsed_s: float = Field(ge=0)
    averaged_step: int = Field(default=0, ge=0)
    best: float | None = None
    best_epoch: int = Field(default=0, ge=0)
    scaler: dict[str, float | int] = field(default_factory=dict)
    schema_version: Literal[1] = 1


@dataclass(frozen=True, config={"arbitrary_types_allowed": True})
class Begun:
    """A run that was stopped: its plain values, and its tensors by name (of any shape)."""

    standing: Standing
    tensors: dict[str, Any]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """Return the tensors, of any shape, whose names begin so, without that beginning."""
        return {name.removeprefix(prefix): t for name, t in self.tensors.items() if name.startswith(prefix)}


def read_begun(run: RunFolder) -> Begun | None:
    """Return where a run stopped, None where it had not come to its first step.

    Raises
    ------
    InputError
        If the file is damaged or is something else; nothing in it was executed.
    """
    from safetensors import SafetensorError, safe_open

    if not run.checkpoint.is_file():
        return None
    try:
        with safe_open(run.checkpoint, framework="pt") as file:
            header = json.loads((file.metadata() or {})[HEADER])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - a file, not a dict
        begun = Begun(build_config(Standing, header, where=run.checkpoint.name), tensors)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, ConfigError) as error:
        raise damaged(run.checkpoint, str(error)) from error
    if (name := not_finite(begun.part(NETWORK))) is not None:
        raise damaged(run.checkpoint, f"numbers that are none in {name}")
    return begun


def damaged(file: Path, reason: str) -> InputError:
    """Return the refusal of a file that a run cannot go on from."""
    return InputError(
        f"The run cannot go on from {file}, which is damaged or no state of a run",
        got=" ".join(reason.split()),
        remedy="begin a new run; best.safetensors beside it, where there is one, can be its start (--from)",
    )


class Continuation(Callback):
    """Writes the state of a run at its beginning and after every epoch, and takes it up again.

    Must stand behind all others in the callback list: it keeps what they did.

    Parameters
    ----------
    begun
        Where an earlier part stopped; None for a run from the beginning.
    """

    def __init__(
        self, run: RunFolder, clock: WallClock, keeper: Keeper, averaging: Averaging | None, begun: Begun | None
    ) -> None:
        self.run, self.clock, self.keeper, self.averaging, self.begun = run, clock, keeper, averaging, begun

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take up the earlier part, before the first batch is drawn.

        Raises
        ------
        InputError
            If its tensors are not those of this network.
        """
        if self.begun is None:
            return
        standing = self.begun.standing
        try:
            pl_module.load_state_dict(self.begun.part(NETWORK))
            if self.averaging is not None:
                self.averaging.take_up(self.begun.part(AVERAGE), standing.averaged_step)
            take_up_optimiser(trainer.optimizers[0], self.begun.part(OPTIMISER))
            trainer.precision_plugin.load_state_dict(dict(standing.scaler))
        except (RuntimeError, KeyError, ValueError, TypeError) as error:
            raise damaged(self.run.checkpoint, str(error)) from error
        self.clock.load_state_dict({"elapsed_s": standing.elapsed_s})
        self.keeper.take_up(standing.best, standing.best_epoch)
        count_from(trainer, standing)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the very beginning, so that a run that is killed in its first epoch can go on too."""
        if self.begun is None:
            self._keep(trainer, pl_module, epoch=0)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep where the run stands."""
        self._keep(trainer, pl_module, epoch=trainer.current_epoch + 1)

    def _keep(self, trainer: Trainer, module: LightningModule, *, epoch: int) -> None:
        if not trainer.is_global_zero:
            return
        patience = self.keeper.patience
        standing = Standing(
            epoch=epoch,
            step=trainer.global_step,
            elapsed_s=self.keeper.elapsed_s,
            averaged_step=0 if self.averaging is None else self.averaging.latest_step,
            best=patience.best if patience.best_epoch else None,
            best_epoch=patience.best_epoch,
            scaler=trainer.precision_plugin.state_dict(),
        )
        tensors = {NETWORK + name: value for name, value in state_of(module).items()}
        if self.averaging is not None:
            tensors |= {AVERAGE + name: value for name, value in self.averaging.tensors().items()}
        tensors |= {OPTIMISER + name: value for name, value in optimiser_tensors(trainer.optimizers[0]).items()}
        self.run.save_state(tensors, {HEADER: json.dumps(plain(standing))})


def optimiser_tensors(optimiser: Optimizer) -> dict[str, Tensor]:
    """Return what an optimiser remembers of each parameter, of any shape, by `number.name`, on the CPU."""
    return {
        f"{number}.{name}": value.detach().cpu().contiguous().clone()
        for number, values in optimiser.state_dict()["state"].items()
        for name, value in values.items()
        if isinstance(value, Tensor)
    }


def take_up_optimiser(optimiser: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give an optimiser back what `optimiser_tensors` returned, of any shape.

    Raises
    ------
    ValueError
        If a tensor belongs to no parameter, or has neither its shape nor that of a count.
    """
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        parameter = parameters[int(number)] if int(number) < len(parameters) else None
        if parameter is None or (value.ndim and value.shape != parameter.shape):
            raise ValueError(f"{OPTIMISER}{key} of shape {tuple(value.shape)} belongs to no parameter")
        state.setdefault(int(number), {})[name] = torch.empty_like(parameter).copy_(value) if value.ndim else value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def count_from(trainer: Trainer, standing: Standing) -> None:
    """Let Lightning's loops begin with the epoch and the step that come next."""
    loop = trainer.fit_loop
    for progress in (loop.epoch_progress.current, loop.epoch_progress.total):
        for counter in ("ready", "started", "processed", "completed"):
            setattr(progress, counter, standing.epoch)
    done = loop.epoch_loop.automatic_optimization.optim_progress.optimizer.step.total
    done.ready = done.completed = standing.step
    loop.epoch_loop._batches_that_stepped = standing.step  # noqa: SLF001 - where TensorBoard's curves go on
