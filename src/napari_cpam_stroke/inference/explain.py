"""What a model looks at: the attention of the patch under one native pixel."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from napari_cpam_stroke.core.head import HeadFrame, locate_head
from napari_cpam_stroke.core.orientation import places_mm, radiological_view
from napari_cpam_stroke.core.preprocess import network_input, to_native
from napari_cpam_stroke.core.volume import CTVolume
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.inference.predictor import Predictor
from napari_cpam_stroke.models import AttentionMaps, Ensemble


def attention_at(
    predictor: Predictor, volume: CTVolume, voxel: tuple[int, int, int], *, level: int = 0
) -> NDArray[np.float32]:
    """Return the attention map of one slice for the patch under a voxel.

    Parameters
    ----------
    voxel
        Native (z, y, x).
    level
        Resolution level of the network, 0 the finest; `predictor.model.attention_levels` lists them.

    Returns
    -------
    float32 (Y, X) on native pixels, mean over the heads, scaled so that the highest value is 1; 0 outside the network's
    field of view.

    Raises
    ------
    InputError
        If the model has no attention (at that level), or the voxel lies outside the series or the field of view.
    """
    model = predictor.model
    if not isinstance(model, AttentionMaps | Ensemble) or not model.attention_levels:
        raise InputError(f"The model {predictor.card.reference} has no attention to show")
    z, y, x = _seen(voxel, volume)
    hu = radiological_view(volume.hu, volume.geometry)
    frame = locate_head(hu, predictor.card.preprocess)
    pixel = _network_pixel(frame, (y, x), predictor.card.preprocess.size)
    places = places_mm(volume.geometry, volume.acquisition)
    inputs = torch.from_numpy(network_input(hu, frame, predictor.card.preprocess, [z], places))
    device = next(model.parameters()).device
    with torch.inference_mode():
        seen = model.attention_from(inputs.to(device), level, pixel).float().cpu().numpy()
    native = to_native(seen[:, None] / seen.max(), frame, (hu.shape[1], hu.shape[2]))[0]
    upright: NDArray[np.float32] = radiological_view(native, volume.geometry)[0]
    return np.ascontiguousarray(upright)


def _seen(voxel: tuple[int, int, int], volume: CTVolume) -> tuple[int, int, int]:
    """Return a native index in the radiological view."""
    if any(not 0 <= i < n for i, n in zip(voxel, volume.shape, strict=True)):
        raise InputError("The voxel lies outside the series", got=voxel, expected=f"below {volume.shape}")
    flips = (False, False, False) if volume.geometry is None else volume.geometry.display_flips
    z, y, x = (n - 1 - i if flip else i for i, n, flip in zip(voxel, volume.shape, flips, strict=True))
    return z, y, x


def _network_pixel(frame: HeadFrame, yx: tuple[int, int], size: int) -> tuple[int, int]:
    matrix, offset = frame.grid_to_native(size)
    row, column = np.rint(np.linalg.solve(matrix, np.asarray(yx) - offset)).astype(int)
    if not (0 <= row < size and 0 <= column < size):
        raise InputError("The voxel lies outside what the model sees", got=yx, remedy="choose one on the head")
    return int(row), int(column)
