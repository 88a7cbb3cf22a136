"""The correction tools on the open case: each calls a pure function of `core.editing` and is one undo step."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.core import CTVolume, LesionClass, editing
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.core.editing import Edit, Midline
from napari_cpam_stroke.widgets.viewer.brush import HuRange, limit_brush
from napari_cpam_stroke.widgets.viewer.case_midline import CaseMidline
from napari_cpam_stroke.widgets.viewer.drawing_guard import DrawingGuard
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers

NO_CASE = "Open a case first."
NOTHING_HERE = "There is no mask under the cursor."
SMALL_ISLAND_ML = 0.1
SMALL_ISLAND_VOXELS = 20
GROW_TOLERANCE_HU = 6.0
SMOOTHING_MM = 1.0

Index = tuple[int, int, int]


class Tools(QObject):
    """What a reader does to the Reading layer.

    Parameters
    ----------
    midline
        Of the case, for the tool that mirrors.

    Attributes
    ----------
    pointing
        Tells whether a prompt tool has the mouse.

    Signals
    -------
    said
        One sentence on what a tool did or why it did nothing.
    class_changed
        The label value that is drawn now.
    """

    said = Signal(str)
    class_changed = Signal(int)
    limit_changed = Signal()
    brush_changed = Signal()

    def __init__(self, *, midline: CaseMidline, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._midline = midline
        self.layers: CaseLayers | None = None
        self.cursor: Callable[[], Index | None] = lambda: None
        self.pointing: Callable[[], bool] = lambda: False
        self.limited = False
        self.hu_range: HuRange = (50, 90)
        self.tolerance_hu = GROW_TOLERANCE_HU
        self.across_slices = False
        self._guard = DrawingGuard(self)
        self._guard.said.connect(self.said)

    def attach(self, layers: CaseLayers, cursor: Callable[[], Index | None]) -> None:
        """Work on a case; `cursor` tells the native voxel under the mouse."""
        self.layers, self.cursor = layers, cursor
        self._guard.attach(layers)
        layers.reading.events.selected_label.connect(self._on_label)
        layers.reading.events.brush_size.connect(self._on_brush)
        limit_brush(layers, lambda: self.hu_range if self.limited else None)
        self._on_label()

    def detach(self) -> None:
        """Forget the case."""
        self._guard.detach()
        if self.layers is not None:
            self.layers.reading.events.selected_label.disconnect(self._on_label)
            self.layers.reading.events.brush_size.disconnect(self._on_brush)
        self.layers, self.cursor = None, lambda: None

    @property
    def label(self) -> int:
        """Label value that is drawn: 1 or 2."""
        return int(self.layers.reading.selected_label) if self.layers is not None else 1

    def draw(self, lesion_class: LesionClass) -> None:
        """Take the brush for a class; where a prompt tool is on, it stays and draws that class."""
        if not self.allowed():
            return
        self._case.reading.selected_label = int(lesion_class)
        if not self.pointing():
            self._case.hold(self._case.reading)
            self._case.reading.mode = "paint"

    def limit(self, *, limited: bool | None = None, hu_range: HuRange | None = None) -> None:
        """Keep the brush to a range of HU, or let it free."""
        self.limited = self.limited if limited is None else limited
        self.hu_range = self.hu_range if hu_range is None else hu_range
        self.limit_changed.emit()

    def set_ball(self, *, ball: bool) -> None:
        """Let the brush reach into neighbouring slices, or keep it to one."""
        if self.layers is not None:
            self.layers.reading.n_edit_dimensions = 3 if ball else 2

    def grow(self) -> bool:
        """Grow the drawn class from the voxel under the cursor."""
        return self._at_cursor(
            lambda mask, at: editing.grow(
                mask, self._case.volume, at, self.label, tolerance_hu=self.tolerance_hu,
                reach_slices=None if self.across_slices else 0,
            )
        )  # fmt: skip

    def fill_between(self) -> bool:
        """Draw the class on the empty slices between drawn ones."""
        return self._edit(lambda mask: editing.fill_between(mask, self._case.volume, self.label))

    def smooth(self) -> bool:
        """Smooth the outlines of the drawn class."""

        def smooth(mask: Mask) -> Edit:
            volume, across = self._case.volume, self.across_slices
            return editing.smooth(mask, volume, self.label, sigma_mm=_smoothing_mm(volume), across_slices=across)

        return self._edit(smooth)

    def remove_islands(self) -> bool:
        """Erase what is too small to be meant."""
        return self._edit(self._islands)

    def erase_component(self) -> bool:
        """Erase the component under the cursor."""
        return self._at_cursor(editing.erase_component, needs_mask=True)

    def swap_class(self) -> bool:
        """Turn the component under the cursor into the other class."""
        return self._at_cursor(editing.swap_class, needs_mask=True)

    def keep_in_range(self) -> bool:
        """Erase what lies outside the HU range from the component under the cursor."""
        return self._at_cursor(
            lambda mask, at: editing.keep_in_range(mask, self._case.volume, at, self.hu_range), needs_mask=True
        )

    def mirror(self) -> None:
        """Draw the mirror image of the component under the cursor on the other side of the head.

        The first time the midline of the case is looked for in the background.
        """
        at = self._target(needs_mask=True)
        if at is None:
            return
        self._midline.ask(lambda found: self._mirror(at, found))

    def copy_to_next(self, step: int = 1) -> bool:
        """Copy what is drawn on this slice to the next one towards the head and go there."""
        if not self.allowed():
            return False
        case = self._case
        source = case.slice_index
        target = source + (-step if case.flips[0] else step)
        if not 0 <= target < case.volume.shape[0]:
            self.said.emit("This is the last slice.")
            return False
        done = self._edit(lambda mask: editing.copy_slice(mask, source, target))
        case.go_to_slice(target)
        return done

    def undo(self) -> None:
        """Take back the last step."""
        if self.layers is not None:
            self.layers.reading.undo()

    def redo(self) -> None:
        """Do the last undone step again."""
        if self.layers is not None:
            self.layers.reading.redo()

    def allowed(self) -> bool:
        """Return whether a tool may draw, with hidden masks shown again; else say why not."""
        if self.layers is not None and self.layers.flat and not self.layers.reading.visible:
            self.layers.reading.visible = True
        why = NO_CASE if self.layers is None else self._guard.reason
        if why:
            self.said.emit(why)
        return not why

    @property
    def _case(self) -> CaseLayers:
        assert self.layers is not None  # noqa: S101 - asked only while a case is open
        return self.layers

    def _islands(self, mask: Mask) -> Edit:
        if self._case.volume.geometry is None:
            return editing.remove_islands(mask, self._case.volume, below_voxels=SMALL_ISLAND_VOXELS)
        return editing.remove_islands(mask, self._case.volume, below_ml=SMALL_ISLAND_ML)

    def _mirror(self, at: Index, midline: Midline) -> bool:
        return self._edit(lambda mask: editing.mirror_component(mask, self._case.volume, at, midline=midline))

    def _at_cursor(self, make: Callable[[Mask, Index], Edit], *, needs_mask: bool = False) -> bool:
        at = self._target(needs_mask=needs_mask)
        return at is not None and self._edit(lambda mask: make(mask, at))

    def _target(self, *, needs_mask: bool) -> Index | None:
        """Return the voxel a tool shall work at; without one, say why."""
        if not self.allowed():
            return None
        at = self.cursor()
        if at is None or (needs_mask and not self._case.reading_mask[at]):
            self.said.emit(NOTHING_HERE if needs_mask else "Put the cursor on the CT first.")
            return None
        return at

    def _edit(self, make: Callable[[Mask], Edit]) -> bool:
        if not self.allowed():
            return False
        edit = make(self._case.reading_mask)
        changed = self._case.apply(edit)
        self.said.emit(f"{edit.voxels} voxels changed." if changed else "Nothing to change.")
        return changed

    def _on_brush(self, _: object = None) -> None:
        self.brush_changed.emit()

    def _on_label(self, _: object = None) -> None:
        layer = self._case.reading
        if layer.selected_label > max(LesionClass):
            layer.selected_label = int(LesionClass.ISCHEMIA)
            return
        self.class_changed.emit(int(layer.selected_label))


def _smoothing_mm(volume: CTVolume) -> float:
    """Return the width of the smoothing: a pixel at least, or it would do nothing."""
    spacing = (1.0, 1.0) if volume.geometry is None else volume.geometry.pixel_spacing_mm
    return max(SMOOTHING_MM, *spacing)
