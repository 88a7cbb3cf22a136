"""What came of a retraining: old against new by class, the verdict, and the cases the new model is worst on."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLayout,
    QListWidget,
    QListWidgetItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from napari_cpam_stroke.retraining import Comparison
from napari_cpam_stroke.widgets.parts.controls import column, wrapped
from napari_cpam_stroke.widgets.reading.retraining_words import figure_cells, figure_words, verdict_words, worst_words

CASE = int(Qt.ItemDataRole.UserRole)
ROW, FRAME, LIST_HEIGHT = 20, 4, 66
"""In pixels: a row of the table, its frame, and three cases of the list."""


class Outcome(QWidget):
    """Shows a comparison; nothing before there is one.

    Parameters
    ----------
    choices
        What can be done about it, placed below the verdict.
    """

    opened = Signal(str)
    """The store's name of a case that was clicked."""

    def __init__(self, *choices: QWidget | QLayout) -> None:
        super().__init__()
        self.verdict = wrapped("", name="verdict")
        self.table = _table()
        self.worst = QListWidget()
        self.worst.setAccessibleName("worst test cases")
        self.worst.setToolTip("Test cases with the lowest Dice of the new model; a click opens one")
        self.worst.setFixedHeight(LIST_HEIGHT)
        self.worst.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        title = wrapped("Worst test cases, by Dice:", name="worst")
        column(self, self.verdict, *choices, self.table, title, self.worst, top=0)
        self.layout().setContentsMargins(0, 0, 0, 0)
        self.worst.itemClicked.connect(lambda item: self.opened.emit(item.data(CASE)))
        self.worst.itemActivated.connect(lambda item: self.opened.emit(item.data(CASE)))
        self.show_comparison(None)

    def show_comparison(self, comparison: Comparison | None) -> None:
        """Show old against new, or nothing."""
        self.setVisible(comparison is not None)
        if comparison is None:
            return
        self.verdict.setText(verdict_words(comparison))
        self.table.setRowCount(len(comparison.figures))
        for row, figures in enumerate(comparison.figures):
            for place, text in enumerate(figure_cells(figures)):
                item = QTableWidgetItem(text)
                item.setToolTip(figure_words(figures))
                self.table.setItem(row, place, item)
        self.table.setFixedHeight(
            self.table.horizontalHeader().sizeHint().height() + ROW * len(comparison.figures) + FRAME
        )
        self.worst.clear()
        for case in comparison.worst:
            item = QListWidgetItem(worst_words(case))
            item.setData(CASE, case.case_id)
            item.setToolTip(worst_words(case))
            self.worst.addItem(item)


def _table() -> QTableWidget:
    table = QTableWidget(0, 4)
    table.setAccessibleName("old against new")
    table.setHorizontalHeaderLabels(["figure", "old", "new", "gain, 95 %"])
    table.verticalHeader().setVisible(False)
    table.verticalHeader().setMinimumSectionSize(ROW)
    table.verticalHeader().setDefaultSectionSize(ROW)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setStretchLastSection(True)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return table
