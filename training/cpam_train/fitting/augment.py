"""Random changes of a whole batch at once, image and mask together, on whatever device the batch is.

All geometric changes are one affine matrix per sample (plus a smooth displacement where asked for), so that the batch
is resampled once. Grey values are changed in HU, alike for all windows of a slice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import kornia
import torch
from torch import Tensor, nn
from torch.nn import functional

from cpam_train.config import AugmentConfig
from napari_cpam_stroke.config import PreprocessConfig

CONTRAST_CENTRE_HU = 35.0
"""Contrast turns about the middle of brain tissue."""

ELASTIC_GRID = 6
"""Control points per edge of the smooth displacement."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """The geometric part of a draw: where each output pixel looks in the input, in -1..1 coordinates.

    Attributes
    ----------
    matrix
        (B, 2, 3) output to input.
    shift
        (B, g, g, 2) smooth displacement on a coarse grid.
    """

    matrix: Tensor
    shift: Tensor


class Augment(nn.Module):
    """Change a batch of network inputs and their masks.

    Parameters
    ----------
    config
        Probabilities and ranges.
    preprocess
        Gives the windows, so that grey values can be changed in HU.
    grey
        False: only geometry is changed, for images that are no windows of HU.
    """

    low: Tensor
    width: Tensor

    def __init__(self, config: AugmentConfig, preprocess: PreprocessConfig, *, grey: bool = True) -> None:
        super().__init__()
        self.config, self.grey = config, grey
        windows = preprocess.channel_windows
        self.register_buffer("low", torch.tensor([w.low for w in windows]).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("width", torch.tensor([w.width for w in windows]).view(1, -1, 1, 1), persistent=False)

    @torch.no_grad()
    def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the changed image (B, C, H, W) in 0..1 and mask (B, H, W) of the same integer type."""
        if not self.config.enabled:
            return image, mask
        image, mask = warp(image, mask, self.draw_geometry(mask), self._edge(image))
        return (self.change_grey(image) if self.grey else image), mask

    def draw_geometry(self, mask: Tensor) -> Geometry:
        """Draw rotation, scale, shear, translation, mirror, flip, crop and elastic displacement for masks (B, H, W)."""
        c, b, device = self.config, len(mask), mask.device
        angle = self._either(b, c.rotate_p, -c.rotate_degrees, c.rotate_degrees, rest=0.0, device=device)
        zoom = self._either(b, c.scale_p, *c.scale_range, rest=1.0, device=device)
        zoom = zoom / self._either(b, c.crop_p, *c.crop_range, rest=1.0, device=device)
        slant = self._either(b, c.shear_p, -c.shear_degrees, c.shear_degrees, rest=0.0, device=device)
        mirror = 1 - 2 * self._chance(b, c.mirror_p, device)
        flip = 1 - 2 * self._chance(b, c.flip_p, device)
        linear = _linear(angle, zoom, slant, mirror, flip)
        centre = self._translation(b, device)
        crop = self.config.crop_size
        if crop is not None or c.crop_p > 0:
            share = torch.full_like(zoom, 1.0 if crop is None else crop / mask.shape[-1]) / zoom.clamp(min=1.0)
            centre = centre + self._crop_centre(mask, share.clamp(max=1.0))
            linear = linear if crop is None else linear * (crop / mask.shape[-1])
        elastic = self._chance(b, c.elastic_p, device).view(-1, 1, 1, 1)
        shift = elastic * (torch.rand(b, ELASTIC_GRID, ELASTIC_GRID, 2, device=device) - 0.5) * 4 * c.elastic_share
        return Geometry(torch.cat([linear, centre.unsqueeze(-1)], dim=2), shift)

    def change_grey(self, image: Tensor) -> Tensor:
        """Return images (B, C, H, W) in 0..1 of other brightness, contrast, noise, sharpness, bone end and histogram.

        What a window shows black or white stays so: those HU lie beyond it by an unknown amount, like bone and air.
        """
        c, b, device = self.config, len(image), image.device
        gain = self._either(b, c.contrast_p, *c.contrast_range, rest=1.0, device=device).view(-1, 1, 1, 1)
        offset = self._either(b, c.brightness_p, -c.brightness_hu, c.brightness_hu, rest=0.0, device=device)
        middle = (CONTRAST_CENTRE_HU - self.low) / self.width
        changed = (image - middle) * gain + middle + offset.view(-1, 1, 1, 1) / self.width
        changed = self._blurred(changed) + self._noise(changed)
        within = (image > 0) & (image < 1)
        return self._equalized(self._bone_end(torch.where(within, changed.clamp_(0, 1), image)))

    def _bone_end(self, image: Tensor) -> Tensor:
        """Return the images white from a HU on that is drawn for each, in every window that reaches so high."""
        c = self.config
        chosen = self._chance(len(image), c.bone_end_p, image.device).bool().view(-1, 1, 1, 1)
        low, high = c.bone_end_hu
        end = low + (high - low) * torch.rand(len(image), 1, 1, 1, device=image.device)
        return torch.where(chosen & (image >= (end - self.low) / self.width), torch.ones_like(image), image)

    def _noise(self, image: Tensor) -> Tensor | float:
        c, b = self.config, len(image)
        sigma = self._either(b, c.noise_p, 0.0, c.noise_hu, rest=0.0, device=image.device).view(-1, 1, 1, 1)
        if not bool((sigma > 0).any()):
            return 0.0
        noise = torch.randn(b, 1, *image.shape[-2:], device=image.device)
        return noise * sigma / self.width

    def _blurred(self, image: Tensor) -> Tensor:
        chosen = self._chance(len(image), self.config.blur_p, image.device).bool()
        if not bool(chosen.any()):
            return image
        sigma = 0.3 + torch.rand(int(chosen.sum()), 1, device=image.device) * max(self.config.blur_pixels - 0.3, 0.0)
        result = image.clone()
        result[chosen] = kornia.filters.gaussian_blur2d(image[chosen], (5, 5), sigma.repeat(1, 2))
        return result

    def _equalized(self, image: Tensor) -> Tensor:
        chosen = self._chance(len(image), self.config.equalize_p, image.device).bool()
        if bool(chosen.any()):
            image[chosen] = kornia.enhance.equalize(image[chosen].contiguous())
        return image

    def _edge(self, image: Tensor) -> int:
        return min(self.config.crop_size or image.shape[-1], image.shape[-1])

    def _translation(self, b: int, device: torch.device) -> Tensor:
        reach = 2 * self.config.translate_share
        moved = self._chance(b, self.config.translate_p, device).unsqueeze(1)
        return moved * (torch.rand(b, 2, device=device) * 2 - 1) * reach

    def _crop_centre(self, mask: Tensor, share: Tensor) -> Tensor:
        """Return (B, 2) centres (x, y) of the regions: anywhere inside, or on a lesion pixel where there is one."""
        b, device = len(mask), mask.device
        free = (torch.rand(b, 2, device=device) * 2 - 1) * (1 - share).unsqueeze(1)
        lesion, has_lesion = _random_lesion_pixel(mask)
        reach = (1 - share).unsqueeze(1)
        on_lesion = torch.minimum(torch.maximum(lesion, -reach), reach)
        wanted = (self._chance(b, self.config.crop_lesion_share, device).bool() & has_lesion).unsqueeze(1)
        return torch.where(wanted, on_lesion, free)

    @staticmethod
    def _chance(b: int, p: float, device: torch.device) -> Tensor:
        return (torch.rand(b, device=device) < p).float()

    def _either(self, b: int, p: float, low: float, high: float, *, rest: float, device: torch.device) -> Tensor:
        """Return (B,) uniform draws with probability p, else `rest`."""
        drawn = low + (high - low) * torch.rand(b, device=device)
        return torch.where(self._chance(b, p, device).bool(), drawn, torch.full_like(drawn, rest))


