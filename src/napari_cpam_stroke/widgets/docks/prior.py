"""The Prior study dock: another study of the patient beside the open case, its slice linked by height in the head."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QFileDialog, QLabel, QWidget

from napari_cpam_stroke.widgets.parts.controls import button, column, drop_down, row, wrapped
from napari_cpam_stroke.widgets.parts.in_front import InFront
from napari_cpam_stroke.widgets.parts.key_return import KeyReturn
from napari_cpam_stroke.widgets.parts.plane_canvas import PlaneCanvas
from napari_cpam_stroke.widgets.reading.case_words import case_cells, case_facts
from napari_cpam_stroke.widgets.reading.prior_study import FoundStudy, PriorStudy
from napari_cpam_stroke.widgets.reading.session import ReviewSession
from napari_cpam_stroke.widgets.viewer.plane_picture import PlaneCut
from napari_cpam_stroke.widgets.viewer.turned import TurnedSeries

if TYPE_CHECKING:
    from napari_cpam_stroke.annotations import ListedCase
    from napari_cpam_stroke.core.slice_link import LinkedSlice

DRAW_MS = 15
"""Slices that follow each other faster are drawn once."""

LETTERS = 10
"""Least width of the list of studies."""

TIP = "Other studies of this patient in the store, the newest first; it keeps the day they came in, not of the scan"
NO_CASE = "Beside an open case, another study of the same patient can stand here."
NO_OTHER = "The store has no other study of this patient; Folder... shows one from its files."
CHOOSE = "Choose a study to see it beside this case, or Folder... for one that is not in the store."
BY_HEIGHT = "Linked by height above the lowest slice with head; the wheel corrects it."
BY_SHARE = "Linked by its share of the series: one of the two has no known heights. The wheel corrects it."
NOT_KNOWN = "Whether both are of one patient is not known: make sure."


class PriorDock(QWidget):
    """A second study to look at; nothing of it can be drawn on or kept."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__()
        self._session, view = session, session.view
        self.prior = PriorStudy(session, store=session.store)
        self.studies = drop_down([], TIP)
        self.studies.setAccessibleName("prior study")
        self.studies.setMinimumContentsLength(LETTERS)
        self.folder = button(
            "Folder...", "A study from a folder with DICOM files; the store keeps none of it", self._ask
        )
        self.canvas = PlaneCanvas()
        self.canvas.setAccessibleName("prior study, axial")
        self.canvas.setToolTip("The prior study, in the window of the picture; the wheel shifts it against this case")
        self.place, self.shift = QLabel(), QLabel()
        self.place.setToolTip(f"Where the slice lies against the one in the picture. {BY_HEIGHT}")
        self.reset = button("Reset", "Link by height again", self.prior.reset)
        self.message = wrapped(name="message")
        self._cut: PlaneCut | None = None
        self._front = InFront(self)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(DRAW_MS)
        self._later.timeout.connect(self._draw)
        studies = row(self.studies, self.folder)
        studies.setStretch(0, 1)
        column(self, studies, self.canvas, row(self.place, None, self.shift, self.reset), self.message)
        KeyReturn(self, session.picture)
        self.studies.activated.connect(self._on_chosen)
        self.canvas.scrolled.connect(self.prior.move)
        self.prior.offered.connect(self._show_studies)
        self.prior.changed.connect(self._on_prior)
        session.records.known.connect(lambda *_: self.prior.look())
        for signal in (session.slice_changed, view.window_changed, self._front.changed):
            signal.connect(self._later.start)
        self._show_studies()
        self._on_prior()
        self.prior.look()

    def _ask(self) -> None:
        """Let the reader choose a folder."""
        start = self._session.settings.values.last_folder
        chosen = QFileDialog.getExistingDirectory(self, "Prior study from a folder", start)
        if chosen:
            self.studies.setCurrentIndex(0)
            self.prior.show_folder(Path(chosen))

    def _on_chosen(self, place: int) -> None:
        case_id = self.studies.itemData(place)
        self.prior.show_stored(case_id) if case_id else self.prior.clear()

    def _show_studies(self) -> None:
        others = self.prior.others
        self.studies.clear()
        self.studies.addItem(_number_words(len(others)), "")
        for place, listed in enumerate(others, start=1):
            self.studies.addItem(study_words(listed), listed.case.case_id)
            self.studies.setItemData(place, case_facts(listed), Qt.ItemDataRole.ToolTipRole)
        self.studies.setEnabled(bool(others))
        self._say()

    def _on_prior(self) -> None:
        found = self.prior.found
        if found is None:
            self._cut = None
        elif self._cut is None or self._cut.volume is not found.volume:
            self._cut = PlaneCut(TurnedSeries(found.volume), "axial")
        self.folder.setEnabled(self._session.review is not None)
        self.reset.setEnabled(self.prior.shift != 0)
        self.shift.setText(shift_words(self.prior.shift))
        self._say()
        self._later.start()

    def _say(self) -> None:
        """Say what is to be known; where all is as usual, the picture has the room."""
        prior = self.prior
        if prior.found is not None:
            self.message.setText(_link_words(prior.found))
        elif prior.note or self._session.review is None:
            self.message.setText(prior.note or NO_CASE)
        else:
            self.message.setText(CHOOSE if prior.others else NO_OTHER)
        self.message.setVisible(self.message.text() != BY_HEIGHT)

    def _draw(self) -> None:
        linked, cut = self.prior.linked, self._cut
        if linked is None or cut is None:
            self.canvas.show_picture(None)
            self.place.clear()
        elif self._front.seen:
            made = cut.picture(linked.index, self._session.view.window)
            letters = (made.letters.left, made.letters.right, made.letters.top, made.letters.bottom)
            title = f"PRIOR  {linked.index + 1} / {cut.volume.shape[0]}"
            self.canvas.show_picture(made.rgb, made.pixel_mm, letters=letters, title=title)
            self.place.setText(place_words(linked))


def study_words(listed: ListedCase) -> str:
    """Return what tells a study of the list from the others: date, slices, series, status."""
    cells = case_cells(listed, blinded=True)
    facts = (cells["added"], f"{cells['slices']} slices", cells["series"], cells["status"])
    return ", ".join(fact for fact in facts if fact)


def shift_words(shift: int) -> str:
    """Return by how many slices a person corrected the link; empty for none."""
    return f"{shift:+d} slice{'' if abs(shift) == 1 else 's'}" if shift else ""


def place_words(linked: LinkedSlice) -> str:
    """Return how the slice lies against the one it belongs to; empty where nobody knows."""
    if linked.off_mm is None:
        return ""
    if linked.outside:
        return "no slice at this height"
    off = round(linked.off_mm, 1)
    return f"{abs(off):g} mm {'higher' if off > 0 else 'lower'}" if off else "same height"


def _number_words(number: int) -> str:
    return {0: "no other study", 1: "1 other study"}.get(number, f"{number} other studies")


def _link_words(found: FoundStudy) -> str:
    words = BY_HEIGHT if found.link.by_height else BY_SHARE
    return words if found.patient_known else f"{NOT_KNOWN} {words}"
