"""napari's slice sliders numbered as the rest of the room: from 1, and up to the number of slices."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ref

from qtpy.QtCore import QObject, Qt
from qtpy.QtGui import QIntValidator
from qtpy.QtWidgets import QLabel, QLineEdit, QWidget

from napari_cpam_stroke.widgets.viewer import compat

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.utils.events import EventEmitter

STYLE_NAME = "slice_label"
"""Qt's name of napari's two fields, by which it styles and sizes them; ours go by the same."""


class NumberedSlider(QObject):
    """Two fields in the place of napari's own on one slider: the number shown, which can be typed, and how many.

    Parameters
    ----------
    slider
        napari's compound widget of one axis.
    """

    def __init__(self, viewer: ViewerModel, slider: QWidget) -> None:
        super().__init__(slider)
        self._viewer_ref, self._slider = ref(viewer), slider
        self._theirs = slider.findChildren(QWidget, STYLE_NAME)
        self.number, self.count = QLineEdit(slider), QLabel(slider)
        self.number.setValidator(QIntValidator(0, 999_999, self))
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.number.editingFinished.connect(self._go)
        for mine, own in zip((self.number, self.count), self._theirs, strict=True):
            mine.setObjectName(STYLE_NAME)
            slider.layout().insertWidget(slider.layout().indexOf(own), mine)

    def follow(self, first: str) -> None:
        """Show the number of the slice in front; `first` says which end is number 1."""
        viewer = self._viewer_ref()
        axis = self._slider.axis
        if viewer is None or axis >= viewer.dims.ndim:
            return
        step, steps = viewer.dims.current_step[axis], viewer.dims.nsteps[axis]
        room = self.number.fontMetrics().boundingRect("8" * len(str(steps))).width() + 6
        for field, text in ((self.number, str(step + 1)), (self.count, str(steps))):
            field.setText(text)
            field.setFixedWidth(room)
            field.setToolTip(
                f"Counted from 1: {first}" if self._slider.axis == viewer.dims.ndim - 3 else "Counted from 1"
            )

    def put(self, *, ours: bool) -> None:
        """Show our fields, or napari's own."""
        for mine, own in zip((self.number, self.count), self._theirs, strict=True):
            mine.setVisible(ours)
            own.setVisible(not ours)

    def _go(self) -> None:
        viewer = self._viewer_ref()
        if viewer is not None and self.number.text():
            axis = self._slider.axis
            wanted = min(max(int(self.number.text()), 1), viewer.dims.nsteps[axis])
            viewer.dims.set_current_step(axis, wanted - 1)
            self.number.setText(str(wanted))
            self.number.clearFocus()


class SliceNumbers(QObject):
    """The numbers of every slider of one window while a case is open; without a window there is nothing to do."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbered: dict[QWidget, NumberedSlider] = {}
        self._first = ""

    def attach(self, viewer: ViewerModel, *, first: str) -> None:
        """Put our numbers on the sliders; `first` says which end is number 1."""
        self._first = first
        self._numbered = {s: self._numbered.get(s) or NumberedSlider(viewer, s) for s in compat.sliders(viewer)}
        for numbered in self._numbered.values():
            numbered.put(ours=True)
        for event in self._events(viewer):
            event.connect(self._follow)
        self._follow()

    def detach(self, viewer: ViewerModel) -> None:
        """Give napari's own numbers back."""
        for event in self._events(viewer):
            event.disconnect(self._follow)
        for numbered in self._numbered.values():
            numbered.put(ours=False)

    def _events(self, viewer: ViewerModel) -> tuple[EventEmitter, ...]:
        events = viewer.dims.events
        return events.current_step, events.range, events.order

    def _follow(self, _: object = None) -> None:
        for numbered in self._numbered.values():
            numbered.follow(self._first)
