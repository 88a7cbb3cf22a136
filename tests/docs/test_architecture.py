"""The architecture page names what is there, and its picture is the one the imports give."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PROGRAM, TRAINER = ROOT / "src" / "napari_cpam_stroke", ROOT / "training" / "cpam_train"


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without its head."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]


def paths(text: str) -> list[str]:
    return [name for name in re.findall(r"`([\w./-]+)`", text) if "/" in name or name.endswith((".py", ".md", ".yaml"))]


def test_the_picture_is_what_the_imports_give() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "make_architecture.py"))
    assert made["TARGET"].read_text(encoding="utf-8") == made["picture"](), "run: python docs/make_architecture.py"


def test_every_folder_has_its_box() -> None:
    picture = (ROOT / "docs" / "pictures" / "architecture.svg").read_text(encoding="utf-8")
    boxes = set(re.findall(r'<rect id="([\w.]+)"', picture))
    for package in (PROGRAM, TRAINER, PROGRAM / "dicom", PROGRAM / "widgets"):
        folders = {p.parent for p in package.glob("*/__init__.py")}
        assert folders
        for folder in folders:
            base = PROGRAM.parent if folder.is_relative_to(PROGRAM) else TRAINER.parent
            assert ".".join(folder.relative_to(base).parts) in boxes


def test_fifteen_changes_lead_to_files_that_are_there() -> None:
    table = rows("Where do I change ...?")
    assert len(table) == 15
    for change, *places in table:
        named = paths(" ".join(places))
        assert named, change
        for path in named:
            assert (ROOT / path).exists(), f"{change}: {path}"


@pytest.mark.parametrize("row", rows("The way of one CT series"), ids=lambda row: row[0])
def test_every_step_of_a_series_has_its_file(row: list[str]) -> None:
    folder = TRAINER if row[0] in ("example", "model", "bundle") else PROGRAM
    assert paths(row[2])
    for path in paths(row[2]):
        places = [folder / path, PROGRAM / path, folder / "dicom" / "series" / path]
        assert any(place.exists() for place in places), path
