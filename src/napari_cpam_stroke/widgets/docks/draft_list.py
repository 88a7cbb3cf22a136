"""Drafts that a crash left behind, on top of the Cases dock: a line, and the drafts to open or discard."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from napari_cpam_stroke.widgets.parts.controls import button, column, row, wrapped
from napari_cpam_stroke.widgets.reading.left_drafts import LeftDraft, LeftDrafts
from napari_cpam_stroke.widgets.reading.moments import local_time

DRAFT = int(Qt.ItemDataRole.UserRole)
MOST_LINES = 4
"""Drafts seen at once; more scroll."""
SHOW, HIDE = "Show", "Later"


class DraftList(QWidget):
    """Takes no room where there is no draft."""

    def __init__(self, left: LeftDrafts) -> None:
        super().__init__()
        self._left = left
        self.line = wrapped(name="drafts")
        self.unfold = button(SHOW, "Show each draft, or leave them for later; they are kept", self._unfold)
        self.drafts = _list()
        self.open = button("Open", "Open the case and take the draft up", self._open, name="open draft")
        self.discard = button("Discard...", "Throw the draft away, after a question", self._discard)
        line = row(self.line, self.unfold)
        line.setStretch(0, 1)
        layout = column(self, line, self.drafts, row(self.open, self.discard, None), top=0)
        layout.setContentsMargins(0, 0, 0, 0)
        self.drafts.itemActivated.connect(lambda *_: self._open())
        self.drafts.currentItemChanged.connect(lambda *_: self._show_choice())
        left.changed.connect(self._show)
        self._fold(folded=True)
        self._show()

    def _unfold(self) -> None:
        self._fold(folded=not self.drafts.isHidden())

    def _fold(self, *, folded: bool) -> None:
        for part in (self.drafts, self.open, self.discard):
            part.setHidden(folded)
        self.unfold.setText(SHOW if folded else HIDE)

    def _show(self) -> None:
        left = self._left
        damaged = f" {len(left.unreadable)} damaged file(s) are kept beside them." if left.unreadable else ""
        self.line.setText(f"{left.words}{damaged}")
        self.line.setToolTip("\n".join(str(path) for path in left.unreadable))
        self.drafts.clear()
        for draft in left.found:
            self.drafts.addTopLevelItem(_item(draft))
        self.drafts.setCurrentItem(self.drafts.topLevelItem(0))
        lines = min(len(left.found), MOST_LINES) + 1
        self.drafts.setFixedHeight(lines * (self.fontMetrics().height() + 6) + 6)
        self.setVisible(bool(left.found))

    def _show_choice(self) -> None:
        for part in (self.open, self.discard):
            part.setEnabled(self._chosen() is not None)

    def _chosen(self) -> LeftDraft | None:
        item = self.drafts.currentItem()
        return None if item is None else item.data(0, DRAFT)

    def _open(self) -> None:
        draft = self._chosen()
        if draft is not None:
            self._left.open(draft)

    def _discard(self) -> None:
        draft = self._chosen()
        if draft is not None:
            self._left.discard(draft)


def _list() -> QTreeWidget:
    made = QTreeWidget()
    made.setHeaderLabels(["case", "when", "reader", "ml"])
    made.setRootIsDecorated(False)
    made.setUniformRowHeights(True)
    made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    made.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    made.setAccessibleName("Drafts")
    made.header().setStretchLastSection(False)
    made.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    made.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return made


def _item(draft: LeftDraft) -> QTreeWidgetItem:
    """Return the line of a draft; one that cannot be opened says why in its tooltip."""
    pending = draft.pending
    volume = "-" if draft.volume_ml is None else f"{draft.volume_ml:.1f}"
    name = f"\u2715 {draft.case_id}" if draft.problem else draft.case_id
    item = QTreeWidgetItem([name, local_time(pending.written), pending.author, volume])
    item.setData(0, DRAFT, draft)
    facts = f"{draft.case_id}, {pending.author}, {len(pending.slices)} slice(s) changed"
    for place in range(item.columnCount()):
        item.setToolTip(place, f"{facts}\n{draft.problem}" if draft.problem else facts)
    return item
