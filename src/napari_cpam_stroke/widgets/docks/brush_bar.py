"""The brush of the Correct dock: its size, its reach, and the range of HU it keeps to."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSpinBox, QWidget

from napari_cpam_stroke.widgets.parts.controls import NARROW, RangeBox, check_box, row
from napari_cpam_stroke.widgets.reading.session import ReviewSession
from napari_cpam_stroke.widgets.viewer.brush import HuRange

HU_LIMITS = (-20, 120)


class BrushBar(QWidget):
    """Size, 3D and limits of napari's brush; the limits are remembered."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__()
        self._session = session
        self.size_box = QSpinBox()
        self.size_box.setRange(1, 100)
        self.size_box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.size_box.setStyleSheet(NARROW)
        self.size_box.setToolTip("Brush size in pixels  [ [ and ] ]")
        self.size_box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.ball = check_box("3D", "The brush also paints on neighbouring slices")
        self.limited = check_box("only HU", "The brush changes only voxels in this range of HU")
        self.hu = RangeBox(*HU_LIMITS)
        self.setLayout(row("brush", self.size_box, self.ball, self.limited, self.hu))
        self._show_limit()
        session.tools.brush_changed.connect(self.show_size)
        session.tools.limit_changed.connect(self._show_limit)
        self.size_box.valueChanged.connect(self._on_size)
        self.limited.clicked.connect(lambda on: self._on_limit(limited=bool(on)))
        self.hu.valueChanged.connect(lambda value: self._on_limit(hu_range=value))
        self.ball.clicked.connect(lambda on: session.tools.set_ball(ball=bool(on)))

    def show_size(self) -> None:
        """Show the size of the open case's brush."""
        if self._session.layers is not None:
            self.size_box.setValue(int(self._session.layers.reading.brush_size))

    def _show_limit(self) -> None:
        tools = self._session.tools
        self.limited.setChecked(tools.limited)
        self.hu.blockSignals(True)
        self.hu.setValue(tools.hu_range)
        self.hu.blockSignals(False)

    def _on_size(self, size: int) -> None:
        if self._session.layers is not None:
            self._session.layers.reading.brush_size = size

    def _on_limit(self, *, limited: bool | None = None, hu_range: HuRange | None = None) -> None:
        tools = self._session.tools
        tools.limit(limited=limited, hu_range=hu_range)
        self._session.settings.change(brush_limited=tools.limited, brush_hu=tools.hu_range)
