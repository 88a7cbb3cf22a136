"""Mask and image losses by name, stable over all logits, blind to what no one has annotated.

The focal loss printed in the source paper swaps label and probability and has a sign wrong: it is unbounded below and
drives every pixel to 1. Here it is ``-a y (1-p)^g log p - (1-a)(1-y) p^g log(1-p)`` with p = sigmoid(logit), computed
from logits (Lin et al., ICCV 2017).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from monai.losses import DiceLoss
from torch import Tensor, nn
from torch.nn import functional

from cpam_train.config import LossConfig

PixelLoss = Callable[[Tensor, Tensor, LossConfig], Tensor]


class SegmentationTarget(NamedTuple):
    """Truth of a batch.

    Attributes
    ----------
    masks
        float (B, K, H, W), one channel per class, 0..1.
    known
        bool (B, K): whether the mask of that class says anything on that slice.
    labels
        int (B, K): -1 unknown, 0 absent, 1 present.
    """

    masks: Tensor
    known: Tensor
    labels: Tensor


def one_hot(mask: Tensor, classes: int) -> Tensor:
    """Return float (B, K, H, W) of a (B, H, W) label mask; label k + 1 fills channel k."""
    values = torch.arange(1, classes + 1, device=mask.device).view(1, -1, 1, 1)
    return (mask.unsqueeze(1) == values).float()


def class_logits(logits: Tensor, output: str) -> Tensor:
    """Return one-against-the-rest logits (B, K, ...), so that every loss below fits both kinds of output.

    Parameters
    ----------
    logits
        (B, K, ...) of sigmoid outputs, (B, 1 + K, ...) of softmax outputs.
    output
        'sigmoid': the logits are that already. 'softmax': channel 0 is background; the log odds of class c are
        ``z_c - logsumexp(all others)``.
    """
    if output == "sigmoid":
        return logits
    columns = []
    for c in range(1, logits.shape[1]):
        others = torch.cat([logits[:, :c], logits[:, c + 1 :]], dim=1)
        columns.append(logits[:, c] - torch.logsumexp(others, dim=1))
    return torch.stack(columns, dim=1)


def bce(logits: Tensor, target: Tensor, config: LossConfig) -> Tensor:  # noqa: ARG001 - one signature for all
    """Return binary cross-entropy per pixel; logits, targets (0..1) and losses here and below are (B, K, H, W)."""
    return functional.binary_cross_entropy_with_logits(logits, target, reduction="none")


def focal(logits: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Return the focal loss of each element, same shape as logits and target (formula in the module docstring)."""
    log_p, log_q = functional.logsigmoid(logits), functional.logsigmoid(-logits)
    positive = target * (config.gamma * log_q).exp() * log_p
    negative = (1 - target) * (config.gamma * log_p).exp() * log_q
    return -config.alpha * positive - (1 - config.alpha) * negative


