"""Helper layers that come and go beside the case: difference, mirror image, attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.widgets.viewer.case_midline import CaseMidline
from napari_cpam_stroke.widgets.viewer.colours import class_colormap
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers
from napari_cpam_stroke.widgets.viewer.placement import Placement

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Labels

DIFFERENCE, MIRROR, ATTENTION = "Difference", "Mirror", "Attention"
DIFFERENCE_COLOURS = {1: "#009e73", 2: "#cc79a7"}
"""Added by the reader: green; removed or of another class: pink (Okabe-Ito)."""

MIRROR_GAP_MM = 10.0
ATTENTION_OPACITY = 0.6


class Comparisons(QObject):
    """Adds and removes helper layers; at most one of each kind.

    Parameters
    ----------
    ai_mask
        Returns the mask that the reading is compared with, uint8 (Z, Y, X) on native frames; None without one.
    flush
        Called before the reading is looked at, so that no stroke is missed.
    midline
        Mirrors the head about its own midline, in the background.

    Signals
    -------
    changed
        A helper layer came or went.
    mirrored
        The head beside the case came or went: the picture is wider or narrower now.
    said
        One sentence to the reader; empty takes the last one away.
    """

    changed = Signal()
    mirrored = Signal()
    said = Signal(str)

    def __init__(
        self,
        *,
        ai_mask: Callable[[], Mask | None],
        flush: Callable[[], None],
        midline: CaseMidline,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._ai_mask, self._flush, self._midline = ai_mask, flush, midline
        self.layers: CaseLayers | None = None
        self._mirror_wanted = False
        midline.failed.connect(self._give_mirror_up)

    def attach(self, layers: CaseLayers) -> None:
        """Work on a case."""
        self.layers = layers

    def detach(self) -> None:
        """Forget the case; its layers go with it."""
        self.layers = None
        self._mirror_wanted = False

    def shown(self, name: str) -> bool:
        """Whether a helper layer is there."""
        return self.layers is not None and name in self.layers.extra

    def hide(self, name: str) -> None:
        """Take a helper layer away."""
        if self.layers is not None:
            self.layers.hide_extra(name)
            if name == DIFFERENCE:
                self.said.emit("")
            self.changed.emit()

    def toggle_difference(self) -> None:
        """Show where reading and AI differ, or take that away."""
        before = self._ai_mask()
        if self.shown(DIFFERENCE):
            self.hide(DIFFERENCE)
        elif before is None:
            self.said.emit("There is no AI result to compare with.")
        else:
            self.show_difference(before)

    def toggle_mirror(self) -> None:
        """Show the head mirrored about its midline beside it, as soon as that is found, or take that away."""
        if self.layers is None:
            return
        self._mirror_wanted = not self.shown(MIRROR) and not self._mirror_wanted
        if self._mirror_wanted:
            self._midline.ask_mirrored(self._show_mirror)
        else:
            self.hide(MIRROR)
            self.mirrored.emit()

    def show_difference(self, before: Mask) -> None:
        """Show where the reading differs from another mask, uint8 (Z, Y, X) on native frames."""
        if self.layers is None:
            return
        self._flush()
        mask = self.layers.turned(difference(before, self.layers.reading_mask))
        colours = class_colormap(DIFFERENCE_COLOURS)

        def make(viewer: ViewerModel, place: Placement) -> Labels:
            return viewer.add_labels(mask, name=DIFFERENCE, colormap=colours, **place)

        self.layers.show_extra(DIFFERENCE, make, above=True).editable = False
        self.said.emit("Difference: green was added, pink is gone or of another class.")
        self.changed.emit()

    def _show_mirror(self, mirrored: NDArray[np.int16]) -> None:
        """Show the head mirrored, (Z, Y, X) on native frames, beside it: what is left there is right here."""
        if self.layers is None or not self._mirror_wanted:
            return
        hu, limits = self.layers.turned(mirrored), self.layers.original.contrast_limits

        def make(viewer: ViewerModel, place: Placement) -> Image:
            translate = list(place.get("translate", (0.0, 0.0, 0.0)))
            translate[2] += hu.shape[2] * place["scale"][2] + MIRROR_GAP_MM
            moved = {**place, "translate": tuple(translate)}
            return viewer.add_image(
                hu, name=MIRROR, colormap="gray", interpolation2d="linear", contrast_limits=limits, **moved
            )

        self.layers.show_extra(MIRROR, make)
        self._mirror_wanted = False
        self.changed.emit()
        self.mirrored.emit()

    def _give_mirror_up(self) -> None:
        self._mirror_wanted = False
        self.changed.emit()

    def show_attention(self, found: NDArray[np.float32], z: int) -> None:
        """Show an attention map, float32 (Y, X) of 0..1 on native pixels, on the native slice z."""
        if self.layers is None:
            return
        layers = self.layers
        shown = layers.turned(np.broadcast_to(found, layers.volume.shape))[:1]

        def make(viewer: ViewerModel, place: Placement) -> Image:
            translate = (layers.world_of((z, 0, 0))[0], *place.get("translate", (0.0, 0.0, 0.0))[1:])
            return viewer.add_image(
                np.ascontiguousarray(shown), name=ATTENTION, colormap="inferno", blending="additive",
                opacity=ATTENTION_OPACITY, contrast_limits=(0, 1), **{**place, "translate": translate},
            )  # fmt: skip

        layers.show_extra(ATTENTION, make)
        self.changed.emit()


def difference(before: Mask, after: Mask) -> Mask:
    """Return uint8 (Z, Y, X): 1 where `after` has what `before` has not, 2 where the label of `before` changed."""
    found = np.zeros(after.shape, dtype=np.uint8)
    for z, (old, new) in enumerate(zip(before, after, strict=True)):
        if old.any() or new.any():
            found[z][(new != 0) & (old == 0)] = 1
            found[z][(old != 0) & (new != old)] = 2
    return found