def warp(image: Tensor, mask: Tensor, geometry: Geometry, edge: int) -> tuple[Tensor, Tensor]:
    """Return image (B, C, edge, edge), bilinear, and mask (B, edge, edge), nearest, on one grid; outside stands 0."""
    b = len(image)
    grid = functional.affine_grid(geometry.matrix, [b, 1, edge, edge], align_corners=False)
    if bool(geometry.shift.any()):
        smooth = functional.interpolate(
            geometry.shift.permute(0, 3, 1, 2), size=(edge, edge), mode="bicubic", align_corners=True
        )
        grid = grid + smooth.permute(0, 2, 3, 1)
    moved = functional.grid_sample(image.float(), grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    labels = functional.grid_sample(mask.unsqueeze(1).float(), grid, mode="nearest", align_corners=False)
    return moved, labels.squeeze(1).round().to(mask.dtype)


def _linear(angle: Tensor, zoom: Tensor, slant: Tensor, mirror: Tensor, flip: Tensor) -> Tensor:
    """Return (B, 2, 2) matrices from output to input coordinates."""
    radians = angle * math.pi / 180
    cos, sin = radians.cos(), radians.sin()
    shear = torch.tan(slant * math.pi / 180)
    rows = torch.stack([cos * mirror, (shear * cos - sin) * flip, sin * mirror, (shear * sin + cos) * flip], dim=1)
    return rows.view(-1, 2, 2) / zoom.view(-1, 1, 1)


def _random_lesion_pixel(mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return (B, 2) coordinates (x, y) in -1..1 of a random labelled pixel, and (B,) whether there is one."""
    b, height, width = mask.shape
    score = torch.rand(b, height * width, device=mask.device) * (mask.flatten(1) > 0)
    best, index = score.max(dim=1)
    x = ((index % width).float() + 0.5) / width * 2 - 1
    y = ((index // width).float() + 0.5) / height * 2 - 1
    return torch.stack([x, y], dim=1), best > 0
