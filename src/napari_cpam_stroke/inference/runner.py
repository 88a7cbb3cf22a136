"""A network on a device: batches, number format, mirror averaging, and what to do when memory runs out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from napari_cpam_stroke.config import ModelConfig
from napari_cpam_stroke.errors import BundleError, OutOfMemoryError
from napari_cpam_stroke.inference.device import default_batch, is_out_of_memory, reduced_precision
from napari_cpam_stroke.inference.native import NativeGrid
from napari_cpam_stroke.inference.pixel_calibration import PixelCalibration
from napari_cpam_stroke.models import Ensemble, Probabilities, probabilities


class SliceResult(NamedTuple):
    """What a network says of n slices.

    Attributes
    ----------
    masks
        Native probabilities uint8 (n, classes, Y, X); None for a classifier.
    image
        Probabilities (n, classes).
    members
        The same of each network of an ensemble, (n, networks, classes); None for one network.
    """

    masks: Tensor | None
    image: Tensor
    members: Tensor | None = None


class _Answer(NamedTuple):
    """As `SliceResult`, on the grid of the network."""

    masks: Tensor | None
    image: Tensor
    members: Tensor | None


class Runner:
    """Runs a network on some slices at a time; after a lack of memory it goes on with smaller batches, then on the CPU.

    Parameters
    ----------
    calibration
        What the probabilities of pixels go through; None: nothing.

    Attributes
    ----------
    batch
        Slices at a time, as memory allows so far.
    warnings
        What had to be given up.
    """

    def __init__(
        self,
        model: nn.Module,
        config: ModelConfig,
        device: torch.device,
        calibration: PixelCalibration | None = None,
        *,
        batch: int | None = None,
        tta: bool = False,
    ) -> None:
        self._model, self._config, self._tta = model, config, tta
        self._calibration = calibration or PixelCalibration()
        self.warnings: list[str] = []
        self._move(device, batch or default_batch(device))

    @property
    def precision(self) -> str:
        """Number format of the convolutions."""
        return "float32" if self._dtype is None else str(self._dtype).removeprefix("torch.")

    def __call__(self, x: Tensor, grid: NativeGrid) -> SliceResult:
        """Return the result for inputs (n, C, size, size), on the CPU.

        Raises
        ------
        OutOfMemoryError
            If not even one slice fits the CPU.
        BundleError
            If the network answers with values that are no numbers.
        """
        done: list[SliceResult] = []
        at = 0
        while at < len(x):
            result = self._attempt(x[at : at + self.batch], grid)
            if result is None:
                self._give_way()
            else:
                done.append(result)
                at += len(result.image)
        return SliceResult(
            _joined([r.masks for r in done]), torch.cat([r.image for r in done]), _joined([r.members for r in done])
        )

    def _attempt(self, x: Tensor, grid: NativeGrid) -> SliceResult | None:
        """Return the result of one batch, or None where memory ran out."""
        try:
            with torch.inference_mode():
                output = self._probabilities(x.to(self.device).contiguous(memory_format=torch.channels_last))
                masks = None if output.masks is None else grid.to_bytes(self._calibration(output.masks)).cpu()
                return SliceResult(masks, output.image.cpu(), None if output.members is None else output.members.cpu())
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        return None

    def _probabilities(self, x: Tensor) -> _Answer:
        straight = self._once(x)
        if not self._tta:
            return straight
        mirrored = self._once(x.flip(-1))
        masks = None if mirrored.masks is None else mirrored.masks.flip(-1)
        return _Answer(
            _mean(straight.masks, masks),
            (straight.image + mirrored.image) / 2,
            _mean(straight.members, mirrored.members),
        )

    def _once(self, x: Tensor) -> _Answer:
        with torch.autocast(self.device.type, dtype=self._dtype, enabled=self._dtype is not None):
            found, members = self._asked(x)
        if not all(bool(torch.isfinite(values).all()) for values in (*found, members) if values is not None):
            raise BundleError(
                "The model answers with values that are no numbers",
                got=f"on {self.device} in {self.precision}",
                remedy="its weights are too large for that number format, or damaged; use another version of it",
            )
        return _Answer(found.masks, found.image, members)

    def _asked(self, x: Tensor) -> tuple[Probabilities, Tensor | None]:
        """Return what the network says of x (n, C, H, W), and of whole slices what each one of an ensemble says."""
        if not isinstance(self._model, Ensemble):
            return probabilities(self._model(x), self._config), None
        answers = self._model.answers(x)
        members = torch.stack([probabilities(answer, self._config).image for answer in answers], dim=1)
        return probabilities(self._model.together(answers), self._config), members

    def _give_way(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.batch > 1:
            self.batch //= 2
            self.warnings.append(f"Memory of {self.device} ran out; going on with {self.batch} slices at a time.")
        elif self.device.type != "cpu":
            self.warnings.append(f"Memory of {self.device} ran out even for one slice; going on with the CPU.")
            self._move(torch.device("cpu"), 1)
        else:
            raise OutOfMemoryError(
                "The model does not fit the memory of this machine even for one slice",
                remedy="close other programs, or use a smaller model",
            )

    def _move(self, device: torch.device, batch: int) -> None:
        self.device, self.batch, self._dtype = device, batch, reduced_precision(device)
        self._model.to(device).to(memory_format=torch.channels_last)


def _mean(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    """Return the mean of both; None where there is none."""
    return None if one is None or other is None else (one + other) / 2


def _joined(parts: Sequence[Tensor | None]) -> Tensor | None:
    """Return the parts of all batches as one; None where there are none."""
    there = [part for part in parts if part is not None]
    return torch.cat(there) if there else None
