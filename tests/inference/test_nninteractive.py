from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.errors import BundleError, InputError
from napari_cpam_stroke.inference.nninteractive import WEIGHTS_MARK, NnInteractiveEngine, weights_folder
from napari_cpam_stroke.prompting import Prompt, PromptKind, PromptRequest
from napari_cpam_stroke.user_folder import application_home

from ..nninteractive_stand_in import install  # noqa: TID252 - the tests are no installed package

Z = 1


@pytest.fixture
def volume() -> CTVolume:
    y, x = np.ogrid[:100, :90]
    away = np.hypot(y - 50, x - 45)
    return CTVolume(
        np.stack([np.where(away < 38, 30, np.where(away < 42, 900, -1000))] * 3).astype(np.int16), None, case_id="h"
    )


@pytest.fixture
def engine(tmp_path, monkeypatch) -> NnInteractiveEngine:
    install(tmp_path, monkeypatch)
    return NnInteractiveEngine("cpu")


def prompt(kind: str, *path: tuple[float, float], adds: bool = True) -> Prompt:
    return Prompt(PromptKind(kind), Z, path, adds)


def request(volume: CTVolume, *prompts: Prompt, before: np.ndarray | None = None) -> PromptRequest:
    start = np.zeros(volume.shape[1:], dtype=bool) if before is None else before
    return PromptRequest(volume, Z, LesionClass.ISCHEMIA, prompts, start)


def diary(engine: NnInteractiveEngine) -> list:
    return engine._session.diary


def test_a_box_and_points_reach_it_in_voxels_of_the_series(engine, volume):
    box, away = prompt("box", (60.2, 30), (39.6, 50.4)), prompt("point", (50, 40.4), adds=False)
    first = engine.answer(request(volume, box))
    assert first[40:61, 30:51].all()
    assert first.sum() == 21 * 21
    second = engine.answer(request(volume, box, away))
    assert diary(engine) == [
        "image",
        "reset",
        ("box", [[1, 2], [40, 61], [30, 51]], True),
        ("point", (1, 50, 40), False),
    ], "the second prompt alone, not all anew"
    assert not second[50, 40]
    assert second[60, 50]
    np.testing.assert_array_equal(engine._session.image[0], volume.hu)


def test_scribble_and_lasso_are_drawn_on_their_slice(engine, volume):
    engine.answer(request(volume, prompt("scribble", (40, 40), (60, 40))))
    line = diary(engine)[-1][1]
    assert line[Z, 50, 40]
    assert not line[[0, 2]].any()
    outline = ((30, 30), (30, 60), (60, 60), (60, 30))
    answer = engine.answer(request(volume, prompt("lasso", *outline)))
    assert not diary(engine)[-1][1][Z, 45, 45], "an outline, not what it holds"
    assert answer[31:60, 31:60].all()


def test_a_mask_so_far_comes_first_and_another_lesion_begins_anew(engine, volume):
    drawn = np.zeros((100, 90), dtype=bool)
    drawn[40:50, 40:50] = True
    answer = engine.answer(request(volume, prompt("point", (52, 45)), before=drawn))
    assert diary(engine)[1:3] == ["reset", "initial"]
    assert answer[drawn].all()
    other = engine.answer(request(volume, prompt("point", (30, 30))))
    assert diary(engine)[-2:] == ["reset", ("point", (1, 30, 30), True)]
    assert not other[drawn].any()
    engine.answer(replace(request(replace(volume, case_id="other"), prompt("point", (30, 30)))))
    assert diary(engine).count("image") == 2


def test_what_was_refused_by_the_session_is_not_built_upon(engine, volume, monkeypatch):
    first, second = prompt("point", (50, 40)), prompt("point", (40, 40))
    engine.answer(request(volume, first))
    with monkeypatch.context() as broken:
        broken.setattr(engine._session, "add_point_interaction", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            engine.answer(request(volume, first, second))
    engine.answer(request(volume, first, second))
    assert diary(engine)[-3:] == ["reset", ("point", (1, 50, 40), True), ("point", (1, 40, 40), True)]
    assert diary(engine).count("reset") == 2, "all anew"


def test_without_package_or_weights_it_is_not_there(tmp_path, monkeypatch):
    assert weights_folder() is None
    with pytest.raises(InputError, match="needs its own package and weights; pip install nninteractive"):
        NnInteractiveEngine("cpu")
    weights = install(tmp_path, monkeypatch)
    assert weights_folder() == weights
    (weights / WEIGHTS_MARK).unlink()
    assert weights_folder() is None
    monkeypatch.delenv("CPAM_STROKE_NNINTERACTIVE")
    own = application_home() / "nninteractive"
    own.mkdir(parents=True)
    (own / WEIGHTS_MARK).touch()
    assert weights_folder() == own


def test_damaged_weights_are_one_sentence(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, whole=False)
    with pytest.raises(BundleError, match=r"nnInteractive cannot be loaded from .*, got no fold in"):
        NnInteractiveEngine("cpu")


def test_looking_for_it_loads_no_torch():
    code = "import sys; import napari_cpam_stroke.inference.nninteractive as n; n.weights_folder()"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; sys.exit('torch' in sys.modules)"], check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr
