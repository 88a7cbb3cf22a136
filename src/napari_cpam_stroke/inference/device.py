"""Which device runs a model, and in which number format."""

from __future__ import annotations

import torch

from napari_cpam_stroke.errors import InputError

DEVICES = ("auto", "cpu", "cuda", "mps")

CPU_BATCH, GPU_BATCH = 4, 32
"""Slices at a time: enough to keep the device busy, halved when memory runs out."""

FAST_BFLOAT16 = ("amx_bf16", "amx_tile", "avx512_bf16")
"""CPU features with which bfloat16 convolutions beat float32 ones; without them they are many times slower."""


def pick_device(name: str = "auto") -> torch.device:
    """Return the device of a name; `auto` takes CUDA, then MPS, then the CPU. `cuda:1` works too.

    Raises
    ------
    InputError
        For an unknown device, or one this machine does not have.
    """
    if name == "auto":
        return torch.device(next((kind for kind in ("cuda", "mps") if _available(kind)), "cpu"))
    kind, _, index = name.partition(":")
    if kind not in DEVICES or kind == "auto" or (index and not index.isdigit()):
        raise InputError("There is no such device", got=repr(name), expected=", ".join(DEVICES))
    if not _available(kind) or (kind == "cuda" and index and int(index) >= torch.cuda.device_count()):
        raise InputError(f"This machine has no usable {name} device", remedy="choose auto or cpu")
    return torch.device(name)


def reduced_precision(device: torch.device) -> torch.dtype | None:
    """Return bfloat16 where the device is faster with it, else None (float32)."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else None
    if device.type == "cpu" and torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return torch.bfloat16 if any(_cpu_features().get(name) for name in FAST_BFLOAT16) else None
    return None


def default_batch(device: torch.device) -> int:
    """Return how many slices to run at a time."""
    return CPU_BATCH if device.type == "cpu" else GPU_BATCH


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a failure means that the device ran out of memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)


def _available(kind: str) -> bool:
    if kind == "cuda":
        return torch.cuda.is_available()
    return kind == "cpu" or torch.backends.mps.is_available()


def _cpu_features() -> dict[str, bool]:
    features: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return {name: bool(value) for name, value in features.items()}
