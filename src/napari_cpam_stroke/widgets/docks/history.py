"""The History dock: every version with who, when and how much; differences, restore, export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QTreeWidget, QTreeWidgetItem, QWidget

from napari_cpam_stroke.annotations import Revision
from napari_cpam_stroke.review.draft import Stored
from napari_cpam_stroke.widgets.docks.export_form import export_form
from napari_cpam_stroke.widgets.docks.mask_form import mask_form
from napari_cpam_stroke.widgets.parts.background import Job, sentence
from napari_cpam_stroke.widgets.parts.controls import button, row, scroll_column, spread, wrapped
from napari_cpam_stroke.widgets.parts.flow import Flow
from napari_cpam_stroke.widgets.parts.form_window import show_form
from napari_cpam_stroke.widgets.parts.key_return import KeyReturn
from napari_cpam_stroke.widgets.reading.finding_words import revision_cells, revision_facts
from napari_cpam_stroke.widgets.reading.session import ReviewSession
from napari_cpam_stroke.widgets.reading.settings import RoomSettings
from napari_cpam_stroke.widgets.reading.settings_form import settings_form

LEAST_TREE = 60
"""Pixels of height: the head and two versions."""

REVISION = int(Qt.ItemDataRole.UserRole)


class HistoryDock(QWidget):
    """Earlier versions of the open case, and what leaves the program."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__()
        self._session = session
        self.versions = _tree()
        self.compare = button(
            "Difference",
            "Show what this version has and the reading has not, and the other way round",
            self.show_difference,
        )
        self.restore = button(
            "Restore", "Bring this version back into the reading, as one undo step", self.restore_version
        )
        self.export = button(
            "Export...", "SEG, SR, NIfTI, CSV and report into a folder", self.ask_for_export, key="Shift+E"
        )
        self.mask = button(
            "Mask...", "Take a SEG or NIfTI mask in: as the reading, as AI layer, or to compare", self.ask_for_mask
        )
        self._form = settings_form(session.settings.values, "author", "store")
        self.author, self.store = (field.native for field in self._form)
        self.store.setPlaceholderText("the program's own folder; Return changes it")
        self.message = wrapped("", name="message")
        scroll_column(
            self, self.versions, Flow(*spread(self.compare, self.restore, self.mask, self.export)),
            row("reader", self.author), row("store", self.store), self.message,
        )  # fmt: skip
        self._export_form, self._mask_form = export_form(session), mask_form(session)
        KeyReturn(self, session.picture)
        self._job: Job | None = None
        self._connect()
        self._show_settings()
        self._fetch()

    def selected(self) -> Revision | None:
        """Return the selected revision, or None."""
        item = self.versions.currentItem()
        return None if item is None else item.data(0, REVISION)

    def show_difference(self) -> None:
        """Show the selected version against the reading."""
        self._with_stored(lambda stored: self._session.asides.show_difference(stored.annotation.mask))

    def restore_version(self) -> None:
        """Make the selected version the reading again, as an edit."""
        self._with_stored(self._session.restore)

    def ask_for_export(self) -> None:
        """Let the reader choose what to export, and into which folder."""
        show_form(self._export_form, self, title="Export the case")

    def ask_for_mask(self, path: Path | None = None) -> None:
        """Let the reader choose a mask file, unless it is known, and what becomes of it."""
        if path is not None:
            self._mask_form["mask"].value = path
        show_form(self._mask_form, self, title="Take a mask into the case")

    def _connect(self) -> None:
        session = self._session
        for signal in (session.case_opened, session.case_closed, session.case_refreshed, session.records.state_changed):
            signal.connect(self._fetch)
        session.said.connect(self.message.setText)
        self.author.textChanged.connect(self._on_author)
        self.author.editingFinished.connect(self._show_settings)
        self.store.returnPressed.connect(self._move)
        self.store.editingFinished.connect(self._show_settings)
        session.records.moved.connect(self._show_settings)  # the question before took the focus, and the text, away
        session.export_wanted.connect(self.ask_for_export)

    def _show_settings(self) -> None:
        values = self._session.settings.values
        for field, text in ((self.author, values.author), (self.store, values.store)):
            field.blockSignals(True)
            field.setText(text)
            field.blockSignals(False)
        self.store.setToolTip(f"Folder or PostgreSQL address of the annotation store; now {values.store_location}")

    def _move(self) -> None:
        wanted = self.store.text().strip()
        if wanted != self._session.settings.values.store:
            self._session.records.move(wanted)

    def _on_author(self, name: str) -> None:
        self._session.settings.change(author=name.strip() or RoomSettings().author)

    def _fetch(self) -> None:
        review = self._session.review
        if review is not None and review.revision is not None and self._shown() == review.revision.id:
            return
        if self._job is not None:
            self._job.cancel()
        if review is None or review.revision is None or review.store is None:
            self.versions.clear()
            return
        self._job = Job(lambda *_: review.history(), self._session)
        self._job.done.connect(self._show)

    def _shown(self) -> str:
        first = self.versions.topLevelItem(0)
        return "" if first is None else str(first.data(0, REVISION).id)

    def _show(self, revisions: list[Revision]) -> None:
        chosen = self.selected()
        self.versions.clear()
        for revision in reversed(revisions):
            item = _item(revision)
            self.versions.addTopLevelItem(item)
            if chosen is not None and revision.id == chosen.id:
                self.versions.setCurrentItem(item)

    def _with_stored(self, use: Callable[[Stored], None]) -> None:
        review, revision = self._session.review, self.selected()
        if review is None or revision is None:
            self.message.setText("Select a version first.")
            return
        job = Job(lambda *_: review.fetch(revision.id), self._session)

        def done(stored: Stored) -> None:
            if review is self._session.review:
                use(stored)

        job.done.connect(done)
        job.failed.connect(self._fail)

    def _fail(self, error: Exception) -> None:
        self.message.setText(sentence(error))


def _tree() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setAccessibleName("versions")
    tree.setHeaderLabels(["v", "when", "who", "status", "changed"])
    tree.setRootIsDecorated(False)
    tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    for column_index, width in enumerate((26, 46, 62, 76)):
        tree.setColumnWidth(column_index, width)
    tree.header().setMinimumSectionSize(20)
    tree.setMinimumHeight(LEAST_TREE)
    return tree


def _item(revision: Revision) -> QTreeWidgetItem:
    item = QTreeWidgetItem(list(revision_cells(revision)))
    item.setData(0, REVISION, revision)
    item.setToolTip(0, revision_facts(revision))
    return item
