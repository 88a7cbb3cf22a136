from __future__ import annotations

import pytest

from cpam_train.evaluation.prompt_peers import peers
from napari_cpam_stroke.errors import InputError

from ...medsam_stand_in import install  # noqa: TID252 - the tests are no installed package


def test_each_is_made_once_and_only_if_it_is_named(tmp_path, monkeypatch):
    assert peers([]) == []
    install(tmp_path, monkeypatch, weight=1.0)
    assert [engine.name for engine in peers(["litemedsam", "LiteMedSAM"], "cpu")] == ["LiteMedSAM"]


def test_an_unknown_name_is_refused_before_anything_is_loaded():
    with pytest.raises(InputError, match=r"'medsam3'.*expected litemedsam"):
        peers(["litemedsam", "medsam3"])


def test_what_a_run_has_tuned_is_named_with_it(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, weight=1.0)
    with pytest.raises(InputError, match=r"config\.json"):
        peers([f"LiteMedSAM={tmp_path / 'No Such Run'}"], "cpu")
    with pytest.raises(InputError, match=r"nninteractive is judged as it is published, got nninteractive=run"):
        peers(["nninteractive=run"])
