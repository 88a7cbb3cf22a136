"""LiteMedSAM behind the interface every engine has, as it is published or fine-tuned: a peer to judge by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cpam_train.medsam.image import fitted, image_of
from cpam_train.medsam.input import EDGE, given, is_medsam
from cpam_train.medsam.network import Answering, corners_of, load_answering, marks_of, published
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.inference.device import pick_device
from napari_cpam_stroke.models.pretrained import read_weights
from napari_cpam_stroke.prompting import PromptRequest
from napari_cpam_stroke.prompting.answers import Answers
from napari_cpam_stroke.prompting.settlement import settle
from napari_cpam_stroke.prompting.zoom import Zoom

WHOLE_SLICE_MM = 1000.0
"""Edge of a square about any prompt that holds the whole slice: it was not taught to zoom in."""


class LiteMedSam:
    """Answers boxes, which it was taught with, and points, which its parts take as well.

    Parameters
    ----------
    device
        As `pick_device` takes it.
    run
        Of `cpam-train fit litemedsam`; None: as it is published.

    Raises
    ------
    InputError
        If its package is not installed, the device does not exist, or the run is another network's or unfinished.
    BundleError
        If its weights cannot be read.
    """

    def __init__(self, device: str = "auto", *, run: RunFolder | None = None) -> None:
        self.device = pick_device(device)
        network = published()
        if run is not None:
            load_answering(network, read_weights(_learnt(run)), str(run.path))
        self.name = "LiteMedSAM" if run is None else f"LiteMedSAM, {run.path.resolve().name}"
        self._network = network.to(self.device).eval()
        self._answering = Answering(self._network)
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
        points, box = given(request.prompts, so_far, EDGE / max(shape))
        features = self._features(request.volume, request.slice_index)
        marks, corners = (tensor[None].to(self.device) for tensor in (marks_of(points), corners_of(box)))
        logits = self._answering(features, marks, corners).masks
        height, width = fitted(shape)
        native = functional.interpolate(logits[..., :height, :width].float(), size=shape, mode="bilinear")
        return np.asarray(native[0, 0].cpu().numpy() > 0)

    @torch.inference_mode()
    def _features(self, volume: CTVolume, slice_index: int) -> Tensor:
        if self._seen is None or self._seen[0] is not volume or self._seen[1] != slice_index:
            image = image_of(volume.hu[slice_index])
            self._seen = (volume, slice_index, self._network.image_encoder(image.to(self.device)))
        return self._seen[2]


def _learnt(run: RunFolder) -> Path:
    """Return the weights of a run, or refuse it."""
    if not is_medsam(run.config().model):
        raise InputError(f"{run.path} is no fine-tuned LiteMedSAM", remedy="make one by cpam-train fit litemedsam")
    if not run.weights.is_file():
        raise InputError(f"{run.path} has no trained weights", remedy="finish it with cpam-train fit ... --resume")
    return run.weights
