"""The user guide names what the program really has."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from typer.main import get_command

from napari_cpam_stroke.cli import app
from napari_cpam_stroke.export.summary import summary
from napari_cpam_stroke.widgets.reading.keys import KEYS

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "user-guide.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.keys)
def test_every_key_is_in_the_table(key) -> None:
    name = key.keys.replace("-", "+").replace("Control", "Ctrl")
    table = " ".join(line for line in GUIDE.splitlines() if line.startswith("|"))
    assert re.search(rf"(?<![\w+]){re.escape(name)}(?![\w+])", table), name


@pytest.mark.parametrize("command", sorted(get_command(app).commands))
def test_every_command_is_explained(command: str) -> None:
    assert f"cpam-stroke {command}" in GUIDE
    for below in getattr(get_command(app).commands[command], "commands", {}):
        assert re.search(rf"`[^`]*\b{below}\b", GUIDE), f"{command} {below}"


def test_every_key_of_the_report_is_explained(phantom_volume) -> None:
    from napari_cpam_stroke.export import CaseResult

    result = CaseResult(phantom_volume, (phantom_volume.hu > 60).astype("uint8"), "MANUAL")
    for key in summary(result):
        assert f"`{key}`" in GUIDE, key


def program_words() -> str:
    """Every text of the program, values as {}, in small letters."""
    found = []
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.append("".join(v.value if isinstance(v, ast.Constant) else "{}" for v in node.values))
    return "\n".join(found).lower().replace("_", " ")


def test_what_one_sees_when_something_is_wrong_is_what_the_program_says() -> None:
    rows = [
        row.split("|")[1] for row in GUIDE.partition("## When something is wrong")[2].splitlines() if row[:2] == "| "
    ]
    seen = [words for cell in rows for words in re.findall(r"\*([^*]+)\*", cell)]
    parts = [re.sub(r"\d+", "{}", part.strip(" ().")).lower() for words in seen for part in words.split("...")]
    assert len(seen) > 10
    said = program_words()
    assert [part for part in parts if part not in said] == []


PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/user-guide.md",
    "docs/reading-card.md",
    "docs/complaints.md",
]


def test_the_card_names_keys_that_do_what_the_guide_says() -> None:
    """Each key of its table stands before or after words of the list that F1 shows; napari's undo is not ours."""
    card = (ROOT / "docs" / "reading-card.md").read_text(encoding="utf-8")
    steps = [line.split("|")[3] for line in card.splitlines() if re.match(r"\| \d", line)]
    named = re.findall(r"(?:(?:Ctrl|Shift)\+)?(?:F\d+|\b[A-Z])\b(?!\w)", " ".join(steps))
    known = {key.keys.replace("-", "+") for key in KEYS} | {"Ctrl+Z"}
    assert len(named) > 20
    assert set(named) <= known


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    source = ROOT / page
    for target in re.findall(r"\]\(([^)#]+)\)", source.read_text(encoding="utf-8")):
        assert "://" in target or (source.parent / target).exists(), target


def test_every_file_named_for_a_complaint_exists() -> None:
    table = (ROOT / "docs" / "complaints.md").read_text(encoding="utf-8")
    rows = [line for line in table.splitlines() if re.match(r"\| \d+ \|", line)]
    assert [int(row.split("|")[1]) for row in rows] == list(range(1, 16))
    for row in rows:
        folder = ROOT
        for name in re.findall(r"`([^`]+)`", row):
            file = ROOT / name if "/" in name else folder / name
            assert file.exists(), name
            folder = file.parent
