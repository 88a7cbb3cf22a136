"""The training guide names what the trainer really has."""

from __future__ import annotations

import re
from dataclasses import is_dataclass
from pathlib import Path

import pytest
from typer.main import get_command

from cpam_train.cli import app
from cpam_train.commands.importing import FORMATS
from cpam_train.presets import build_train_config

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "training-guide.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", sorted(get_command(app).commands))
def test_every_command_is_explained(command: str) -> None:
    assert f"cpam-train {command}" in GUIDE


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_is_named(name: str) -> None:
    assert f"`{name}`" in GUIDE


@pytest.mark.parametrize("path", re.findall(r"`((?:model|loss|data|operating|stop|preprocess)\.[a-z_.]+)", GUIDE))
def test_every_setting_exists(path: str) -> None:
    value = build_train_config("segmenter")
    for part in path.rstrip(".").split("."):
        assert hasattr(value, part), path
        value = getattr(value, part)
    assert path.endswith(".") == is_dataclass(value)


@pytest.mark.parametrize("page", sorted(p.name for p in (ROOT / "docs").glob("*.md")))
def test_links_lead_somewhere(page: str) -> None:
    source = ROOT / "docs" / page
    for target in re.findall(r"\]\(([^)#]+)\)", source.read_text(encoding="utf-8")):
        assert "://" in target or (source.parent / target).exists(), target
