"""A second SEG for viewers that refuse tilted or unevenly spaced frames: the same mask on an even, orthogonal grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.volume import require_mask_shape
from napari_cpam_stroke.dicom.derived.algorithm import Algorithm, AlgorithmType, ModelRun
from napari_cpam_stroke.dicom.derived.object_file import save_dataset
from napari_cpam_stroke.dicom.derived.references import referring, source_images
from napari_cpam_stroke.dicom.derived.seg_object import segmentation_object
from napari_cpam_stroke.errors import UnreferableError
from napari_cpam_stroke.nifti.grid import Grid, is_native_grid, orthogonal_grid
from napari_cpam_stroke.nifti.writer import resample_mask

SERIES_DESCRIPTION = "Stroke segmentation, RESAMPLED (research)"
CONTENT_DESCRIPTION = "Resampled to an even grid: not the frames of the source"


def write_resampled_segmentation(
    path: Path | str,
    mask: NDArray[np.uint8],
    volume: CTVolume,
    *,
    algorithm_type: AlgorithmType,
    algorithm_name: str,
    algorithm_version: str,
    run: ModelRun | None = None,
    keep_patient: bool = False,
) -> tuple[Path, str]:
    """Write a mask as DICOM SEG on an even grid in the series' frame of reference, and return its path and a note.

    Each plane shows its nearest native slice, as in the NIfTI file; the series description says that it is resampled.

    Parameters
    ----------
    mask
        uint8 (Z, Y, X) on the volume's frames.
    algorithm_type, algorithm_name, algorithm_version, run, keep_patient
        As in `write_segmentation`.

    Raises
    ------
    UnreferableError
        If the native frames are an even grid already, or the source lacks what a segmentation must name.
    SeriesError
        If the source files are missing or others.
    GeometryMismatchError
        If mask and volume have different shapes.
    """
    require_mask_shape(mask, volume)
    images = source_images(volume, keep_patient=keep_patient)
    geometry = volume.geometry
    assert geometry is not None  # noqa: S101 - without one there are no source images
    if is_native_grid(geometry):
        raise UnreferableError("The native frames form an even grid already", remedy="nothing needs to be resampled")
    grid = orthogonal_grid(geometry, volume.shape)
    algorithm = Algorithm(algorithm_name, algorithm_version, None if algorithm_type == "MANUAL" else run)
    with referring("resampled segmentation"):
        segmentation = segmentation_object(
            images,
            np.ascontiguousarray(resample_mask(mask, geometry, grid).transpose(2, 1, 0)),
            algorithm,
            algorithm_type=algorithm_type,
            series=(2, SERIES_DESCRIPTION),
            content_description=CONTENT_DESCRIPTION,
            omit_empty_frames=False,
            **_planes(grid),
        )
    return save_dataset(Path(path), segmentation), _note(Path(path).name, grid)


def _planes(grid: Grid) -> dict[str, Any]:
    """Return position, orientation and spacing of every plane as highdicom takes them."""
    spacing = np.linalg.norm(grid.affine[:3, :3], axis=0)
    row, column = grid.affine[:3, 0] / spacing[0], grid.affine[:3, 1] / spacing[1]
    corners = [(grid.affine @ [0, 0, k, 1])[:3] for k in range(grid.shape[2])]
    return {
        "plane_positions": [hd.PlanePositionSequence("PATIENT", [float(v) for v in corner]) for corner in corners],
        "plane_orientation": hd.PlaneOrientationSequence("PATIENT", [float(v) for v in (*row, *column)]),
        "pixel_measures": hd.PixelMeasuresSequence(
            pixel_spacing=(float(spacing[1]), float(spacing[0])),
            slice_thickness=float(spacing[2]),
            spacing_between_slices=float(spacing[2]),
        ),
    }


def _note(name: str, grid: Grid) -> str:
    step = float(np.linalg.norm(grid.affine[:3, 2]))
    return (
        f"{name} is resampled (nearest neighbour) to {grid.shape[2]} planes, {step:.2f} mm apart, for viewers that "
        "refuse the native frames; segmentation.dcm lies on the native frames."
    )
