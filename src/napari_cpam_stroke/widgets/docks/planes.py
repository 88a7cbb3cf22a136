"""The Three planes dock: coronal and sagittal beside the slices of the picture, one cross-hair in all three."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

from napari_cpam_stroke.widgets.parts.controls import column, wrapped
from napari_cpam_stroke.widgets.parts.in_front import InFront
from napari_cpam_stroke.widgets.parts.plane_canvas import PlaneCanvas
from napari_cpam_stroke.widgets.reading.session import ReviewSession
from napari_cpam_stroke.widgets.viewer.plane_picture import PlaneCut

ACROSS = ("coronal", "sagittal")
DRAW_MS = 15
"""Movements that follow each other faster are drawn once."""

HOW = "A click moves the cross-hair; in the picture Shift+K puts it under the mouse. The wheel turns planes."


class PlanesDock(QWidget):
    """The planes across the slices; nothing is worked out while it is not seen."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__()
        self._session, self._cross = session, session.cross_hair
        self.canvases = {plane: PlaneCanvas() for plane in ACROSS}
        self._cuts: dict[str, PlaneCut] = {}
        self._front = InFront(self)
        self._front.changed.connect(self._on_front)
        self._cross.destroyed.connect(self._front.stop)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(DRAW_MS)
        self._later.timeout.connect(self._draw)
        column(self, *self.canvases.values(), wrapped(HOW, name="how"))
        for plane, canvas in self.canvases.items():
            canvas.setAccessibleName(plane)
            canvas.clicked.connect(partial(self._on_click, plane))
            canvas.scrolled.connect(partial(self._on_wheel, plane))
        for signal in (self._cross.moved, session.mask_changed, session.view.window_changed, session.case_refreshed):
            signal.connect(self._later.start)
        session.case_opened.connect(self._on_case)
        session.case_closed.connect(self._on_case)
        self._on_case()

    def _on_front(self, in_front: bool) -> None:
        """Show the cross-hair in the picture where the planes are seen too."""
        self._cross.show(on=in_front)
        self._later.start()

    def _on_case(self) -> None:
        layers = self._session.layers
        self._cuts = {} if layers is None else {plane: PlaneCut(layers, plane) for plane in ACROSS}
        self._later.start()

    def _on_click(self, plane: str, row: float, column_: float) -> None:
        if plane in self._cuts:
            cut = self._cuts[plane]
            self._cross.move(cut.index(row, column_, self._cross.index[cut.axis]))

    def _on_wheel(self, plane: str, step: int) -> None:
        if plane in self._cuts:
            index = list(self._cross.index)
            index[self._cuts[plane].axis] += step
            self._cross.move(index)

    def _draw(self) -> None:
        review = self._session.review
        if not self._front.seen:
            return
        for plane, canvas in self.canvases.items():
            cut = self._cuts.get(plane)
            if cut is None or review is None:
                canvas.show_picture(None)
                continue
            at = int(self._cross.index[cut.axis])
            made = cut.picture(at, self._session.view.window, review.reading)
            letters = (made.letters.left, made.letters.right, made.letters.top, made.letters.bottom)
            cross = cut.spot(self._cross.index)
            canvas.show_picture(made.rgb, made.pixel_mm, cross=cross, letters=letters, title=f"{plane} {at + 1}")
