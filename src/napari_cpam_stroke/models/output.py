"""What a network returns, and the one way from there to probabilities."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from napari_cpam_stroke.config import ClassifierConfig, ModelConfig, SegmenterConfig
from napari_cpam_stroke.errors import BundleError, add_extra


class SegmenterOutput(NamedTuple):
    """Logits of a segmentation network.

    Attributes
    ----------
    masks
        (B, K, H, W), K = `SegmenterConfig.out_channels`.
    side
        Deep-supervision logits of coarser decoder levels, finest first; empty outside training.
    image
        (B, classes), or None where the network has no image head.
    """

    masks: Tensor
    side: tuple[Tensor, ...] = ()
    image: Tensor | None = None


class Probabilities(NamedTuple):
    """Per-class probabilities without background, float32.

    Attributes
    ----------
    masks
        (B, classes, H, W); None for a classifier.
    image
        (B, classes).
    """

    masks: Tensor | None
    image: Tensor


def probabilities(output: SegmenterOutput | Tensor, config: ModelConfig, *, gate: bool | None = None) -> Probabilities:
    """Turn logits into probabilities.

    Parameters
    ----------
    output
        Of a segmenter (masks (B, C, H, W)), or the logits (B, classes) of a classifier.
    gate
        Multiply the masks by the image-level probability; None: as the config says.

    Notes
    -----
    Where a segmenter has no image head, the highest pixel probability of the slice stands in for it.
    """
    if isinstance(config, ClassifierConfig):
        return Probabilities(None, class_probabilities(_logits_of(output), config.output))
    segmented = output if isinstance(output, SegmenterOutput) else SegmenterOutput(output)
    return _segmented(segmented, config, gate=config.gate if gate is None else gate)


def class_probabilities(logits: Tensor, kind: str) -> Tensor:
    """Return float32 probabilities 0..1 of the classes, dimension 1 of logits (B, C, ...).

    Under softmax and sparsemax background comes first and is left out.
    """
    logits = logits.float()
    if kind == "sigmoid":
        return torch.sigmoid(logits)
    if kind == "softmax":
        return torch.softmax(logits, dim=1)[:, 1:]
    return sparsemax(logits)[:, 1:]


def sparsemax(logits: Tensor) -> Tensor:
    """Return the projection of logits (B, C, ...) onto the simplex along dimension 1 (Martins & Astudillo, 2016)."""
    try:
        from entmax import sparsemax as project
    except ImportError as error:
        raise BundleError("A sparsemax output needs the package entmax", remedy=add_extra("train")) from error
    projected: Tensor = project(logits, dim=1)
    return projected


def _segmented(output: SegmenterOutput, config: SegmenterConfig, *, gate: bool) -> Probabilities:
    masks = class_probabilities(output.masks, config.output)
    if output.image is None:
        return Probabilities(masks, masks.amax(dim=(2, 3)))
    image = torch.sigmoid(output.image.float())
    return Probabilities(masks * image[:, :, None, None] if gate else masks, image)


def _logits_of(output: SegmenterOutput | Tensor) -> Tensor:
    return output.masks if isinstance(output, SegmenterOutput) else output
