"""A contact sheet of what augmentation does, one change per column, real training slices in rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cpam_train.config import AugmentConfig, TrainConfig
from cpam_train.data.dataset import SliceDataset
from cpam_train.data.slices import collect_slices
from cpam_train.fitting.augment import Augment
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.config import build_config, plain
from napari_cpam_stroke.core.labels import CLASS_COLOURS, LesionClass
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import write_whole

CHANGES: dict[str, tuple[str, ...]] = {
    "rotation": ("rotate_p",),
    "contrast": ("contrast_p",),
    "brightness": ("brightness_p",),
    "mirror": ("mirror_p",),
    "ROI crop": ("crop_p",),
    "flip": ("flip_p",),
    "scale": ("scale_p",),
    "translation": ("translate_p",),
    "shear": ("shear_p",),
    "elastic": ("elastic_p",),
    "noise": ("noise_p",),
    "blur": ("blur_p",),
    "bone end": ("bone_end_p",),
    "equalisation": ("equalize_p",),
}
"""Column title and the probabilities that are 1 in it, all others 0."""


def write_augment_sheet(store: AnnotationStore, config: TrainConfig, out: Path, *, slices: int, seed: int) -> Path:
    """Write the sheet as PNG: the slice itself, every single change, and all together as in training.

    Raises
    ------
    InputError
        If the store has no training slice, or the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = collect_slices(store, split="train")
    data = SliceDataset(store, config.preprocess, rows, seed=seed)
    lesions = [i for i, row in enumerate(rows) if any(row.mask_known) and 1 in row.labels] or list(range(len(rows)))
    torch.manual_seed(seed)
    chosen = [data[lesions[int(i)]] for i in torch.randperm(len(lesions))[:slices]]
    image, mask = (torch.stack([item[key] for item in chosen]) for key in ("image", "mask"))
    columns = changed_columns(config, image, mask)
    figure = Figure(figsize=(1.5 * len(columns), 1.65 * len(chosen)))
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(chosen), len(columns), squeeze=False)
    for column, (title, (pictures, labels)) in enumerate(columns.items()):
        axes[0, column].set_title(title, fontsize=8)
        for row in range(len(chosen)):
            _draw(axes[row, column], pictures[row, 0], labels[row])
    figure.tight_layout(pad=0.3)
    try:
        write_whole(out, lambda sheet: figure.savefig(sheet, format="png", dpi=110))
    except OSError as error:
        raise InputError(f"The sheet {out} cannot be written", got=error.strerror) from error
    return out


def changed_columns(config: TrainConfig, image: Tensor, mask: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """Return image (B, C, H, W) and mask (B, H, W) under each single change, and under all as configured."""
    settings = plain(config.augment) | {"enabled": True, "crop_size": None}
    still = settings | {name: 0.0 for name in settings if name.endswith("_p")}
    columns = {"as it is": (image, mask)}
    for title, names in CHANGES.items():
        single = build_config(AugmentConfig, still | dict.fromkeys(names, 1.0))
        columns[title] = Augment(single, config.preprocess)(image, mask)
    columns["all, as trained"] = Augment(config.augment, config.preprocess)(image, mask)
    return columns


def _draw(axis: Any, image: Tensor, labels: Tensor) -> None:
    axis.imshow(image.numpy(), cmap="gray", vmin=0, vmax=1)
    for lesion_class in LesionClass:
        outline = (labels == lesion_class).numpy()
        if outline.any():
            axis.contour(outline, levels=[0.5], colors=[CLASS_COLOURS[lesion_class.label]], linewidths=1)
    axis.set_axis_off()
