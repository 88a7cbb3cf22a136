"""One case from opening to reopening, through napari's own layers."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_cpam_stroke import dicom
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import CTVolume, VolumeGeometry
from napari_cpam_stroke.errors import ConfigError
from napari_cpam_stroke.review import CaseReview
from napari_cpam_stroke.widgets.reading import case_keeping
from napari_cpam_stroke.widgets.reading.session import DISCARD, SAVE, ReviewSession, session_of
from napari_cpam_stroke.widgets.reading.settings import RoomSettings, SettingsFile
from napari_cpam_stroke.widgets.viewer.mask_edges import FILL_FROM
from napari_cpam_stroke.widgets.viewer.three_layers import AI, ORIGINAL, READING


def test_a_case_shows_three_layers_that_cannot_be_deleted(case: Any, viewer: Any) -> None:
    assert [layer.name for layer in viewer.layers] == [ORIGINAL, AI, READING]
    viewer.layers.select_all()
    viewer.layers.remove_selected()
    assert len(viewer.layers) == 3
    assert viewer.layers.selection.active is None or case.layers.reading in viewer.layers


def test_painting_reaches_the_review_and_undo_takes_it_back(case: Any) -> None:
    case.layers.reading.paint((12, 60, 60), 1)
    case.flush()
    assert case.review.dirty
    assert case.review.slice_labels[:, 0].sum() == 1
    case.layers.reading.undo()
    case.flush()
    assert not case.review.reading.any()
    assert case.review.slice_labels.sum() == 0


def test_the_ai_layer_cannot_be_painted_on(case: Any) -> None:
    case.layers.ai.mode = "paint"
    assert case.layers.ai.mode == "pan_zoom"


def test_saved_work_is_there_after_reopening(case: Any, phantom_volume: CTVolume) -> None:
    case.layers.reading.paint((12, 60, 60), 2)
    assert case.records.save(wait=True)
    assert case.records.state.startswith("saved ")
    saved = case.review.reading.copy()
    case.close_case()
    case.show(phantom_volume)
    case.wait()
    np.testing.assert_array_equal(case.review.reading, saved)
    np.testing.assert_array_equal(case.layers.turned(case.layers.reading.data), saved)
    assert case.records.state.endswith("version 1")


def test_the_same_images_under_another_patient_are_said(session: Any, phantom_volume: CTVolume) -> None:
    told: list[str] = []
    session.said.connect(told.append)
    for patient in ("ada", "ada", "", "bob"):
        told.clear()
        session.show(replace(phantom_volume, patient_id=patient))
        session.wait()
        assert any("patient ada; this series says patient bob" in text for text in told) == (patient == "bob")
    session.open_case(session.case_id)
    session.wait()
    assert "bob" not in told[-1]


def test_a_case_from_the_store_opens_without_files(case: Any) -> None:
    case.layers.reading.paint((12, 60, 60), 1)
    case.records.save(wait=True)
    case_id = case.case_id
    case.close_case()
    case.open_case(case_id, wait=True)
    assert case.review.reading.any()


def test_leaving_with_unsaved_work_asks(case: Any) -> None:
    asked: list[str] = []

    def answer(question: str, _: tuple[str, ...]) -> str:
        asked.append(question)
        return DISCARD

    case.ask = answer
    case.layers.reading.paint((12, 60, 60), 1)
    assert case.may_leave()
    assert len(asked) == 1
    case.ask = lambda _question, _answers: SAVE
    assert case.may_leave()
    assert not case.review.dirty


def test_one_session_per_viewer(session: Any, viewer: Any) -> None:
    assert session_of(viewer) is session
    assert session.viewer is viewer


def test_the_next_case_takes_over_the_layers(case: Any) -> None:
    before = list(case.viewer.layers)
    case.layers.reading.paint((12, 60, 60), 1)
    case.records.save(wait=True)
    other = other_volume()
    case.show(other)
    case.wait()
    assert list(case.viewer.layers) == before
    assert case.layers.reading.data.shape == other.shape
    case.layers.reading.undo()
    assert not case.review.reading.any(), "the undo of the case before must not reach this one"
    case.layers.reading.paint(case.layers.turned_index((1, 30, 20)), 2)
    case.flush()
    assert (case.review.reading[1] == 2).any()
    assert tuple(case.layers.reading.scale) == (5.0, 0.5, 0.75)


def test_the_limited_brush_follows_to_the_next_case(case: Any) -> None:
    case.tools.limit(limited=True, hu_range=(100, 200))
    case.show(other_volume())
    case.layers.reading.brush_size = 9
    case.layers.reading.paint((1, 30, 20), 1)
    assert not case.review.reading.any()


def other_volume() -> CTVolume:
    """Another shape, turned the other way round."""
    z, y, x = 6, 40, 48
    positions = np.outer(np.arange(z) * 5.0, [0, 0, -1.0])
    geometry = VolumeGeometry(positions, np.r_[-1.0, 0, 0], np.r_[0, 1.0, 0], (0.5, 0.75), np.full(z, 5.0))
    return CTVolume(hu=np.full((z, y, x), 30, dtype=np.int16), geometry=geometry, case_id="other")


def test_choices_are_there_at_the_next_start(viewer: Any, phantom_volume: CTVolume) -> None:
    first = ReviewSession(viewer)
    first.view.set_preset("stroke")
    first.settings.change(mask_opacity=0.6, mask_style="contour", brush_limited=True, brush_hu=(20, 40))
    first.records.stop()
    other = ViewerModel()
    second = ReviewSession(other)
    second.show(phantom_volume)
    second.wait()
    assert second.view.window.width == 40
    assert second.layers.reading.colormap.color_dict[FILL_FROM + 1][3] == pytest.approx(0.6, abs=1 / 255)
    assert second.layers.reading.contour == 2
    assert (second.tools.limited, second.tools.hu_range) == (True, (20, 40))
    second.shut()


def test_a_damaged_settings_file_gives_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "room.json"
    file.write_text('{"mask_opacity": 7, "window": ')
    settings = SettingsFile(file)
    assert settings.values == RoomSettings()
    settings.change(author="Dr. Test")
    assert SettingsFile(file).values.author == "Dr. Test"
    file.write_text('{"author": "Dr. Test", "from_a_later_version": 1}')
    assert SettingsFile(file).values.author == "Dr. Test"


@pytest.mark.parametrize("text", ["[" * 100_000, '{"brush_hu": {"a": 1}}', "[]", "\x00"])
def test_settings_nobody_could_have_written_give_the_defaults(tmp_path: Path, text: str) -> None:
    (tmp_path / "room.json").write_text(text)
    assert SettingsFile(tmp_path / "room.json").values == RoomSettings()


def test_settings_that_cannot_be_kept_count_and_are_told_once_in_a_sentence(session: Any, tmp_path: Path) -> None:
    (tmp_path / "room.json").mkdir()
    said: list[str] = []
    session.said.connect(said.append)
    session.settings = SettingsFile(tmp_path / "room.json", trouble=session.fail)
    for author in ("Ada", "Bo"):
        assert session.settings.change(author=author).author == author
    assert len(said) == 1
    assert "cannot be kept" in said[0]
    with pytest.raises(ConfigError, match=r"cannot be kept.*is a file that may be written"):
        SettingsFile(tmp_path / "room.json").change(author="Ada")
    (tmp_path / "room.json").rmdir()
    session.settings.change(author="Cy")
    assert SettingsFile(tmp_path / "room.json").values.author == "Cy"


def test_slow_work_is_done_beside_the_window(
    session: Any, predictor: Any, stroke_series_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, with_progress, said = {}, set(), set()

    def watch(owner: Any, name: str) -> None:
        work = getattr(owner, name)

        def noted(*args: Any, **settings: Any) -> Any:
            threads[name] = current_thread()
            with_progress.update([name] if "progress" in settings else [])
            return work(*args, **settings)

        monkeypatch.setattr(owner, name, noted)

    slow = {"scan_paths": dicom, "read_series": dicom, "predict": type(predictor), "commit": CaseReview,
            "write_case": case_keeping}  # fmt: skip
    for name, owner in slow.items():
        watch(owner, name)
    session.job_changed.connect(lambda text, *_: said.add(text.partition(" ")[0]))
    session.open_path(stroke_series_dir, wait=True)
    session.models.run(wait=True)
    session.layers.reading.paint((12, 60, 60), 1)
    session.records.save()
    assert session.records.state == "saving..."
    session.wait()
    session.records.export(tmp_path)
    session.wait()
    assert set(threads) == set(slow)
    assert main_thread() not in threads.values()
    assert with_progress == {"scan_paths", "read_series", "predict"}
    assert {"Looking", "Reading", "Exporting"} <= said


ADDRESS = "postgresql://ada:hunter2@server:5432/stroke?blobs=/shared/pixels"


def test_a_password_of_an_earlier_start_leaves_the_disk(tmp_path: Path) -> None:
    file = tmp_path / "room.json"
    file.write_text(json.dumps({"author": "Ada", "store": ADDRESS}))
    kept = SettingsFile(file).values
    assert kept.store == "postgresql://ada@server:5432/stroke?blobs=%2Fshared%2Fpixels"
    assert kept.author == "Ada"
    assert "hunter2" not in file.read_text()
    assert os.name == "nt" or file.stat().st_mode & 0o077 == 0


def test_a_password_is_used_until_the_program_ends_and_never_written(session: Any, monkeypatch: Any) -> None:
    opened: list[str] = []
    real = AnnotationStore.open

    def open_server(address: Any, **_: Any) -> AnnotationStore:
        opened.append(str(address))
        return real(session.settings.path.parent / "annotations")

    monkeypatch.setattr(AnnotationStore, "open", open_server)
    said: list[str] = []
    session.said.connect(said.append)
    assert session.store.move(ADDRESS, ask=False)
    session.store.close()
    session.store.open()
    assert opened == [ADDRESS, ADDRESS]
    assert "hunter2" not in session.settings.path.read_text()
    assert any("password" in sentence for sentence in said)
