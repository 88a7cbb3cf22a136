"""The open case on the screen: its layers, and who is told of what happens to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from psygnal import SignalInstance

from napari_cpam_stroke.review import CaseReview
from napari_cpam_stroke.widgets.reading.state import RoomState
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers
from napari_cpam_stroke.widgets.viewer.mask_edges import set_fill_opacity
from napari_cpam_stroke.widgets.viewer.solid import SolidView
from napari_cpam_stroke.widgets.viewer.three_layers import ThreeLayers
from napari_cpam_stroke.widgets.viewer.tools import Tools
from napari_cpam_stroke.widgets.viewer.view import ViewControl

if TYPE_CHECKING:
    from napari.components import ViewerModel


class Part(Protocol):
    """What works on the layers of one case after the other."""

    def attach(self, layers: CaseLayers) -> None:
        """Work on a case."""

    def detach(self) -> None:
        """Forget it."""


class CaseScreen:
    """Puts a case on the screen of the room's viewer and takes it down again; the state's signals follow it."""

    def __init__(self, state: RoomState, *, view: ViewControl, tools: Tools, others: Sequence[Part]) -> None:
        self._state, self._view, self._tools, self._others = state, view, tools, others
        self._solid = SolidView(state)
        self._solid.said.connect(state.said)
        self._coming: CaseLayers | None = None

    @property
    def empty(self) -> bool:
        """Whether neither a case is on the screen, nor a part of one."""
        return self._state.layers is None and self._coming is None

    def putting_up(
        self, review: CaseReview, before: CaseLayers | None = None, made: ThreeLayers | None = None
    ) -> Iterator[None]:
        """Show a case step by step, in the layers of the one before where they are still there.

        Parameters
        ----------
        made
            Layers of the case, made ahead; taken where none can be reused.

        Notes
        -----
        Before the last step no case is open; `take_down` is right at any moment.
        """
        state, viewer = self._state, self._viewer
        volume, values = review.volume, state.settings.values
        layers = self._coming = CaseLayers(
            viewer, volume, review.reading, self._view.window, reuse=before, made=made, at_once=False
        )
        yield from self._view.clearing()
        yield from layers.placing()
        yield from self._view.attaching(layers, title=f"Case {volume.case_id}", warnings=volume.warnings)
        set_fill_opacity(layers.reading, values.mask_opacity)
        self._view.set_style(values.mask_style)
        yield
        self._coming, state.review, state.layers = None, review, layers
        self.watch(review)
        self._tools.attach(layers, state.cursor)
        self._solid.attach(layers)
        for part in self._others:
            part.attach(layers)
        layers.reading.events.paint.connect(self._on_paint)
        layers.reading.events.set_data.connect(self._on_refresh)
        layers.reading.events.data.connect(self._on_array)
        viewer.dims.events.current_step.connect(self._on_step)

    def take_down(self) -> CaseLayers | None:
        """Let go of the open case, or of one that is coming; return its layers, still in the viewer, None without."""
        coming, self._coming = self._coming, None
        if coming is not None:
            self._view.detach()
            return coming
        review, layers = self._state.review, self._state.layers
        if review is None or layers is None:
            return None
        for part in self._others:
            part.detach()
        for own in (self._solid, self._tools, self._view):
            own.detach()
        self.unwatch(review)
        layers.reading.events.paint.disconnect(self._on_paint)
        layers.reading.events.set_data.disconnect(self._on_refresh)
        layers.reading.events.data.disconnect(self._on_array)
        self._viewer.dims.events.current_step.disconnect(self._on_step)
        self._state.let_go()
        return layers

    def watch(self, review: CaseReview) -> None:
        """Pass on what the review says."""
        for signal, slot in self._signals(review):
            signal.connect(slot)

    def unwatch(self, review: CaseReview) -> None:
        """Undo `watch`."""
        for signal, slot in self._signals(review):
            signal.disconnect(slot)

    @property
    def _viewer(self) -> ViewerModel:
        viewer = self._state.viewer
        assert viewer is not None  # noqa: S101 - a case is put up and taken down while its viewer is there
        return viewer

    def _signals(self, review: CaseReview) -> list[tuple[SignalInstance, Callable[..., None]]]:
        return [
            (review.changed_mask, self._on_mask),
            (review.changed_labels, self._on_labels),
            (review.changed_prediction, self._on_prediction),
            (review.changed_statement, self._on_state),
            (review.dirty_changed, self._on_state),
            (review.saved, self._on_state),
        ]

    def _on_paint(self, _: object = None) -> None:
        self._state.settle()

    def _on_array(self, _: object = None) -> None:
        if self._state.layers is not None:
            self._state.layers.take_back_array()
            self._state.settle()

    def _on_refresh(self, _: object = None) -> None:
        self._state.settle_soon()

    def _on_mask(self, *_: object) -> None:
        self._state.mask_changed.emit()

    def _on_labels(self, *_: object) -> None:
        self._state.labels_changed.emit()

    def _on_state(self, *_: object) -> None:
        self._state.state_changed.emit()

    def _on_prediction(self, *_: object) -> None:
        review, layers = self._state.review, self._state.layers
        if review is not None and layers is not None:
            prediction = review.prediction
            layers.set_prediction(None if prediction is None else prediction.mask)
            layers.ai.visible = prediction is not None
        self._state.prediction_changed.emit()

    def _on_step(self, _: object = None) -> None:
        if self._state.layers is not None:
            self._state.slice_changed.emit(self._state.layers.slice_index)
