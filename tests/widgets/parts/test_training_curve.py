"""The course of a training: what is drawn, and what a screen reader is told."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtGui import QColor, QImage

from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.retraining import Epoch
from napari_cpam_stroke.widgets.parts.training_curve import TRAIN, VALIDATION, TrainingCurve, lines_of

EPOCHS = (
    Epoch(1, 2.0, None, 0.2, {"ischemia": 0.2}),
    Epoch(2, 1.0, 1.5, 0.3, {"ischemia": 0.4, "hemorrhage": 0.6}),
)


def test_dice_stands_as_it_is_and_losses_against_the_highest():
    lines = {name: places for name, _, _, places in lines_of(EPOCHS, QColor("white"))}
    assert lines == {
        "Dice hemorrhage": [(2, 0.6)],
        "Dice ischemia": [(1, 0.2), (2, 0.4)],
        TRAIN: [(1, 1.0), (2, 0.5)],
        VALIDATION: [(2, 0.75)],
    }


def test_without_losses_nothing_is_divided_by_nothing():
    lines_of([Epoch(1, None, None, None, {}), Epoch(2, 0.0, None, None, {})], QColor("white"))


@pytest.mark.parametrize("epochs", [(), EPOCHS[:1], EPOCHS])
def test_it_is_drawn_in_the_colours_of_the_classes(qapp, epochs):
    curve = TrainingCurve()
    curve.resize(280, curve.minimumHeight())
    curve.show_epochs(epochs, of=10)
    image = curve.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    size = image.width() * image.height() * 4
    pixels = np.frombuffer(image.constBits().asstring(size), np.uint8).reshape(-1, 4)[:, 2::-1]
    wanted = QColor(CLASS_COLOURS["ischemia"])
    near = np.abs(pixels.astype(int) - [wanted.red(), wanted.green(), wanted.blue()]).max(axis=1) < 20
    assert near.any() == bool(epochs)


def test_its_words_are_for_those_who_do_not_see_it(qapp):
    curve = TrainingCurve()
    curve.show_epochs(EPOCHS, of=10)
    assert curve.accessibleDescription() == (
        "epoch 2: loss 1, validation loss 1.5, Dice of ischemia 0.400, Dice of hemorrhage 0.600"
    )
