"""The Measurements dock: rulers, regions, the shift of the midline, and their figures in a table."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from napari_cpam_stroke.widgets.parts.controls import button, check_box, column, row, wrapped
from napari_cpam_stroke.widgets.parts.key_return import KeyReturn
from napari_cpam_stroke.widgets.reading.session import ReviewSession
from napari_cpam_stroke.widgets.viewer.measure_words import NAMES, figures_line, measurements_csv

FORMS = {
    "ruler": (
        "line",
        "A line: its length in the patient, mm, in any plane and with any tilt",
        "Shift+R",
    ),
    "ellipse": ("ellipse", "A region: mean, SD, least and greatest HU, area", "Shift+D"),
    "rectangle": ("rectangle", "A region with corners", ""),
    "polygon": ("polygon", "A region of any form: a click sets a corner, a double click ends it", ""),
}
GONE_WITH_CASE = "Measurements belong to the case on the screen and go with it; Copy CSV keeps them. Research use only."


class MeasurementsDock(QWidget):
    """What is measured on the open case."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__()
        self._measures = session.measures
        self.forms = {name: self._form(name) for name in FORMS}
        self.shift = button(
            "midline shift",
            "The ideal midline, and a point to drag to the real one",
            self._measures.shift,
            key="Shift+I",
        )
        self.back = button("to the masks", "Go back to drawing masks; so does H", self._measures.stop, name="back")
        self.compare = check_box("other side", "Compare regions with the same place beyond the fitted midline")
        self.compare.setChecked(self._measures.compares)
        self.table = _table()
        self.copy = button("Copy CSV", "Every figure, as comma-separated rows, to the clipboard", self._copy)
        self.clear = button("Clear", "Take every measurement away", self._measures.clear)
        column(
            self, row(*self.forms.values()), row(self.shift, self.back, self.compare), self.table,
            row(self.copy, self.clear, None), wrapped(GONE_WITH_CASE, name="gone"),
        )  # fmt: skip
        KeyReturn(self, session.picture)
        self.compare.clicked.connect(lambda on: self._measures.compare(on=bool(on)))
        self.table.itemClicked.connect(lambda item: self._measures.go_to(item.row()))
        self._measures.changed.connect(self._show)
        session.case_opened.connect(self._show)
        session.case_closed.connect(self._show)
        self._session = session
        self._show()

    def _form(self, name: str) -> QPushButton:
        form, tip, key = FORMS[name]
        return button(name, tip, partial(self._measures.draw, form), key=key)

    def _show(self) -> None:
        found = self._measures.found
        for made in (*self.forms.values(), self.shift, self.back):
            made.setEnabled(self._session.layers is not None)
        self.copy.setEnabled(bool(found))
        self.clear.setEnabled(bool(found))
        self.table.setRowCount(len(found))
        for place, each in enumerate(found):
            for cell, text in enumerate((NAMES[each.kind], each.place, figures_line(each))):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.table.setItem(place, cell, item)

    def _copy(self) -> None:
        QApplication.clipboard().setText(measurements_csv(self._measures.found))
        self._session.said.emit(f"{len(self._measures.found)} measurements copied as CSV.")


def _table() -> QTableWidget:
    table = QTableWidget(0, 3)
    table.setAccessibleName("measurements")
    table.setHorizontalHeaderLabels(["what", "where", "figures"])
    table.verticalHeader().setVisible(False)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setStretchLastSection(True)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setMinimumHeight(60)
    table.setToolTip("In the order drawn; a click goes there")
    return table
