"""What readers typed into a store: none of it is in a run, in what is made of it, or in the model that comes of it."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from typer.testing import CliRunner

from cpam_train.cli import app

TINY = {
    "model.base_width": 4,
    "model.depth": 3,
    "model.attention.token_grid": 4,
    "preprocess.size": 32,
    "data.batch_size": 4,
    "data.workers": 0,
    "epochs": 1,
}


def with_canaries(folder: Path) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if b"canary" in f"{path.name}".encode().lower() + path.read_bytes().lower()]


def test_a_run_its_report_and_its_model_hold_nothing_that_a_reader_typed(filled, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    where = tmp_path / "store"
    with filled(where) as store:
        for case in store.cases():
            annotation = store.read_annotation(case.head)
            store.save(case.case_id, annotation, author="Dr Canary", parent=case.head, comment="Canarybird, Ada")
    assert with_canaries(where), "the search finds what is there"
    said = ""
    for command in (
        ("fit", "segmenter", "--run", tmp_path / "run", *(f"--set={name}={value}" for name, value in TINY.items())),
        ("evaluate", tmp_path / "run", "--out", tmp_path / "report"),
        ("promote", tmp_path / "run", "--name", "theirs", "--insist", "a test"),
    ):
        done = CliRunner().invoke(app, [*map(str, command), "--store", str(where)])
        assert done.exit_code == 0, done.output
        said += done.output
    home = Path(os.environ["CPAM_STROKE_HOME"])
    assert list(home.rglob("card.json")), "a model was made"
    assert [with_canaries(tmp_path / "run"), with_canaries(tmp_path / "report"), with_canaries(home)] == [[], [], []]
    assert "canary" not in f"{said} {caplog.text}".lower()
