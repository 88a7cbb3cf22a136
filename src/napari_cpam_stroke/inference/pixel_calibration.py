"""From what a network says of pixels to their calibrated probabilities, on the device that made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from napari_cpam_stroke.inference.calibration import PROBABILITY_MARGIN


class PixelCalibration:
    """A line per class that the logits of its pixels go through.

    Parameters
    ----------
    classes
        In the order of the channels.
    lines
        Slope and offset by class (`ModelCard.pixel_calibration`); a class left out is not changed.
    """

    def __init__(self, classes: Sequence[str] = (), lines: Mapping[str, tuple[float, float]] | None = None) -> None:
        self._lines = {k: (lines or {})[name] for k, name in enumerate(classes) if name in (lines or {})}

    def __call__(self, masks: Tensor) -> Tensor:
        """Return probabilities (n, K, H, W), 0..1, of the same shape as those given."""
        changed = list(masks.unbind(dim=1))
        for k, (slope, offset) in self._lines.items():
            changed[k] = torch.sigmoid(torch.logit(changed[k].float(), eps=PROBABILITY_MARGIN) * slope + offset)
        return torch.stack(changed, dim=1) if self._lines else masks
