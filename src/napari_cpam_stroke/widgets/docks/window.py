"""The Window dock: presets, centre and width, planes, how masks are shown."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QPushButton, QSlider, QSpinBox, QWidget

from napari_cpam_stroke.config import WINDOW_PRESETS, Window
from napari_cpam_stroke.widgets.parts.controls import button, check_box, row, scroll_column, spread
from napari_cpam_stroke.widgets.parts.flow import Flow
from napari_cpam_stroke.widgets.parts.key_return import KeyReturn
from napari_cpam_stroke.widgets.reading.session import ReviewSession
from napari_cpam_stroke.widgets.viewer.comparisons import MIRROR
from napari_cpam_stroke.widgets.viewer.mask_edges import set_fill_opacity
from napari_cpam_stroke.widgets.viewer.orientation import PLANES

PRESET_KEYS = dict(zip(WINDOW_PRESETS, ("F2", "F3", "F4", "F5"), strict=True))


class WindowDock(QWidget):
    """Everything about how the CT and the masks look."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__()
        self._session, view = session, session.view
        self.presets = {name: self._preset(name) for name in WINDOW_PRESETS}
        self.header = button("header", "Window of the DICOM header", lambda: view.set_preset("header"), key="F6")
        self.centre, self.width_hu = _spin(-1024, 3071), _spin(1, 4095)
        self.centre.setAccessibleName("window centre in HU")
        self.width_hu.setAccessibleName("window width in HU")
        self.planes = {name: self._plane(name) for name in PLANES}
        self.masks = _switch("masks", "Show or hide the masks  [W]", self._on_masks)
        self.contour = _switch("contour", "Outlines instead of filled masks  [Shift+W]", self._on_contour)
        self.mirror = _switch(
            "mirror", "The head mirrored about its midline beside it, to compare both sides  [Q]", self._on_mirror
        )
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(5, 100)
        self.opacity.setToolTip("Opacity of filled masks; their edges stay")
        scroll_column(
            self, Flow(*spread(*self.presets.values(), self.header)),
            Flow(row("C", self.centre), row("W", self.width_hu, "HU")), Flow(*spread(*self.planes.values())),
            Flow(self.masks, self.contour, self.mirror), row("opacity", self.opacity),
        ).addStretch(1)  # fmt: skip
        KeyReturn(self, session.picture)
        self.centre.valueChanged.connect(self._on_numbers)
        self.width_hu.valueChanged.connect(self._on_numbers)
        self.opacity.valueChanged.connect(self._on_opacity)
        view.window_changed.connect(self._show_window)
        view.plane_changed.connect(self._show_plane)
        view.masks_changed.connect(self._show_masks)
        session.asides.changed.connect(self._show_masks)
        session.case_opened.connect(self._show_case)
        session.case_closed.connect(self._show_case)
        self._show_window(view.window)
        self._show_case()

    def _preset(self, name: str) -> QPushButton:
        window = WINDOW_PRESETS[name]
        tip = f"Centre {window.centre:g}, width {window.width:g} HU"
        made = button(name, tip, lambda: self._session.view.set_preset(name), key=PRESET_KEYS[name])
        made.setCheckable(True)
        return made

    def _plane(self, name: str) -> QPushButton:
        made = button(name, f"Show the {name} plane", lambda: self._session.view.set_plane(name), key="F7: next plane")
        made.setCheckable(True)
        return made

    def _show_window(self, window: Window) -> None:
        for box, value in ((self.centre, window.centre), (self.width_hu, window.width)):
            box.blockSignals(True)
            box.setValue(round(value))
            box.blockSignals(False)
        for name, made in self.presets.items():
            made.setChecked(WINDOW_PRESETS[name] == window)

    def _show_plane(self, plane: str) -> None:
        for name, made in self.planes.items():
            made.setChecked(name == plane)

    def _show_case(self) -> None:
        self.header.setEnabled(self._session.view.header_window is not None)
        self.opacity.setValue(round(self._session.settings.values.mask_opacity * 100))
        self._show_plane(self._session.view.plane)
        self._show_masks()

    def _show_masks(self) -> None:
        layers = self._session.layers
        self.masks.setChecked(layers is None or bool(layers.reading.visible))
        self.contour.setChecked(layers is not None and bool(layers.reading.contour))
        self.mirror.setChecked(self._session.asides.shown(MIRROR))

    def _on_numbers(self) -> None:
        self._session.view.set_window(Window(self.centre.value(), self.width_hu.value()))

    def _on_masks(self) -> None:
        self._session.view.toggle_masks()

    def _on_contour(self) -> None:
        self._session.view.toggle_style()
        self._session.settings.change(mask_style="contour" if self.contour.isChecked() else "fill")

    def _on_mirror(self) -> None:
        self._session.asides.toggle_mirror()

    def _on_opacity(self, percent: int) -> None:
        if self._session.layers is not None:
            set_fill_opacity(self._session.layers.reading, percent / 100)
        self._session.settings.change(mask_opacity=percent / 100)


def _spin(low: int, high: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(low, high)
    box.setKeyboardTracking(False)
    box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    return box


def _switch(text: str, tip: str, slot: Callable[[], object]) -> QCheckBox:
    made = check_box(text, tip)
    made.clicked.connect(lambda _=False: slot())
    return made
