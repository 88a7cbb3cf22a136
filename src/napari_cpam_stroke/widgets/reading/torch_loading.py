"""Shared libraries of the process, where display drivers, torch and the window meet."""

from __future__ import annotations

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path

LOADED_LIBRARIES = Path("/proc/self/maps")
"""Linux lists here what is loaded; elsewhere drivers keep their compilers to themselves."""

TORCH_LIBRARIES = {"libtorch_global_deps.so": ctypes.RTLD_GLOBAL, "libtorch.so": ctypes.RTLD_LOCAL}
"""In torch's own order and scope; none of them calls Python."""


def keep_triton_out() -> None:
    """Let torch do without triton where Mesa's driver has loaded its own LLVM.

    The two LLVMs do not stand each other: importing triton (as torchvision and timm do) after Mesa opened a canvas
    ends the process. Viewing compiles no kernels, so nothing is lost.
    """
    if "triton" in sys.modules or not LOADED_LIBRARIES.exists():
        return
    if "libLLVM" in LOADED_LIBRARIES.read_text():
        sys.modules["triton"] = None  # type: ignore[assignment]


def load_torch_libraries() -> None:
    """Load what torch will load, in a thread, while the window stays alive.

    Importing torch holds Python's lock for more than a second while the linker works, and the window stands still.
    A call through ctypes lets the lock go. What fails here fails again at the import, which says why.
    """
    found = None if "torch" in sys.modules else find_spec("torch")
    if found is None or found.origin is None or not LOADED_LIBRARIES.exists():
        return
    linker = ctypes.CDLL(None)
    linker.dlopen.argtypes = [ctypes.c_char_p, ctypes.c_int]
    for name, scope in TORCH_LIBRARIES.items():
        linker.dlopen(os.fsencode(Path(found.origin).parent / "lib" / name), os.RTLD_NOW | scope)
