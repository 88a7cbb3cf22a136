"""Choices that may also be left open: a label that is not known, a word that is not said."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox

from napari_cpam_stroke.widgets.parts.controls import check_box, drop_down

STATES = {-1: Qt.CheckState.PartiallyChecked, 0: Qt.CheckState.Unchecked, 1: Qt.CheckState.Checked}
"""Label value: unknown, absent, present."""

WORD_LETTERS = 7
"""Narrowest width of a choice of words."""


def label_box(text: str, tip: str) -> QCheckBox:
    """Return a check box for a label; half-checked stands for not known."""
    made = check_box(text, tip)
    made.setTristate(True)
    return made


def show_label(check: QCheckBox, value: int) -> None:
    """Show a label: -1 unknown, 0 absent, 1 present."""
    check.setCheckState(STATES[value])


def word_choice(name: str, words: Sequence[str], tip: str) -> QComboBox:
    """Return a choice of words; its own name stands first, for none of them."""
    made = drop_down([name, *words], tip)
    made.setAccessibleName(name)
    made.setMinimumContentsLength(WORD_LETTERS)
    return made


def show_word(combo: QComboBox, word: str | None) -> None:
    """Show one of the words, or none."""
    combo.setCurrentIndex(max(combo.findText(word or ""), 0))


def chosen_word(combo: QComboBox) -> str | None:
    """Return the chosen word, None where none is."""
    return None if combo.currentIndex() == 0 else str(combo.currentText())
