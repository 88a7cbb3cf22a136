"""Settings in files: JSON, YAML, what a run and a card keep; everything else is one sentence."""

from __future__ import annotations

import json

import pytest

from cpam_train.presets import build_train_config, changed
from cpam_train.settings_file import settings_in
from napari_cpam_stroke.config import plain
from napari_cpam_stroke.errors import ConfigError, InputError

PART = {"epochs": 3, "optim": {"lr": 0.5}}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("part.json", json.dumps(PART)),
        ("part.yaml", "epochs: 3\noptim:\n  lr: 0.5\n"),
        ("part.YML", "{epochs: 3, optim: {lr: 0.5}}"),
        ("config.json", json.dumps({"schema_version": 1, "config": PART})),
        ("card.json", json.dumps({"schema_version": 1, "name": "x", "training": {"settings": PART}})),
    ],
)
def test_every_form_gives_the_settings(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert settings_in(tmp_path / name) == PART
    config = build_train_config("segmenter", file=tmp_path / name)
    assert (config.epochs, config.optim.lr) == (3, 0.5)


def test_a_run_is_repeated_from_its_whole_settings(tmp_path):
    config = build_train_config("classifier", preset="paper", overrides=["epochs=7", "data.draws=[3,1]"])
    (tmp_path / "config.json").write_text(json.dumps({"schema_version": 1, "config": plain(config)}))
    assert build_train_config("classifier", file=tmp_path / "config.json") == config


def test_settings_are_laid_over_those_of_a_run():
    config = build_train_config("segmenter", preset="quick")
    after = changed(config, overrides=["epochs=9"])
    assert after.epochs == 9
    assert changed(after, overrides=[f"epochs={config.epochs}"]) == config


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "epochs: 3", "is not JSON.*ends in .yaml"),
        ("a.json", "[" * 100_000, "is not JSON"),
        ("a.yaml", "epochs: [3", "is not YAML"),
        ("a.yaml", "!!python/object/apply:os.mkdir [trace]", "is not YAML"),
        ("a.yaml", "a: 2026-99-99", "is not YAML"),
        ("a.yaml", f"epochs: {'1' * 5000}", "is not YAML"),
        ("a.json", f'{{"epochs": {"1" * 5000}}}', "is not JSON"),
        ("a.yaml", "just words", "must hold settings by name, got str"),
        ("a.yaml", "1: 2", "must hold settings by name"),
        ("a.json", '{"schema_version": 1}', "holds no settings of a run"),
        ("a.json", '{"schema_version": 1, "training": 3}', "holds no settings of a run"),
    ],
)
def test_other_files_are_one_sentence(tmp_path, monkeypatch, name, text, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        settings_in(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "trace").exists()


def test_a_file_that_is_no_text_is_one_sentence(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        settings_in(tmp_path / "a.json")
