"""What a process has loaded after an import tells what really hangs together."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LOADED = "import sys, json, {module}; print(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"


def loaded_by(module: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(module=module)], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


GUI = {"napari", "PyQt5", "PyQt6", "qtpy", "superqt"}


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("napari_cpam_stroke.core", GUI | {"torch", "pydicom", "sqlalchemy"}),
        ("napari_cpam_stroke.dicom", GUI | {"torch", "sqlalchemy"}),
        ("napari_cpam_stroke.bundles", GUI | {"torch"}),
        ("napari_cpam_stroke.annotations", GUI | {"torch"}),
        ("napari_cpam_stroke.review", GUI | {"torch"}),
        ("napari_cpam_stroke.cli", GUI | {"torch", "cpam_train"}),
        ("napari_cpam_stroke.inference", GUI | {"timm", "monai", "cpam_train"}),
        ("cpam_train.cli", GUI | {"torch", "lightning", "optuna"}),
        ("cpam_train.fitting.fit", GUI),
    ],
)
def test_import_loads_only_what_it_needs(module: str, absent: set[str]) -> None:
    assert loaded_by(module) & absent == set()
