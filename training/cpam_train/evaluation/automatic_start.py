"""What a model draws by itself on the slices that are judged: where a reader's corrections begin."""

from __future__ import annotations

import numpy as np

from cpam_train.evaluation.prompt_reading import JudgedSlice, Start
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.inference import Prediction
from napari_cpam_stroke.inference.predictor import Predictor


class AutomaticStart:
    """Runs a model on the whole series of each slice, as the room does; what was asked before is remembered."""

    def __init__(self, predictor: Predictor, store: AnnotationStore) -> None:
        self._predictor, self._store = predictor, store
        self._series: tuple[str, Prediction] | None = None
        self._known: dict[tuple[str, int, LesionClass], Start] = {}

    @property
    def model(self) -> str:
        """Name and version."""
        return self._predictor.card.reference

    def __call__(self, judged: JudgedSlice) -> Start:
        """Return what the model draws of the slice's class, and with what probability."""
        key = (judged.row.case.case_id, judged.row.z, judged.lesion_class)
        if key not in self._known:
            self._known[key] = self._start(*key)
        return self._known[key]

    def _start(self, case_id: str, z: int, lesion_class: LesionClass) -> Start:
        if self._series is None or self._series[0] != case_id:
            self._series = (case_id, self._predictor.predict(self._store.read_volume(case_id)))
        prediction = self._series[1]
        probabilities = prediction.probabilities[int(lesion_class) - 1, z].copy()
        return Start(self.model, np.asarray(prediction.mask[z] == lesion_class), probabilities)