def bce_focal(logits: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Return the paper's mix of both for each element, same shape as logits and target."""
    return config.bce_weight * bce(logits, target, config) + config.focal_weight * focal(logits, target, config)


def weighted_ce(logits: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Return cross-entropy of each element with heavier positives, same shape as logits and target."""
    weight = torch.as_tensor(config.positive_weight, dtype=logits.dtype, device=logits.device)
    return functional.binary_cross_entropy_with_logits(logits, target, pos_weight=weight, reduction="none")


PIXEL_LOSSES: dict[str, PixelLoss] = {
    "bce": bce,
    "focal": focal,
    "bce_focal": bce_focal,
    "weighted_ce": weighted_ce,
    "dice_ce": bce,
}
"""Pixel part of every named loss; `dice_ce` adds the Dice of the batch."""


class SegmentationLoss(nn.Module):
    """Mask loss over all supervised levels plus the image head's loss.

    Parameters
    ----------
    config
        Name and weights.
    output
        Output kind of the network, 'sigmoid' or 'softmax'.
    """

    def __init__(self, config: LossConfig, output: str) -> None:
        super().__init__()
        self.config, self.output = config, output
        self.pixel = PIXEL_LOSSES[config.name]
        over = {"batch": (True,), "slice": (False,), "both": (True, False)}[config.dice_over]
        self.dice = [DiceLoss(batch=b, smooth_nr=1e-5, smooth_dr=1e-5, reduction="none") for b in over]

    def forward(
        self, masks: Tensor, side: tuple[Tensor, ...], image: Tensor | None, target: SegmentationTarget
    ) -> dict[str, Tensor]:
        """Return `loss` and its parts `mask` and `image`, all scalars in float32.

        Parameters
        ----------
        masks, side
            Logits of the full-size output (B, K, H, W), or (B, 1 + K, H, W) of softmax, and of each coarser level.
        image
            Logits (B, K) of the image head; None without one.
        """
        levels = (masks, *side)[: len(self.config.deep_supervision)]
        weights = self.config.deep_supervision[: len(levels)]
        mask = sum(w * self.mask_loss(z, target) for w, z in zip(weights, levels, strict=True)) / sum(weights)
        parts = {"mask": torch.as_tensor(mask)}
        if image is not None:
            parts["image"] = masked_bce(image, target.labels, smoothing=self.config.label_smoothing)
        parts["loss"] = parts["mask"] + self.config.image_weight * parts.get("image", mask * 0)
        return parts

    def mask_loss(self, logits: Tensor, target: SegmentationTarget) -> Tensor:
        """Return the scalar loss of one level of logits (B, K or 1 + K, h, w); the truth is averaged down to it."""
        z = class_logits(logits.float() if logits.dtype != torch.float64 else logits, self.output)
        truth = target.masks.to(z.dtype)
        if truth.shape[-2:] != z.shape[-2:]:
            truth = functional.adaptive_avg_pool2d(truth, (z.shape[-2], z.shape[-1]))
        known = target.known.to(z.dtype)
        loss = known_mean(self.pixel(z, truth, self.config), known)
        return loss + self._dice(z, truth, known) if self.config.name == "dice_ce" else loss

    def _dice(self, z: Tensor, truth: Tensor, known: Tensor) -> Tensor:
        """Return 1 - Dice, of the batch or its slices or both, averaged over the classes known and present there."""
        keep = known[..., None, None]
        probability, truth = torch.sigmoid(z) * keep, truth * keep
        present = truth.sum(dim=(2, 3)) > 0
        terms = [present_mean(dice(probability, truth)[..., 0, 0], present) for dice in self.dice]
        return torch.stack(terms).mean()


def present_mean(loss: Tensor, present: Tensor) -> Tensor:
    """Return the mean of a (B, K) loss where a lesion is present, or of a (K,) loss of the whole batch; else 0."""
    there = present.any(dim=0) if loss.ndim == 1 else present
    return (loss * there).sum() / there.sum().clamp(min=1)


def known_mean(loss: Tensor, known: Tensor) -> Tensor:
    """Return the mean of a (B, K, H, W) loss over known (B, K) slices; 0 where none is known."""
    per_slice = loss.mean(dim=(2, 3))
    return (per_slice * known).sum() / known.sum().clamp(min=1)


def masked_bce(logits: Tensor, labels: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """Return binary cross-entropy of logits (B, K) over the labels (B, K) that are known (>= 0); 0 where none is."""
    known = (labels >= 0).to(torch.float32)
    target = labels.clamp(min=0).to(torch.float32) * (1 - 2 * smoothing) + smoothing
    loss = functional.binary_cross_entropy_with_logits(logits.float(), target, reduction="none")
    return (loss * known).sum() / known.sum().clamp(min=1)


def single_label(labels: Tensor) -> Tensor:
    """Return (B,) class indices of (B, K) labels for softmax and sparsemax: 0 none, k + 1 class k, -1 unknown.

    A slice with several classes counts as the last one (hemorrhage, the more urgent); 'none' needs every class to be
    known absent.
    """
    classes = labels.shape[1]
    order = torch.arange(1, classes + 1, device=labels.device)
    present = torch.where(labels == 1, order, torch.zeros_like(order)).amax(dim=1)
    absent = (labels == 0).all(dim=1)
    return torch.where(present > 0, present, torch.where(absent, 0, -1))


def classifier_loss(logits: Tensor, labels: Tensor, *, output: str, smoothing: float = 0.0) -> Tensor:
    """Return the scalar loss that belongs to an output layer; labels are (B, K): -1 unknown, 0 absent, 1 present.

    sigmoid: binary cross-entropy per class. softmax: cross-entropy. sparsemax: the sparsemax loss (Martins &
    Astudillo 2016), since sparsemax gives exact zeros and log 0 is undefined. Logits are (B, K) for sigmoid, else
    (B, 1 + K) with "none" first.
    """
    if output == "sigmoid":
        return masked_bce(logits, labels, smoothing=smoothing)
    index = single_label(labels)
    known = index >= 0
    if not known.any():
        return logits.sum() * 0
    chosen, wanted = logits[known].float(), index[known]
    if output == "softmax":
        return functional.cross_entropy(chosen, wanted, label_smoothing=smoothing)
    from entmax import sparsemax_loss

    loss: Tensor = sparsemax_loss(chosen, wanted).mean()
    return loss
