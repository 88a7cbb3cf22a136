"""napari's own Save for the masks of an open case: NIfTI or DICOM SEG on the native frames."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_cpam_stroke.core.orientation import radiological_view
from napari_cpam_stroke.dicom import write_nifti, write_segmentation
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.export import CaseResult
from napari_cpam_stroke.widgets.reading.session import ReviewSession, session_with
from napari_cpam_stroke.widgets.viewer.three_layers import AI, CASE

SEGMENTATION_SUFFIX = ".dcm"


def write_layer(path: str, data: ArrayLike, attributes: Mapping[str, object]) -> list[str]:
    """Write a labels layer of an open case and return the path written.

    Parameters
    ----------
    path
        Ends in .dcm for DICOM SEG; everything else becomes NIfTI.
    data
        (Z, Y, X) label values as they are displayed.
    attributes
        napari's description of the layer; its metadata name the case.

    Raises
    ------
    InputError
        For any other layer: without its series a mask has no place in the patient.
    """
    metadata = attributes.get("metadata")
    session = session_with(str(metadata.get(CASE, ""))) if isinstance(metadata, Mapping) else None
    if session is None or session.review is None:
        raise InputError(
            f"Layer {attributes.get('name', '')!r} belongs to no open head CT",
            remedy="save the Reading or the AI layer",
        )
    result = _result(session, np.asarray(data, dtype=np.uint8), name=str(attributes.get("name", "")))
    if not path.endswith(SEGMENTATION_SUFFIX):
        written, notes = write_nifti(path, result.mask, result.volume, algorithm_type=result.algorithm_type)
        for note in notes:
            session.said.emit(note)
        return [str(written)]
    name, version = result.algorithm
    kind = result.algorithm_type
    return [
        str(
            write_segmentation(
                path,
                result.mask,
                result.volume,
                algorithm_type=kind,
                algorithm_name=name,
                algorithm_version=version,
                run=result.model_run,
            )
        )
    ]


def _result(session: ReviewSession, shown: NDArray[np.uint8], *, name: str) -> CaseResult:
    review, prediction = session.review, session.models.prediction
    assert review is not None  # noqa: S101 - asked just before
    mask = np.ascontiguousarray(radiological_view(shown, review.volume.geometry))
    if name == AI and prediction is not None:
        return CaseResult(review.volume, mask, "AUTOMATIC", prediction, prediction.model)
    model = prediction.model if prediction is not None and review.begun_from_model else None
    return CaseResult(review.volume, mask, review.algorithm_type, prediction, model, review.author)
