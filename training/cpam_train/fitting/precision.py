"""In which number format a device computes fastest without harm."""

from __future__ import annotations

from typing import Literal

import torch

from cpam_train.config import Precision
from napari_cpam_stroke.inference.device import pick_device, reduced_precision

Lightning = Literal["32-true", "bf16-mixed", "16-mixed"]


def lightning_precision(wanted: Precision) -> Lightning:
    """Return Lightning's name of a precision; `auto` is bf16 where the device computes in it."""
    if wanted == "auto":
        device = pick_device("auto")
        if reduced_precision(device) is not None:
            return "bf16-mixed"
        return "16-mixed" if device.type == "cuda" else "32-true"
    names: dict[str, Lightning] = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
    return names[wanted]


def autocast(wanted: Precision, device: torch.device) -> torch.autocast:
    """Return the context in which a model runs as in training."""
    name = lightning_precision(wanted)
    dtype = torch.float16 if name == "16-mixed" else torch.bfloat16
    return torch.autocast(device.type, dtype=dtype, enabled=name != "32-true")
