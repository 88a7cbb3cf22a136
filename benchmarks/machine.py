"""What the speeds were measured on, in words: no name of the machine and no path."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil

UNITS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
"""Of a processor, those that decide how fast a network is."""

LIBRARIES = ("torch", "numpy", "pydicom", "napari")


def described() -> str:
    """Return processor, units, cores, memory, graphics card and versions."""
    import torch

    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "no graphics card"
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    units = ", ".join(unit for unit in UNITS if unit in _flags()) or "none of those looked for"
    return (
        f"{_processor()} ({units}), {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, {card}; "
        f"Python {platform.python_version()}, {versions}"
    )


def _processor() -> str:
    return next((line for line in _told("model name")), platform.machine())


def _flags() -> set[str]:
    return set(next(iter(_told("flags")), "").split())


def _told(key: str) -> list[str]:
    """Return what Linux tells of the processors under a key."""
    lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    return [value.strip() for name, _, value in (line.partition(":") for line in lines) if name.strip() == key]
