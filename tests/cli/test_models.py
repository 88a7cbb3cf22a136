from __future__ import annotations

import json
from pathlib import Path

from .conftest import Run


def versions(run: Run) -> dict[str, bool]:
    entries = json.loads(run("models", "list", "--json").out)
    return {f"{e['name']}@{e['version']}": e["active"] for e in entries if e["name"] == "mine"}


def test_import_use_and_roll_back(run: Run, tiny_model: Path) -> None:
    for _ in range(2):
        assert run("models", "import", tiny_model, "--name", "mine").code == 0
    assert versions(run) == {"mine@1.0": False, "mine@2.0": True}
    assert "mine@1.0" in run("models", "use", "mine@1.0").out
    assert versions(run) == {"mine@1.0": True, "mine@2.0": False}
    assert "mine@2.0" in run("models", "rollback", "mine").out
    assert versions(run) == {"mine@1.0": False, "mine@2.0": True}


def test_list_is_readable(run: Run, tiny_model: Path) -> None:
    run("models", "import", tiny_model)
    lines = run("models", "list").out.splitlines()
    assert lines[0].split() == ["model", "version", "in", "use", "answers", "weights", "sha256", "folder"]
    assert any(line.startswith("tiny") and "1.0" in line and "yes" in line for line in lines)


def test_show_and_verify(run: Run, tiny_model: Path) -> None:
    assert "# tiny 1.0" in run("models", "show", tiny_model).out
    card = json.loads(run("models", "show", tiny_model, "--json").out)
    assert card["name"] == "tiny"
    assert card["weights_sha256"] in run("models", "verify", tiny_model).out
