from __future__ import annotations

import sys
from pathlib import Path

import pytest

from napari_cpam_stroke.widgets import drivers


@pytest.mark.parametrize(("library", "blocked"), [("libLLVM-15.so.1", True), ("libGLX_nvidia.so.0", False)])
def test_triton_stays_out_only_beside_a_driver_with_its_own_llvm(
    library: str, blocked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maps = tmp_path / "maps"
    maps.write_text(f"7f00-7f01 r-xp 00000000 00:00 0 /usr/lib/{library}\n")
    monkeypatch.setattr(drivers, "LOADED_LIBRARIES", maps)
    modules = {name: module for name, module in sys.modules.items() if name != "triton"}
    monkeypatch.setattr(sys, "modules", modules)
    drivers.keep_triton_out()
    assert ("triton" in modules) == blocked
    if blocked:
        assert modules["triton"] is None
