"""What a display driver brings into the process, where that matters to the models."""

from __future__ import annotations

import sys
from pathlib import Path

LOADED_LIBRARIES = Path("/proc/self/maps")
"""Linux lists here what is loaded; elsewhere drivers keep their compilers to themselves."""


def keep_triton_out() -> None:
    """Let torch do without triton where Mesa's driver has loaded its own LLVM.

    The two LLVMs do not stand each other: importing triton (as torchvision and timm do) after Mesa opened a canvas
    ends the process. Viewing compiles no kernels, so nothing is lost.
    """
    if "triton" in sys.modules or not LOADED_LIBRARIES.exists():
        return
    if "libLLVM" in LOADED_LIBRARIES.read_text():
        sys.modules["triton"] = None  # type: ignore[assignment]
