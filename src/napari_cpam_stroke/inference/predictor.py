"""A model bundle applied to a whole series."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from napari_cpam_stroke.bundles import DEFAULT, Bundle, Registry
from napari_cpam_stroke.core.head import locate_head
from napari_cpam_stroke.core.labels import CLASS_NAMES
from napari_cpam_stroke.core.orientation import places_mm, radiological_view
from napari_cpam_stroke.core.preprocess import SeriesInput, without_context
from napari_cpam_stroke.core.volume import CTVolume
from napari_cpam_stroke.errors import BundleError, CancelledError, InputError
from napari_cpam_stroke.inference.calibration import calibrated, series_probability
from napari_cpam_stroke.inference.device import pick_device
from napari_cpam_stroke.inference.native import NativeGrid
from napari_cpam_stroke.inference.pixel_calibration import PixelCalibration
from napari_cpam_stroke.inference.prediction import Prediction, mask_from_probabilities
from napari_cpam_stroke.inference.runner import Runner, SliceResult
from napari_cpam_stroke.models import fold_batch_norm, restore_model
from napari_cpam_stroke.progress import Cancelled, Progress

NO_GEOMETRY = "The series gives no positions: slices count as they come, and no lesion was dropped for being small."
NOT_AXIAL = "The series is not axial; the model was trained on axial slices."
CLASSIFIER = "The model classifies slices and draws no mask."


@dataclass(eq=False)
class _Collected:
    """Results on native frames, filled slice by slice; the views are in radiological order."""

    shape: tuple[int, int, int]
    probabilities: NDArray[np.uint8] = field(init=False)
    slices: NDArray[np.float32] = field(init=False)
    members: NDArray[np.float32] | None = field(init=False, default=None)
    """(networks, classes, Z, 1, 1) of an ensemble."""

    def __post_init__(self) -> None:
        self.probabilities = np.zeros((len(CLASS_NAMES), *self.shape), dtype=np.uint8)
        self.slices = np.zeros((len(CLASS_NAMES), self.shape[0], 1, 1), dtype=np.float32)

    def fill(self, volume: CTVolume, indices: range, result: SliceResult) -> None:
        """Store the result of slices given by their place in the radiological view."""
        view = radiological_view(self.probabilities, volume.geometry)
        if result.masks is not None:
            view[:, indices.start : indices.stop] = result.masks.numpy().swapaxes(0, 1)
        scores = radiological_view(self.slices, volume.geometry)
        scores[:, indices.start : indices.stop, 0, 0] = result.image.numpy().T
        if result.members is not None:
            self._fill_members(volume, indices, result.members.numpy())

    def _fill_members(self, volume: CTVolume, indices: range, said: NDArray[np.float32]) -> None:
        if self.members is None:
            self.members = np.zeros((said.shape[1], *self.slices.shape), dtype=np.float32)
        view = radiological_view(self.members, volume.geometry)
        view[:, :, indices.start : indices.stop, 0, 0] = said.transpose(1, 2, 0)


class Predictor:
    """A model, ready to run on any series.

    Parameters
    ----------
    bundle
        Model with classes ischemia and hemorrhage.
    device
        auto, cpu, cuda, cuda:1, mps.
    batch
        Slices at a time; None: what suits the device.

    Raises
    ------
    BundleError
        If the weights are damaged or of another architecture, or the model knows other classes or needs prompts.
    InputError
        For a device that does not exist.
    """

    def __init__(self, bundle: Bundle, device: str = "auto", *, batch: int | None = None) -> None:
        if bundle.card.prompts is not None:
            raise BundleError(
                f"The model {bundle.card.reference} answers a reader's prompts and finds nothing by itself",
                remedy=f"choose another, such as {DEFAULT}",
            )
        if bundle.card.classes != CLASS_NAMES:
            raise BundleError(
                f"The model {bundle.card.reference} finds other classes",
                got=", ".join(bundle.card.classes),
                expected=", ".join(CLASS_NAMES),
            )
        self.bundle, self.card = bundle, bundle.card
        self.device = pick_device(device)
        self.batch = batch
        self.model = fold_batch_norm(restore_model(bundle.card.architecture, bundle.state_dict()))

    @classmethod
    def load(cls, ref: str | Path = DEFAULT, device: str = "auto", registry: Registry | None = None) -> Self:
        """Return the predictor of a model reference: default, name, name@version or a bundle folder.

        Raises
        ------
        BundleError
            If there is no such model, or it is damaged.
        InputError
            For a device that does not exist.
        """
        return cls((registry or Registry()).resolve(ref), device)

    def without_context(self) -> Self:
        """Return the same model showing every slice without its neighbours, to tell what those are worth.

        Raises
        ------
        InputError
            If the model looks at single slices anyway.
        """
        if self.card.preprocess.context_slices == 1:
            raise InputError(
                f"The model {self.card.reference} looks at single slices", remedy="there is no context to leave out"
            )
        twin = copy(self)
        twin.card = replace(self.card, preprocess=without_context(self.card.preprocess))
        return twin

    def predict(
        self,
        volume: CTVolume,
        *,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
        tta: bool = False,
    ) -> Prediction:
        """Run the model on every slice.

        Parameters
        ----------
        progress
            Called with slices done and slices in all, after each batch.
        cancelled
            Asked before each batch.
        tta
            Also run on the mirrored slices and average: twice the time, a little better.

        Raises
        ------
        CancelledError
            Once `cancelled` says so.
        OutOfMemoryError
            If not even one slice fits the memory.
        """
        start = time.perf_counter()
        collected = _Collected(volume.shape)
        calibration = PixelCalibration(self.card.classes, self.card.pixel_calibration)
        runner = Runner(self.model, self.card.architecture, self.device, calibration, batch=self.batch, tta=tta)
        hu = radiological_view(volume.hu, volume.geometry)
        frame = locate_head(hu, self.card.preprocess)
        grid = NativeGrid(frame, size=self.card.preprocess.size, shape_yx=(hu.shape[1], hu.shape[2]))
        shown = SeriesInput(hu, frame, self.card.preprocess, places_mm(volume.geometry, volume.acquisition))
        for indices, x in _ahead(shown, len(hu), runner.batch):
            if cancelled is not None and cancelled():
                raise CancelledError("The prediction was cancelled")
            collected.fill(volume, indices, runner(torch.from_numpy(x), grid))
            if progress is not None:
                progress(indices.stop, volume.shape[0])
        return self._prediction(volume, collected, runner, start)

    def _prediction(self, volume: CTVolume, collected: _Collected, runner: Runner, start: float) -> Prediction:
        card = self.card
        geometry = volume.geometry
        voxels = None if geometry is None else geometry.voxel_volumes_ml
        slices = calibrated(collected.slices[:, :, 0, 0].T, card.temperature)
        mask = mask_from_probabilities(
            collected.probabilities, card.thresholds, min_lesion_ml=card.min_lesion_ml, voxel_volumes_ml=voxels
        )
        return Prediction(
            mask=mask,
            probabilities=collected.probabilities,
            slice_probabilities=slices,
            series_probabilities=series_probability(slices, card.top_slices, card.series_calibration),
            model=card.identity,
            device=str(runner.device),
            precision=runner.precision,
            seconds=time.perf_counter() - start,
            thresholds=dict(card.thresholds),
            min_lesion_ml=dict(card.min_lesion_ml),
            series_thresholds=dict(card.series_thresholds),
            refer_band=dict(card.refer_band),
            voxel_volumes_ml=voxels,
            warnings=(*self._warnings(volume), *runner.warnings),
            members=self._members(collected.members),
        )

    def _members(self, said: NDArray[np.float32] | None) -> dict[str, tuple[float, ...]]:
        """Return per class what each network of an ensemble says of the series, from (networks, classes, Z, 1, 1)."""
        card = self.card
        series = [
            series_probability(
                calibrated(one[:, :, 0, 0].T, card.temperature), card.top_slices, card.series_calibration
            )
            for one in (() if said is None else said)
        ]
        return {name: tuple(one[name] for one in series) for name in CLASS_NAMES} if series else {}

    def _warnings(self, volume: CTVolume) -> list[str]:
        sentences = [NO_GEOMETRY] if volume.geometry is None else [] if volume.geometry.axial else [NOT_AXIAL]
        return sentences + ([CLASSIFIER] if self.card.task == "classifier" else [])


def _ahead(shown: SeriesInput, slices: int, batch: int) -> Iterator[tuple[range, NDArray[np.float32]]]:
    """Yield slice indices and their input; the next batch is prepared while the device works on this one."""
    chunks = [range(at, min(at + batch, slices)) for at in range(0, slices, batch)]
    with ThreadPoolExecutor(max_workers=1) as ahead:
        waiting = [ahead.submit(shown, c) for c in chunks[:1]]
        for number, indices in enumerate(chunks):
            x = waiting.pop().result()
            waiting += [ahead.submit(shown, c) for c in chunks[number + 1 : number + 2]]
            yield indices, x
