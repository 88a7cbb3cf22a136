from __future__ import annotations

import pytest

from napari_cpam_stroke.bundles import Registry
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.inference.nninteractive import NnInteractiveEngine
from napari_cpam_stroke.widgets.reading.prompt_engines import engine_choices

from ...nninteractive_stand_in import install  # noqa: TID252 - the tests are no installed package


def test_nninteractive_is_offered_last_and_only_to_who_has_it(tmp_path, monkeypatch):
    models = [entry for entry in Registry().list() if entry.prompted]
    names = [choice.name for choice in engine_choices(models, lambda: "cpu")]
    assert [names[0], names[-1]] == ["prompted@1.1", "random walker"]
    weights = install(tmp_path, monkeypatch)
    choices = engine_choices(models, lambda: "cpu")
    assert [choice.name for choice in choices] == [*names, "nnInteractive"]
    assert isinstance(choices[-1].make(), NnInteractiveEngine)
    (weights / "plans.json").unlink()
    with pytest.raises(InputError, match="needs its own package and weights"):
        choices[-1].make()
