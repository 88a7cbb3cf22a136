"""The manifest: equal in both places, valid, and cheap to discover."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from npe2 import PluginManifest

import napari_cpam_stroke

ROOT = Path(__file__).resolve().parents[2]
PACKAGED = Path(napari_cpam_stroke.__file__).parent / "napari.yaml"

IMPORT_COMMANDS = """
import json, sys
from importlib import import_module
for target in json.loads(sys.argv[1]):
    module, _, name = target.partition(":")
    getattr(import_module(module), name)
heavy = {"torch", "napari", "timm", "monai", "lightning", "optuna", "PyQt5", "PyQt6", "cpam_train"}
print(json.dumps(sorted(heavy & set(sys.modules))))
"""


def test_both_manifests_are_equal() -> None:
    assert (ROOT / "napari.yaml").read_bytes() == PACKAGED.read_bytes()


def test_manifest_is_valid_and_its_commands_resolve() -> None:
    manifest = PluginManifest.from_file(PACKAGED)
    manifest.validate_imports()
    assert all(command.id.startswith("napari-cpam-stroke.") for command in manifest.contributions.commands)


def test_discovery_loads_neither_torch_nor_napari() -> None:
    manifest = PluginManifest.from_file(PACKAGED)
    targets = [command.python_name for command in manifest.contributions.commands]
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_COMMANDS, json.dumps(targets)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []
