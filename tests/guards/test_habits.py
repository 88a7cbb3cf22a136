"""What developers are handed says the same as CI, and never asks for a patient's data."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = [Requirement(r) for r in PROJECT["dependencies"]] + [
    Requirement(r) for extra in ("pyqt5", "postgres", "train", "test") for r in PROJECT["optional-dependencies"][extra]
]
PINS = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE))
TEMPLATES = sorted((ROOT / ".github").rglob("*.md"))


@pytest.mark.parametrize("requirement", DECLARED, ids=str)
def test_what_ci_tested_is_within_the_declared_bounds(requirement: Requirement) -> None:
    assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


def test_constraints_name_no_build() -> None:
    assert [version for version in PINS.values() if "+" in version] == []


def test_every_check_of_ci_runs_before_a_commit() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    checks = (ROOT / "tests" / "guards" / "test_architecture.py").read_text(encoding="utf-8")
    tools = set(re.findall(r'": \["([\w-]+)"', checks))
    assert len(tools) == 4
    assert {entry.split()[0] for entry in re.findall(r"entry: (.+)", hooks)} == tools


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_templates_want_no_patient_data(template: Path) -> None:
    assert re.search(r"(Never attach|No) patient data", template.read_text(encoding="utf-8"))


def test_the_readme_begins_with_the_two_commands() -> None:
    commands = re.findall(r"```bash\n(.*?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert [c.partition(" && ")[2] for c in commands] == ["cpam-stroke demo", "pytest -n 2 --dist worksteal"]
    assert all(c.startswith("pip install -c constraints.txt ") and "\n" not in c for c in commands)


def test_the_small_build_of_torch_is_the_version_that_ci_tested() -> None:
    named = re.findall(r"\b(torch|torchvision)==([\d.]+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert dict(named) == {name: PINS[name] for name in ("torch", "torchvision")}
