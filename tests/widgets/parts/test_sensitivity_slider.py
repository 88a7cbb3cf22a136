"""More to the right, the model's own threshold in the middle, the raw probability in the tooltip."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import Qt

from napari_cpam_stroke.core.suspicion_scale import probability_at
from napari_cpam_stroke.widgets.parts.sensitivity_slider import SensitivitySlider

OWN = 0.03125


@pytest.fixture
def slider(qtbot: Any) -> SensitivitySlider:
    made = SensitivitySlider("hemorrhage")
    qtbot.addWidget(made)
    made.set_own(OWN)
    made.setValue(OWN)
    made.show()
    return made


def test_the_middle_is_the_threshold_of_the_model(slider: SensitivitySlider, qtbot: Any) -> None:
    assert slider.slider.value() == 50
    assert "validated with, probability 0.0312. Now pixels count from probability 0.0312" in slider.toolTip()
    chosen = []
    slider.valueChanged.connect(chosen.append)
    qtbot.keyClick(slider.slider._slider, Qt.Key.Key_Right)
    assert slider.slider.value() == 51
    assert chosen == [pytest.approx(probability_at(49, OWN))]
    assert slider.value() < OWN, "more sensitive: from a lower probability on"
    qtbot.keyClick(slider.slider._slider, Qt.Key.Key_Left)
    assert slider.value() == OWN, "back in the middle it is the very threshold"


def test_the_ends_are_nothing_and_all(slider: SensitivitySlider, qtbot: Any) -> None:
    qtbot.keyClick(slider.slider._slider, Qt.Key.Key_End)
    assert slider.value() == 0
    qtbot.keyClick(slider.slider._slider, Qt.Key.Key_Home)
    assert slider.value() == 1


def test_a_probability_from_elsewhere_is_kept_as_it_is(slider: SensitivitySlider) -> None:
    slider.setValue(0.2)
    assert slider.value() == 0.2
    assert slider.slider.value() == round(100 - 100 * 0.25 / (0.25 + OWN / (1 - OWN)))
