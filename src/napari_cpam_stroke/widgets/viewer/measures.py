"""Rulers, regions and the shift of the midline, drawn in a layer of their own beside the masks of a case."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from napari_cpam_stroke.core.editing import Midline
from napari_cpam_stroke.core.midline_shift import IdealMidline
from napari_cpam_stroke.widgets.viewer.case_midline import CaseMidline
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers
from napari_cpam_stroke.widgets.viewer.measure_words import shape_label
from napari_cpam_stroke.widgets.viewer.measurement import Kind, Measurement, measure_shape
from napari_cpam_stroke.widgets.viewer.placement import Placement

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Shapes

MEASURE = "Measure"
FORMS = ("line", "ellipse", "rectangle", "polygon")
"""What can be drawn: a ruler, and three forms of regions."""

COLOURS: dict[Kind, str] = {"ruler": "#f0e442", "region": "#f0e442", "midline": "#ffffff", "shift": "#cc79a7"}
WIDTH, TEXT_POINTS = 1.2, 10
"""Of lines in voxels, of texts in points."""

SETTLE_MS = 40
"""After the last movement of a shape before it is measured again."""

NO_CASE = "Open a case first."
NO_POSITIONS = "The series gives no positions: nothing can be measured in mm."
IN_PLANE = "The shift of the midline is measured on axial slices; F7 goes there."
FIRST_SHIFT_SHARE = 0.5
"""The point to drag begins on the midline, this far down."""


class Measures(QObject):
    """The measurements of the open case; they go with it.

    Attributes
    ----------
    found
        One measurement for each shape, in the order drawn.
    compares
        Whether regions are compared with their mirror image about the fitted midline.

    Signals
    -------
    changed
        Something was drawn, moved or taken away, and measured.
    said
        One sentence to the reader.
    """

    changed = Signal()
    said = Signal(str)

    def __init__(self, *, midline: CaseMidline, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._midline = midline
        self._layers: CaseLayers | None = None
        self.found: tuple[Measurement, ...] = ()
        self.compares = True
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(SETTLE_MS)
        self._later.timeout.connect(self.measure)

    def attach(self, layers: CaseLayers) -> None:
        """Work on a case, on which nothing is measured yet."""
        self._layers = layers

    def detach(self) -> None:
        """Forget the case and its measurements."""
        self._later.stop()
        self._layers, self.found = None, ()
        self.changed.emit()

    def draw(self, form: str) -> None:
        """Draw lines, ellipses, rectangles or polygons from now on; the same again goes back to the masks."""
        if self._layers is None:
            self.said.emit(NO_CASE)
            return
        layer = self._layer(self._layers)
        drawing = layer is self._layers.active
        if drawing and str(layer.mode) == f"add_{form}":
            self.stop()
            return
        self._layers.hold(layer)
        layer.mode = f"add_{form}"

    def stop(self) -> None:
        """Go back to the masks."""
        if self._layers is not None:
            self._layers.hold(self._layers.reading)

    def shift(self) -> None:
        """Draw the ideal midline on the slice in front, and a line from it whose end is dragged to where it is."""
        layers = self._layers
        if layers is None or layers.volume.geometry is None:
            self.said.emit(NO_CASE if layers is None else NO_POSITIONS)
        elif not layers.axial:
            self.said.emit(IN_PLANE)
        else:
            self._midline.ask(lambda midline: self._add_shift(layers, midline))

    def compare(self, *, on: bool) -> None:
        """Compare regions with the other side, or not."""
        self.compares = on
        self.measure()

    def clear(self) -> None:
        """Take every measurement away."""
        layer = self._drawn
        if layer is not None:
            layer.selected_data = set(range(len(layer.data)))
            layer.remove_selected()
            self.measure()

    def go_to(self, place: int) -> None:
        """Show the planes through a measurement."""
        if self._layers is not None and place < len(self.found):
            self._layers.go_to(self.found[place].native_zyx)

    def measure(self) -> None:
        """Measure every shape as it is now, and write the figures beside it."""
        layers, layer = self._layers, self._drawn
        if layers is None or layer is None:
            return
        kinds = [cast("Kind", kind or "ruler") for kind in layer.features["kind"]]
        self.found = tuple(
            measure_shape(layers, str(shape), np.asarray(points), kind, self._midline.found, compare=self.compares)
            for shape, points, kind in zip(layer.shape_type, layer.data, kinds, strict=True)
        )
        if self.compares and any(each.kind == "region" for each in self.found):
            self._want_midline()
        self._write(layer, kinds)
        self.changed.emit()

    @property
    def _drawn(self) -> Shapes | None:
        return None if self._layers is None else self._layers.extra.get(MEASURE)

    def _want_midline(self) -> None:
        if self._midline.found is None:
            self._midline.ask(lambda _: self.measure())

    def _layer(self, layers: CaseLayers) -> Shapes:
        return self._drawn or layers.show_extra(MEASURE, self._make, above=True)

    def _make(self, viewer: ViewerModel, place: Placement) -> Shapes:
        layer: Shapes = viewer.add_shapes(
            None, ndim=3, name=MEASURE, edge_color=COLOURS["ruler"], face_color="transparent", edge_width=WIDTH,
            features={"label": np.zeros(0, dtype=object), "kind": np.zeros(0, dtype=object)},
            text={"string": "{label}", "size": TEXT_POINTS, "color": COLOURS["ruler"], "anchor": "upper_left"},
            **place,
        )  # fmt: skip
        layer.feature_defaults = {"label": "", "kind": ""}
        layer.events.data.connect(self._on_data)
        return layer

    def _on_data(self, _: object = None) -> None:
        self._later.start()

    def _write(self, layer: Shapes, kinds: list[Kind]) -> None:
        labels = [shape_label(each) for each in self.found]
        if list(layer.features["label"]) != labels:
            layer.features = {"label": np.array(labels, dtype=object), "kind": np.array(kinds, dtype=object)}
            layer.feature_defaults = {"label": "", "kind": ""}

    def _add_shift(self, layers: CaseLayers, midline: Midline) -> None:
        if layers is not self._layers or layers.volume.geometry is None:
            return
        ideal = IdealMidline(midline, layers.volume.geometry.pixel_spacing_mm)
        z, rows = layers.slice_index, layers.volume.shape[1]
        ends = [layers.turned_index((z, *end)) for end in ideal.ends(rows)]
        start = layers.turned_index((z, *ideal.foot((rows * FIRST_SHIFT_SHARE, midline.point_yx[1]))))
        layer = self._layer(layers)
        for kind, points in (("midline", ends), ("shift", [start, start])):
            layer.feature_defaults = {"label": "", "kind": kind}
            layer.add(np.array(points), shape_type="line", edge_color=COLOURS[cast("Kind", kind)], edge_width=WIDTH)
        layer.feature_defaults = {"label": "", "kind": ""}
        layers.hold(layer)
        layer.mode = "direct"
        layer.selected_data = {len(layer.data) - 1}
        self.measure()
        self.said.emit("Drag the pink point to where the midline is.")
