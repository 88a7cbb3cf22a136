"""Networks of one architecture that were trained apart and answer together."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from napari_cpam_stroke.models.attention_maps import AttentionMaps
from napari_cpam_stroke.models.output import SegmenterOutput


class Ensemble(nn.Module):
    """Segmentation networks whose logits are averaged.

    The mean of the logits has the scale of one member's, so that a threshold chosen on members' own predictions means
    the same here. A mean of probabilities would not do: above a high threshold it asks all members to agree, above a
    low one any of them.

    Parameters
    ----------
    members
        Networks with the same outputs.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> SegmenterOutput:
        """Return the logits of x (B, C, H, W); an ensemble has no side outputs, since it is not trained as one."""
        return self.together(self.answers(x))

    def answers(self, x: Tensor) -> list[SegmenterOutput]:
        """Return what each member says of x (B, C, H, W)."""
        return [member(x) for member in self.members]

    def together(self, answers: Sequence[SegmenterOutput]) -> SegmenterOutput:
        """Return the mean of the members' answers."""
        images = [answer.image for answer in answers if answer.image is not None]
        masks = mean_logits([answer.masks for answer in answers])
        return SegmenterOutput(masks, (), mean_logits(images) if images else None)

    @property
    def attention_levels(self) -> tuple[int, ...]:
        """Levels at which every member has attention to show."""
        levels = [set(m.attention_levels) if isinstance(m, AttentionMaps) else set() for m in self.members]
        return tuple(sorted(set.intersection(*levels)))

    def attention_from(self, x: Tensor, level: int, pixel: tuple[int, int]) -> Tensor:
        """Return what the patch under one pixel attends to, (B, H, W), mean over the members."""
        seen = [m.attention_from(x, level, pixel) for m in self.members if isinstance(m, AttentionMaps)]
        return torch.stack(seen).mean(dim=0)


def mean_logits(logits: Sequence[Tensor]) -> Tensor:
    """Return the float32 mean of logits of the same shape.

    Under sigmoid and softmax that is the geometric mean of odds and of probabilities.
    """
    return torch.stack([z.float() for z in logits]).mean(dim=0)
