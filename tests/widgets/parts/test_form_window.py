"""A form as a window of its own."""

from __future__ import annotations

from typing import Any

import pytest
from magicgui import magicgui
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QShortcut, QWidget

from napari_cpam_stroke.widgets.parts.form_window import show_form


@pytest.mark.parametrize("times", [1, 2])
def test_a_form_stands_before_its_window_and_escape_closes_it(qtbot: Any, times: int) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.show()
    form = magicgui(lambda: None, call_button="Do")
    for _ in range(times):
        show_form(form, parent, title="A form")
        assert form.native.isVisible()
        assert form.native.parent() is parent
        assert form.native.windowTitle() == "A form"
        (escape,) = form.native.findChildren(QShortcut)
        assert escape.key().matches(Qt.Key.Key_Escape)
        escape.activated.emit()
        assert not form.native.isVisible()
