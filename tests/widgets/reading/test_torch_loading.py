from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from napari_cpam_stroke.widgets.reading import torch_loading


@pytest.mark.parametrize(("library", "blocked"), [("libLLVM-15.so.1", True), ("libGLX_nvidia.so.0", False)])
def test_triton_stays_out_only_beside_a_driver_with_its_own_llvm(
    library: str, blocked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maps = tmp_path / "maps"
    maps.write_text(f"7f00-7f01 r-xp 00000000 00:00 0 /usr/lib/{library}\n")
    monkeypatch.setattr(torch_loading, "LOADED_LIBRARIES", maps)
    modules = {name: module for name, module in sys.modules.items() if name != "triton"}
    monkeypatch.setattr(sys, "modules", modules)
    torch_loading.keep_triton_out()
    assert ("triton" in modules) == blocked
    if blocked:
        assert modules["triton"] is None


BEFORE_TORCH = """
import sys, threading
from napari_cpam_stroke.widgets.reading import torch_loading
thread = threading.Thread(target=torch_loading.load_torch_libraries)
thread.start()
thread.join()
assert "torch" not in sys.modules
loaded = torch_loading.LOADED_LIBRARIES.read_text() if torch_loading.LOADED_LIBRARIES.exists() else "libtorch_cpu.so"
assert "libtorch_cpu.so" in loaded
import torch
assert torch.ones(2).sum() == 2
"""


def test_torch_finds_its_libraries_loaded_and_works() -> None:
    done = subprocess.run([sys.executable, "-c", BEFORE_TORCH], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
