"""Two functions for anybody's napari layers: mark suspected stroke in a head CT, and measure what is marked."""

# No `from __future__ import annotations`: magicgui resolves what is a string without the names of this module.

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.bundles import DEFAULT
from napari_cpam_stroke.core import LesionClass, LesionTable, measure_lesions
from napari_cpam_stroke.core.label_map import LabelMap
from napari_cpam_stroke.core.label_values import labels_from_values, meanings_of_values
from napari_cpam_stroke.core.orientation import radiological_view
from napari_cpam_stroke.errors import GeometryMismatchError
from napari_cpam_stroke.widgets.contributions.layer_volume import require_hounsfield, volume_of, with_geometry
from napari_cpam_stroke.widgets.reading.loaded_model import LoadedModel
from napari_cpam_stroke.widgets.reading.settings import Device
from napari_cpam_stroke.widgets.viewer.colours import class_colormap

if TYPE_CHECKING:
    import napari.layers
    import napari.types


Table = dict[str, list[object]]
"""Columns by name, all of one length: for pandas, and for magicgui's table."""

Row = dict[str, object]

WHOLE = "all"
"""Stands in the column of lesions for a whole class."""

NO_SPACING = (
    "The layers give no spacing, so there are no ml: set the scale of one of them to the steps along (z, y, x) in mm."
)


def segment_stroke(
    image: "napari.layers.Image", model: str = DEFAULT, device: Device = "auto", *, hounsfield: bool = False
) -> "napari.types.LayerDataTuple":
    """Mark what a model suspects to be ischemia or hemorrhage in a non-contrast head CT. Research use only.

    Parameters
    ----------
    image
        (Z, Y, X) or (Y, X) in HU, displayed feet first, front up, the patient's right on the left; its scale is the
        spacing in mm.
    model
        `NAME`, `NAME@VERSION` or a folder, as in `cpam-stroke models list`.
    device
        auto: the graphics card where there is one, else the processor.
    hounsfield
        Insist that the values are HU, where they do not look like those of a head.

    Returns
    -------
    Data, settings and kind of a labels layer on the grid of the image: 0 nothing, 1 ischemia, 2 hemorrhage. Its
    metadata hold the probabilities of the series, 0..1, and name, version and sha256 of the model.

    Raises
    ------
    InputError
        For layers that are no CT, and for values that are no HU.
    BundleError
        Where there is no such model.
    """
    volume = volume_of(image)
    require_hounsfield(volume, image.name, insist=hounsfield)
    prediction = LoadedModel().get(model, device).predict(volume, progress=_unseen, cancelled=_never)
    shown = radiological_view(prediction.mask, volume.geometry)
    told = prediction.model
    settings = {
        "name": f"{image.name} stroke",
        "scale": image.scale,
        "translate": image.translate,
        "units": image.units,
        "axis_labels": image.axis_labels,
        "colormap": class_colormap(),
        "metadata": {
            "probabilities": dict(prediction.series_probabilities),
            "model": {"name": told.name, "version": told.version, "sha256": told.sha256},
        },
    }
    return np.ascontiguousarray(shown.reshape(image.data.shape)), settings, "labels"


def measure(labels: "napari.layers.Labels", image: "napari.layers.Image", *, hounsfield: bool = False) -> Table:
    """Measure what is marked in a head CT: each class as a whole, and each connected lesion.

    Parameters
    ----------
    labels
        (Z, Y, X) on the grid of the image: 0 nothing, 1 ischemia, 2 hemorrhage.
    image
        The CT in HU. Its scale, or that of the labels, is the spacing in mm; without any there are no ml, and a
        warning says so. A layer of an open case is measured with what every slice of its series really stands for.
    hounsfield
        Insist that the values are HU, where they do not look like those of a head.

    Returns
    -------
    Columns: class, lesion (`all`, then numbers from 1, largest first), volume_ml (None without spacing), slices (with
    a mark), first_slice and last_slice (along the layer's first axis, from 0; None where there is nothing), voxels.

    Raises
    ------
    GeometryMismatchError
        If the layers differ in shape.
    InputError
        For values that are no HU, and for labels without a meaning.
    """
    values = np.asarray(labels.data)
    if values.shape != tuple(image.data.shape):
        raise GeometryMismatchError(
            "Labels and image have different shapes", got=f"{values.shape}", expected=f"{tuple(image.data.shape)}"
        )
    volume = with_geometry(volume_of(image), labels)
    require_hounsfield(volume, image.name, insist=hounsfield)
    shown = labels_from_values(values, meanings_of_values(LabelMap()), f"Layer {labels.name!r}").reshape(volume.shape)
    if volume.geometry is None:
        warnings.warn(NO_SPACING, stacklevel=2)
    found = measure_lesions(np.ascontiguousarray(radiological_view(shown, volume.geometry)), volume)
    upside_down = volume.geometry is not None and volume.geometry.display_flips[0]
    rows = [row for kind in LesionClass for row in _rows(kind, shown == kind, found, upside_down=upside_down)]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _unseen(_done: int, _total: int) -> None:
    """Take progress that nobody is shown."""


def _never() -> bool:
    return False


def _rows(kind: LesionClass, marked: NDArray[np.bool_], found: LesionTable, *, upside_down: bool) -> list[Row]:
    """Return the row of a class, then those of its lesions, with slices as they are displayed."""
    there = np.flatnonzero(marked.any(axis=(1, 2))).tolist()
    ends = (there[0], there[-1]) if there else (None, None)
    rows = [_row(kind, WHOLE, found.volumes_ml[kind.label], len(there), ends, int(marked.sum()))]
    lesions = [lesion for lesion in found.lesions if lesion.lesion_class is kind]
    for number, lesion in enumerate(lesions, 1):
        first, last = lesion.first_slice, lesion.last_slice
        ends = (len(marked) - 1 - last, len(marked) - 1 - first) if upside_down else (first, last)
        rows.append(_row(kind, number, lesion.volume_ml, last - first + 1, ends, lesion.voxels))
    return rows


def _row(
    kind: LesionClass,
    lesion: int | str,
    volume_ml: float | None,
    slices: int,
    ends: tuple[int | None, int | None],
    voxels: int,
) -> Row:
    return {
        "class": kind.label,
        "lesion": lesion,
        "volume_ml": volume_ml,
        "slices": slices,
        "first_slice": ends[0],
        "last_slice": ends[1],
        "voxels": voxels,
    }
