"""A text of several lines whose long words give way to the width."""

from __future__ import annotations

import re

from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication, QResizeEvent
from qtpy.QtWidgets import QAction, QLabel, QSizePolicy

WORD = re.compile(r"\S+")


class WrappedText(QLabel):
    """Breaks its lines between words; of a UID or path wider than itself it shows both ends.

    The whole text is in the tooltip then, and in the menu of the right button, to be copied.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        copy = QAction("Copy", self)
        copy.triggered.connect(self._copy)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._whole = ""
        self.setText(text)

    def text(self) -> str:
        """Return the whole text, also what does not fit."""
        return self._whole

    @property
    def shown(self) -> str:
        """The text as it is to be seen."""
        return str(super().text())

    def setText(self, text: str) -> None:  # noqa: N802 - Qt's name
        """Show another text."""
        self._whole = text
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Cut long words to the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        metrics, width = self.fontMetrics(), self.contentsRect().width()
        middle = Qt.TextElideMode.ElideMiddle
        shown = WORD.sub(lambda word: metrics.elidedText(word.group(), middle, width), self._whole)
        if shown != self.shown:
            super().setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._whole)
