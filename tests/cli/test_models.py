from __future__ import annotations

import json
import shutil
import subprocess
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


def test_only_signed_models_are_let_in_where_a_person_asks_for_it(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    model = shutil.copytree(tiny_model, tmp_path / "model")
    assert "Nobody signed it" in run("models", "verify", model).out
    assert run("models", "trust", tmp_path / "key.pub", "--name", "hospital").code == 0
    assert run("models", "require", "signed").code == 0
    refused = run("models", "import", model)
    assert refused.code == 2
    assert "not signed by a key this machine trusts" in refused.err
    assert run("models", "sign", model, "--key", tmp_path / "key").code == 0
    assert run("models", "import", model, "--name", "mine").code == 0
    assert "Signed by hospital" in run("models", "verify", "mine").out
    assert run("models", "forget", "hospital").code == 0
    assert run("models", "show", "mine").code == 2
    assert run("models", "require", "any").code == 0
    assert run("models", "show", "mine").code == 0


def test_a_key_of_another_kind_is_one_sentence(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key")
    for words in (("trust", tmp_path / "key", "--name", "x"), ("sign", tiny_model, "--key", tmp_path / "key")):
        answer = run("models", *words)
        assert answer.code == 2
        assert "expected an Ed25519 key" in answer.err
