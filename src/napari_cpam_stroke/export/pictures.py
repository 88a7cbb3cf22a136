"""Pictures of slices in the radiological view, findings as contours: ischemia solid, hemorrhage dashed."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from skimage.measure import find_contours

from napari_cpam_stroke.config import BRAIN, Window
from napari_cpam_stroke.core import CTVolume, LesionClass, apply_window
from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.core.orientation import radiological_view
from napari_cpam_stroke.core.slice_number import slice_number

Points = list[tuple[float, float]]

FINE = 2
"""Pictures are drawn this many times larger and reduced, so that lines are smooth."""

LINE_PIXELS = 1.8
DASH_PIXELS, GAP_PIXELS = 7.0, 4.0
SHEET_GAP_PIXELS = 6
TEXT_SHARE = 1 / 22
"""Height of letters as a share of the picture's edge."""


def slice_picture(
    volume: CTVolume, mask: NDArray[np.uint8], z: int, *, window: Window = BRAIN, edge: int = 384, caption: bool = True
) -> Image.Image:
    """Draw one slice.

    Parameters
    ----------
    mask
        uint8 (Z, Y, X) on the native frames.
    z
        Native slice index.
    edge
        Length of the longer side in pixels; sides are in proportion to mm.
    caption
        Write the slice's number (from 1), and R and L where the geometry is known.
    """
    dy, dx = (1.0, 1.0) if volume.geometry is None else volume.geometry.pixel_spacing_mm
    _, y, x = volume.shape
    scale = edge * FINE / max(y * dy, x * dx)
    size = (max(round(x * dx * scale), 1), max(round(y * dy * scale), 1))
    grey = np.rint(apply_window(_turned(volume.hu, volume, z), window) * 255).astype(np.uint8)
    image = Image.fromarray(grey).convert("RGB").resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for lesion_class in LesionClass:
        region = _turned(mask, volume, z) == lesion_class
        for outline in _outlines(region, (size[0] / x, size[1] / y)):
            _draw_outline(draw, outline, lesion_class)
    if caption:
        _write(draw, size, volume, z)
    return image.resize((max(size[0] // FINE, 1), max(size[1] // FINE, 1)), Image.Resampling.LANCZOS)


def contact_sheet(
    volume: CTVolume, mask: NDArray[np.uint8], slices: Sequence[int], *, columns: int = 4, edge: int = 256
) -> Image.Image:
    """Draw several slices of a volume with its mask, uint8 (Z, Y, X), side by side on black."""
    pictures = [slice_picture(volume, mask, z, edge=edge) for z in slices]
    columns = min(columns, len(pictures)) or 1
    step_x = max((p.width for p in pictures), default=edge) + SHEET_GAP_PIXELS
    step_y = max((p.height for p in pictures), default=edge) + SHEET_GAP_PIXELS
    rows = math.ceil(len(pictures) / columns) or 1
    sheet = Image.new("RGB", (columns * step_x - SHEET_GAP_PIXELS, rows * step_y - SHEET_GAP_PIXELS))
    for i, picture in enumerate(pictures):
        sheet.paste(picture, ((i % columns) * step_x, (i // columns) * step_y))
    return sheet


def png_bytes(image: Image.Image) -> bytes:
    """Return a picture as a PNG file's content; nothing but pixels is in it."""
    memory = io.BytesIO()
    image.save(memory, format="PNG")
    return memory.getvalue()


def _turned(array: NDArray[np.generic], volume: CTVolume, z: int) -> NDArray[np.generic]:
    """Return one native slice as the radiological view shows it."""
    turned: NDArray[np.generic] = radiological_view(array[z : z + 1], volume.geometry)[0]
    return turned


def _outlines(region: NDArray[np.bool_], scale: tuple[float, float]) -> list[Points]:
    """Return the outlines of a region in picture coordinates (x, y); pixel centres lie at + 1/2."""
    framed = np.pad(region, 1).astype(np.float32)
    return [
        [((x - 0.5) * scale[0], (y - 0.5) * scale[1]) for y, x in contour] for contour in find_contours(framed, 0.5)
    ]


def _draw_outline(draw: ImageDraw.ImageDraw, outline: Points, lesion_class: LesionClass) -> None:
    colour, width = CLASS_COLOURS[lesion_class.label], round(LINE_PIXELS * FINE)
    parts = [outline] if lesion_class is LesionClass.ISCHEMIA else _dashes(outline)
    for part in parts:
        draw.line(part, fill=colour, width=width, joint="curve")


def _dashes(outline: Points) -> list[Points]:
    """Cut an outline into dashes."""
    dash, period = DASH_PIXELS * FINE, (DASH_PIXELS + GAP_PIXELS) * FINE
    parts: list[Points] = []
    walked, drawing = 0.0, False
    for (x0, y0), (x1, y1) in pairwise(outline):
        if walked % period < dash:
            if not drawing:
                parts.append([(x0, y0)])
            parts[-1].append((x1, y1))
            drawing = True
        else:
            drawing = False
        walked += math.hypot(x1 - x0, y1 - y0)
    return parts


def _write(draw: ImageDraw.ImageDraw, size: tuple[int, int], volume: CTVolume, z: int) -> None:
    height = max(round(min(size) * TEXT_SHARE), 8)
    number = slice_number(z, volume.shape[0], volume.geometry)
    font, margin = ImageFont.load_default(height), height // 2
    draw.text((margin, size[1] - margin), f"{number} / {volume.shape[0]}", fill="white", font=font, anchor="ls")
    if volume.geometry is not None and volume.geometry.axial:
        middle = size[1] // 2
        draw.text((margin, middle), "R", fill="white", font=font, anchor="lm")
        draw.text((size[0] - margin, middle), "L", fill="white", font=font, anchor="rm")
