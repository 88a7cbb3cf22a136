"""Lesions and results in words, as the Findings, the AI and the History dock show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cpam_stroke.annotations import Rejection, Revision
from napari_cpam_stroke.core import Lesion, LesionTable
from napari_cpam_stroke.core.lesions import ABC2_FROM_ML
from napari_cpam_stroke.core.slice_number import slice_number
from napari_cpam_stroke.widgets.reading.moments import local_time
from napari_cpam_stroke.widgets.viewer.turned import TurnedSeries

if TYPE_CHECKING:
    from napari_cpam_stroke.annotations.records import ModelLike
    from napari_cpam_stroke.inference import Prediction

SHORT_SHA = 7
NO_RUN = "No model was run on this case."
HIDDEN_RESULT = "Blinded read: the AI is hidden until you reveal it  [A]."
NO_VOLUME = "no volume, the series gives no geometry"
NO_BREAK = "\u00a0"
"""Between a number and its unit."""


def model_line(model: ModelLike, device: str = "") -> str:
    """Return model, version, weights and device as one short line."""
    where = f", {device}" if device else ""
    return f"{model.name} {model.version} ({model.sha256[:SHORT_SHA]}){where}"


def result_lines(prediction: Prediction | None, *, hidden: bool) -> str:
    """Return which model ran where and for how long, and its warnings."""
    if hidden:
        return HIDDEN_RESULT
    if prediction is None:
        return NO_RUN
    first = f"AI: {model_line(prediction.model, prediction.device)}, {prediction.seconds:.1f} s"
    return "\n".join([first, *prediction.warnings])


def lesion_cells(place: int, lesion: Lesion, series: TurnedSeries | None) -> tuple[str, str, str, str, str]:
    """Return number, class, size, slices and ABC/2 of the lesion at a place of the table, slices as displayed."""
    ends = sorted(
        z + 1 if series is None else slice_number(z, series.volume.shape[0], series.volume.geometry)
        for z in (lesion.first_slice, lesion.last_slice)
    )
    slices = f"{ends[0]}" if ends[0] == ends[1] else f"{ends[0]}-{ends[1]}"
    size = f"{lesion.volume_ml:.2f}" if lesion.volume_ml is not None else f"{lesion.voxels} vx"
    abc2 = "-" if lesion.abc2 is None else f"{lesion.abc2.volume_ml:.2f}"
    return (str(place + 1), lesion.lesion_class.label, size, slices, abc2)


def abc2_words(lesion: Lesion) -> str:
    """Return the three lengths of a lesion's ABC/2, or why there is none."""
    if lesion.abc2 is None:
        return f"ABC/2 was made for hemorrhage; it is given from {ABC2_FROM_ML:g} ml on, where positions are known"
    a, b, c = (f"{length:.1f}" for length in (lesion.abc2.a_mm, lesion.abc2.b_mm, lesion.abc2.c_mm))
    return f"A {a} x B {b} x C {c} mm, halved (Kothari 1996): an estimate made for rounded hemorrhage"


def totals_line(table: LesionTable) -> str:
    """Return the volume of each class."""
    return ", ".join(
        f"{name} {ml:.1f}{NO_BREAK}ml" if ml is not None else f"{name}: {NO_VOLUME}"
        for name, ml in table.volumes_ml.items()
    )


def rejections_line(rejections: tuple[Rejection, ...]) -> str:
    """Return what was turned down and why; empty where nothing was."""
    words = ", ".join(f"{each.lesion_class.label} ({each.reason})" for each in rejections)
    return f"rejected: {words}" if words else ""


def revision_cells(revision: Revision) -> tuple[str, str, str, str, str]:
    """Return version, time, author, status and how much was changed."""
    when, status = local_time(revision.created), revision.status.replace("_", " ")
    return (str(revision.number), when, revision.author, status, f"{revision.changed_voxels} vx")


def revision_facts(revision: Revision) -> str:
    """Return what is kept with a version, one fact a line."""
    facts = [f"version {revision.number}, {revision.kind}, {revision.algorithm_type}"]
    if revision.model is not None:
        facts.append(f"model {revision.model.name} {revision.model.version} ({revision.model.sha256[:8]})")
    if revision.changed_from_prediction is not None:
        facts.append(f"{revision.changed_from_prediction} voxels differ from the model's mask")
    if revision.blinded:
        revealed = local_time(revision.revealed_at) if revision.revealed_at else "never"
        facts.append(f"blinded first read, revealed {revealed}")
    if revision.comment:
        facts.append(revision.comment)
    return "\n".join(facts)
