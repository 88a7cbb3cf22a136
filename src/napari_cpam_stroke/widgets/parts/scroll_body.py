"""The content of a dock that scrolls where the dock is too small for it."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QFrame,
    QScrollArea,
    QScrollBar,
    QStyle,
    QWidget,
)

LEAST_HEIGHT = 54
"""In pixels, two lines of buttons: less cannot be worked with."""

TURNED_BY_WHEEL = (QAbstractSlider, QAbstractSpinBox, QComboBox)
"""Parts that change their value when the mouse wheel passes over them."""


class ScrollBody(QScrollArea):
    """Shows a widget whole where there is room, with a scroll bar where there is not.

    Notes
    -----
    It asks for the least width of its content and for that of the scroll bar, so that nothing scrolls sideways, unless
    it is told that it may. The mouse wheel scrolls; it turns a number, slider or choice only where that has the focus.
    """

    def __init__(self, body: QWidget, *, sideways: bool = False) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._sideways = sideways
        self.setWidgetResizable(True)
        self.setWidget(body)
        body.installEventFilter(self)
        for kind in TURNED_BY_WHEEL:
            for part in body.findChildren(kind):
                if not isinstance(part, QScrollBar):
                    part.installEventFilter(self)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the least width of the content beside a scroll bar, unless that scrolls too, and a low height."""
        if self._sideways:
            return QSize(LEAST_HEIGHT, LEAST_HEIGHT)
        bar = self.verticalScrollBar().sizeHint().width()
        gap = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollView_ScrollBarSpacing, None, self)
        return QSize(self.widget().minimumSizeHint().width() + gap + bar, LEAST_HEIGHT)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the room in which nothing scrolls."""
        return self.widget().sizeHint().expandedTo(self.minimumSizeHint())

    def missing_height(self) -> int:
        """Return how many pixels the content is higher than what is to be seen; negative where there is room left."""
        body, seen = self.widget(), self.viewport()
        needed = body.heightForWidth(self.width()) if body.hasHeightForWidth() else body.sizeHint().height()
        return int(needed) - int(seen.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Leave the wheel to the scroll bar, unless a hand is on the part under it; follow what the content needs."""
        if event.type() == QEvent.Type.LayoutRequest and watched is self.widget():
            self.updateGeometry()
        if event.type() == QEvent.Type.Wheel and self._waits_for_hand(watched):
            self.wheelEvent(event)
            return True
        return bool(super().eventFilter(watched, event))

    def _waits_for_hand(self, part: QObject) -> bool:
        """Whether a part would turn with the wheel although no hand is on it; Qt watches our scroll bars with us."""
        return isinstance(part, TURNED_BY_WHEEL) and not isinstance(part, QScrollBar) and not part.hasFocus()
