"""Networks of one architecture that were trained apart and answer together."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from napari_cpam_stroke.models.cpam_unet import CPAMUNet
from napari_cpam_stroke.models.output import SegmenterOutput

MARGIN = 1e-6
"""Mean probabilities are kept this far from 0 and 1 before they become logits."""


class Ensemble(nn.Module):
    """Segmentation networks whose probabilities are averaged.

    The output holds logits of the mean probabilities, so that it is read like that of a single network.

    Parameters
    ----------
    members
        Networks with the same outputs.
    output
        'sigmoid' or 'softmax', as `SegmenterConfig.output`.
    """

    def __init__(self, members: Sequence[nn.Module], output: str) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.output = output

    def forward(self, x: Tensor) -> SegmenterOutput:
        """Return the logits of x (B, C, H, W); an ensemble has no side outputs, since it is not trained as one."""
        answers = [member(x) for member in self.members]
        images = [answer.image for answer in answers if answer.image is not None]
        masks = mean_logits([answer.masks for answer in answers], self.output)
        return SegmenterOutput(masks, (), mean_logits(images, "sigmoid") if images else None)

    @property
    def attention_levels(self) -> tuple[int, ...]:
        """Levels at which every member has attention to show."""
        levels = [set(m.attention_levels) if isinstance(m, CPAMUNet) else set() for m in self.members]
        return tuple(sorted(set.intersection(*levels)))

    def attention_from(self, x: Tensor, level: int, pixel: tuple[int, int]) -> Tensor:
        """Return what the patch under one pixel attends to, (B, H, W), mean over the members."""
        seen = [m.attention_from(x, level, pixel) for m in self.members if isinstance(m, CPAMUNet)]
        return torch.stack(seen).mean(dim=0)


def mean_logits(logits: Sequence[Tensor], output: str) -> Tensor:
    """Return float32 logits whose probabilities are the mean of the probabilities of each.

    Sigmoid: the log odds of the mean. Softmax: the logarithm of the mean, which softmax gives back.
    """
    if output == "sigmoid":
        return torch.logit(torch.stack([torch.sigmoid(z.float()) for z in logits]).mean(dim=0), eps=MARGIN)
    return torch.stack([torch.softmax(z.float(), dim=1) for z in logits]).mean(dim=0).clamp(min=MARGIN).log()
