"""One case as it leaves the program: a model's result, or a reader's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke import __version__
from napari_cpam_stroke.core import CTVolume, Lesion, LesionTable, measure_lesions
from napari_cpam_stroke.core.annotation import slices_with
from napari_cpam_stroke.core.slice_number import slice_number
from napari_cpam_stroke.dicom import ModelRun

if TYPE_CHECKING:
    from napari_cpam_stroke.annotations.records import ModelLike
    from napari_cpam_stroke.dicom import AlgorithmType
    from napari_cpam_stroke.inference import Prediction
    from napari_cpam_stroke.review import CaseReview

PROGRAM = "napari-cpam-stroke"


@dataclass(frozen=True, eq=False)
class CaseResult:
    """What is exported.

    Attributes
    ----------
    mask
        uint8 (Z, Y, X) on the native frames.
    algorithm_type
        AUTOMATIC for a model's own mask, SEMIAUTOMATIC where it was edited, MANUAL where it was drawn.
    prediction
        Probabilities, device and time; None where no model ran.
    model
        Which weights the mask came from; None for a drawn one.
    author
        Who read the case; empty for a model's result.
    """

    volume: CTVolume
    mask: NDArray[np.uint8]
    algorithm_type: AlgorithmType
    prediction: Prediction | None = None
    model: ModelLike | None = None
    author: str = ""

    @classmethod
    def of_prediction(cls, volume: CTVolume, prediction: Prediction) -> CaseResult:
        """Return a model's result, untouched."""
        return cls(volume, prediction.mask, "AUTOMATIC", prediction, prediction.model)

    @classmethod
    def of_review(cls, review: CaseReview, *, prediction: Prediction | None = None) -> CaseResult:
        """Return a reading as it is now; later strokes do not change it.

        Parameters
        ----------
        prediction
            The model's result beside the reading, where the reader has seen it.
        """
        kind = review.algorithm_type
        model = prediction.model if prediction is not None and review.begun_from_model else None
        return cls(review.volume, review.reading.copy(), kind, prediction, model, review.author)

    @cached_property
    def table(self) -> LesionTable:
        """Lesions and volumes of `mask`."""
        probabilities = None if self.prediction is None else self.prediction.probabilities
        return measure_lesions(self.mask, self.volume, probabilities=probabilities)

    @property
    def algorithm(self) -> tuple[str, str]:
        """Name and version of what made the mask."""
        return (PROGRAM, __version__) if self.model is None else (self.model.name, self.model.version)

    @property
    def model_run(self) -> ModelRun | None:
        """What DICOM files say of the model behind the mask; None for a drawn one."""
        prediction = self.prediction
        if prediction is None or self.model is None:
            return None
        return ModelRun(
            prediction.model.sha256,
            training=prediction.model.training,
            thresholds=prediction.thresholds,
            min_lesion_ml=prediction.min_lesion_ml,
            series_probabilities=prediction.series_probabilities,
            series_thresholds=prediction.series_thresholds,
            refer_band=prediction.refer_band,
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings of the series, then of the model run."""
        return (*self.volume.warnings, *(self.prediction.warnings if self.prediction else ()))

    @property
    def slice_z_mm(self) -> tuple[float | None, ...]:
        """LPS z of each slice's first voxel; None without geometry."""
        geometry = self.volume.geometry
        if geometry is None:
            return (None,) * self.volume.shape[0]
        return tuple(float(z) for z in geometry.positions_mm[:, 2])

    @cached_property
    def marked(self) -> NDArray[np.bool_]:
        """(Z, 2): whether the mask shows the class on the slice."""
        return slices_with(self.mask)

    def slice_number(self, z: int) -> int:
        """Return the number a reader knows a native slice by."""
        return slice_number(z, self.volume.shape[0], self.volume.geometry)

    def slice_numbers(self, lesion: Lesion) -> list[int]:
        """Return the numbers of a lesion's outer slices, the lower first."""
        return sorted(self.slice_number(z) for z in (lesion.first_slice, lesion.last_slice))

    def noteworthy_slices(self, most: int) -> list[int]:
        """Return up to `most` slices to show: those with a finding, evenly thinned, else the most suspicious ones."""
        slices = np.flatnonzero(self.marked.any(axis=1))
        if not slices.size and self.prediction is not None:
            ranked = np.argsort(-self.prediction.slice_probabilities.max(axis=1), kind="stable")
            slices = np.sort(ranked[: min(most, 3)])
        if not slices.size:
            slices = np.arange(self.volume.shape[0])[len(self.mask) // 2 :][:1]
        chosen = np.linspace(0, slices.size - 1, min(most, slices.size)).round().astype(int)
        return [int(z) for z in slices[chosen]]
