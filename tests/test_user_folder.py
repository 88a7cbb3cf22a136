from __future__ import annotations

from pathlib import Path

import pytest

from napari_cpam_stroke.user_folder import HOME_VARIABLE, application_home


def test_the_variable_moves_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "mine"))
    assert application_home() == tmp_path / "mine"
    assert not application_home().exists(), "asking for it must not create it"


def test_without_the_variable_it_is_the_users_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HOME_VARIABLE)
    assert application_home().name == "cpam-stroke"
    assert application_home().is_absolute()
