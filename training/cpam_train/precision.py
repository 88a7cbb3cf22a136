"""In which number format a device computes fastest without harm."""

from __future__ import annotations

from typing import Literal

import torch

from cpam_train.config import Precision

Lightning = Literal["32-true", "bf16-mixed", "16-mixed"]


def lightning_precision(wanted: Precision) -> Lightning:
    """Return Lightning's name of a precision; `auto` is bf16 where the device computes in it."""
    if wanted == "auto":
        if torch.cuda.is_available():
            return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
        return "bf16-mixed" if cpu_computes_bf16() else "32-true"
    names: dict[str, Lightning] = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
    return names[wanted]


def autocast(wanted: Precision, device: torch.device) -> torch.autocast:
    """Return the context in which a model runs as in training."""
    name = lightning_precision(wanted)
    dtype = torch.float16 if name == "16-mixed" else torch.bfloat16
    return torch.autocast(device.type, dtype=dtype, enabled=name != "32-true")


def cpu_computes_bf16() -> bool:
    """Return whether this CPU multiplies bf16 in hardware (AVX512-BF16 or AMX)."""
    if torch.backends.mps.is_available():
        return False
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
