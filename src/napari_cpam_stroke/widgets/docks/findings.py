"""The Findings dock: what the model thinks of the series and of each slice, and what the reading holds, in ml."""

from __future__ import annotations

from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from napari_cpam_stroke.annotations.records import REASONS, Reason
from napari_cpam_stroke.core import CLASS_NAMES, Lesion, LesionTable, measure_lesions
from napari_cpam_stroke.core.annotation import PRESENT
from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.widgets.parts.background import Job
from napari_cpam_stroke.widgets.parts.controls import button, scroll_column, spread, swatch, wrapped
from napari_cpam_stroke.widgets.parts.flow import GAP, Flow
from napari_cpam_stroke.widgets.parts.key_return import KeyReturn
from napari_cpam_stroke.widgets.parts.probability_bar import DECISIONS, ProbabilityBar
from napari_cpam_stroke.widgets.parts.slice_strip import SliceStrip
from napari_cpam_stroke.widgets.parts.steady_label import SteadyLabel
from napari_cpam_stroke.widgets.reading.finding_words import (
    NO_RUN,
    abc2_words,
    lesion_cells,
    rejections_line,
    result_lines,
    totals_line,
)
from napari_cpam_stroke.widgets.reading.session import ReviewSession

MEASURE_MS = 150
ROW_HEIGHT = 20
ABC2_COLUMN = 4
READING, AI = "reading", "AI"
LONGEST_WORDS = [f"88/100 {decision}" for decision in DECISIONS.values()]


class FindingsDock(QWidget):
    """Probabilities, slice strip and lesion table."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__()
        self._session = session
        self.model = wrapped(NO_RUN, name="model")
        self.bars = {name: ProbabilityBar(name) for name in CLASS_NAMES}
        self.words = {name: SteadyLabel("-", LONGEST_WORDS) for name in CLASS_NAMES}
        self.strip = SliceStrip()
        self.table = _table()
        self.totals = wrapped("", name="totals")
        self.reveal = button("Reveal AI", "Uncover the AI after a blinded read", session.models.reveal, key="A")
        self.which = button(
            "list: reading", "List the lesions of the reading or of the AI", self._swap_list, name="which"
        )
        self.reject = button("Reject finding", "Say why a finding of the AI is none", self.ask_reason, key="F9")
        self.lesions: LesionTable | None = None
        self._chosen = ""
        self._job: Job | None = None
        self._measure = QTimer(self)
        self._measure.setSingleShot(True)
        self._measure.setInterval(MEASURE_MS)
        grid = QGridLayout()
        grid.setHorizontalSpacing(GAP)
        grid.setColumnStretch(1, 1)
        for place, name in enumerate(CLASS_NAMES):
            grid.addWidget(QLabel(name), place, 0)
            grid.addWidget(self.bars[name], place, 1)
            grid.addWidget(self.words[name], place, 2)
        buttons = Flow(*spread(self.which, self.reveal, self.reject))
        scroll_column(self, self.model, grid, self.strip, self.table, self.totals, buttons)
        KeyReturn(self, session.picture)
        self._connect()
        self._on_case()

    def reason_menu(self) -> QMenu:
        """Return the menu of reasons for the selected finding, and of rejections to take back."""
        menu = QMenu(self)
        if self.selected() is not None:
            for reason in REASONS:
                menu.addAction(reason, lambda why=reason: self.reject_selected(why))
        review = self._session.review
        for rejection in () if review is None else review.rejections:
            name = f"take back: {rejection.lesion_class.label}, {rejection.reason}"
            menu.addAction(name, lambda kept=rejection: self._session.withdraw(kept))
        return menu

    def ask_reason(self) -> None:
        """Open the list of reasons under the button."""
        menu = self.reason_menu()
        if menu.isEmpty():
            self._session.said.emit("Select a finding in the table first.")
        else:
            menu.popup(self.reject.mapToGlobal(QPoint(0, self.reject.height())))

    def selected(self) -> Lesion | None:
        """Return the lesion of the selected row; the only one where there is no choice."""
        if self.lesions is None or not self.lesions.lesions:
            return None
        place = self.table.currentRow()
        if 0 <= place < len(self.lesions.lesions):
            return self.lesions.lesions[place]
        return self.lesions.lesions[0] if len(self.lesions.lesions) == 1 else None

    def reject_selected(self, reason: Reason) -> None:
        """Turn the selected finding down: the reason is kept and the reading loses it, as one undo step."""
        lesion = self.selected()
        if lesion is not None:
            self._session.reject_finding(lesion, reason)

    def _connect(self) -> None:
        session = self._session
        session.case_opened.connect(self._on_case)
        session.case_closed.connect(self._on_case)
        session.prediction_changed.connect(self._on_prediction)
        session.mask_changed.connect(self._on_mask)
        session.slice_changed.connect(self.strip.show_current)
        session.state_changed.connect(self._measure.start)
        session.reason_wanted.connect(self.ask_reason)
        session.case_refreshed.connect(self._on_mask)
        session.labels_changed.connect(self._on_mask)
        self.strip.clicked.connect(session.go_to_slice)
        self._measure.timeout.connect(self._start_measuring)
        self.table.itemSelectionChanged.connect(self._go)
        self.table.itemClicked.connect(lambda _: self._go())

    def _on_case(self) -> None:
        self._chosen = ""
        self._show_lesions(None)
        layers = self._session.layers
        self.strip.show_case(
            0 if layers is None else layers.volume.shape[0], reverse=layers is not None and layers.flips[0]
        )
        if layers is not None:
            self.strip.show_current(layers.slice_index)
        self._on_prediction()
        self._on_mask()

    def _on_prediction(self) -> None:
        models = self._session.models
        prediction, hidden = models.prediction, models.hidden
        shown = None if hidden else prediction
        self.model.setText(result_lines(prediction, hidden=hidden))
        self.reveal.setVisible(hidden)
        for name, bar in self.bars.items():
            bar.show_prediction(shown)
            self.words[name].setText(bar.short())
        self.strip.show_probabilities(None if shown is None else shown.slice_probabilities)
        self.which.setEnabled(shown is not None)
        self._measure.start()

    def _on_mask(self) -> None:
        review = self._session.review
        if review is not None:
            self.strip.show_drawn(review.slice_labels == PRESENT)
        self._measure.start()

    @property
    def listed(self) -> str:
        """Whose lesions are listed: as chosen, else the AI's until something is drawn."""
        review, prediction = self._session.review, self._session.models.prediction
        if prediction is None or review is None:
            return READING
        return self._chosen or (READING if review.slice_labels.any() else AI)

    def _swap_list(self) -> None:
        self._chosen = AI if self.listed == READING else READING
        self._start_measuring()

    def _start_measuring(self) -> None:
        layers, review, prediction = self._session.layers, self._session.review, self._session.models.prediction
        if self._job is not None:
            self._job.cancel()
        if layers is None or review is None:
            self._show_lesions(None)
        elif prediction is None or self.listed == READING:
            self._show_lesions(review.table)
        else:
            volume, mask = layers.volume, prediction.mask
            self._job = Job(lambda *_: measure_lesions(mask, volume), self._session)
            self._job.done.connect(self._show_lesions)

    def _show_lesions(self, table: LesionTable | None) -> None:
        if self._job is not None and table is None:
            self._job.cancel()
        self.lesions = table
        self.which.setText(f"list: {self.listed}")
        lesions = () if table is None else table.lesions
        self.table.setRowCount(len(lesions))
        for place, lesion in enumerate(lesions):
            for cell, text in enumerate(lesion_cells(place, lesion, self._session.layers)):
                item = QTableWidgetItem(text)
                if cell == 1:
                    item.setIcon(QIcon(swatch(CLASS_COLOURS[lesion.lesion_class.label])))
                self.table.setItem(place, cell, item)
            self.table.item(place, ABC2_COLUMN).setToolTip(abc2_words(lesion))
        self.totals.setText("" if table is None else self._totals(table))

    def _totals(self, table: LesionTable) -> str:
        review = self._session.review
        rejected = "" if review is None else rejections_line(review.rejections)
        return "\n".join(line for line in (f"{self.listed}: {totals_line(table)}", rejected) if line)

    def _go(self) -> None:
        lesion = self.selected()
        if lesion is not None and self.table.selectedItems():
            self._session.go_to(lesion.centroid_zyx)


def _table() -> QTableWidget:
    table = QTableWidget(0, 5)
    table.setAccessibleName("findings")
    table.setHorizontalHeaderLabels(["#", "class", "ml", "slices", "ABC/2"])
    table.verticalHeader().setVisible(False)
    table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setStretchLastSection(True)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    table.setMinimumHeight(60)
    table.setToolTip("Findings, largest first; a click goes there. Slices are counted from 1, next to the feet")
    return table
