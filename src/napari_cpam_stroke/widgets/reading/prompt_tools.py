"""The prompt tools: which one has the mouse, and when it has to let it go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.prompting import Prompt, PromptKind
from napari_cpam_stroke.widgets.reading.model_runs import ModelRuns
from napari_cpam_stroke.widgets.reading.prompt_answers import EngineChoice
from napari_cpam_stroke.widgets.reading.prompted_reading import PromptedReading
from napari_cpam_stroke.widgets.reading.state import RoomState
from napari_cpam_stroke.widgets.viewer.gestures import Gestures
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers
from napari_cpam_stroke.widgets.viewer.tools import NOTHING_HERE, Tools

if TYPE_CHECKING:
    from napari.components import ViewerModel

ESCAPE = "Escape"
POINTING_MODE = "pan_zoom"
"""napari's mode in which the left button draws nothing."""

IN_PLANE = "Prompts are given on axial slices; F7 goes there."
HOW = "left adds, right or Shift takes away, Esc ends"


class PromptTools(QObject):
    """The tools of one room.

    Parameters
    ----------
    choices
        The engines to choose from; the first is taken.

    Attributes
    ----------
    reading
        What the prompts do to the open case.

    Signals
    -------
    said
        One sentence to the reader.
    changed
        Another tool or engine is chosen.
    """

    said = Signal(str)
    changed = Signal()

    def __init__(
        self,
        state: RoomState,
        viewer: ViewerModel,
        *,
        tools: Tools,
        models: ModelRuns,
        choices: Sequence[EngineChoice],
    ) -> None:
        super().__init__(state)
        self._tools = tools
        self.choices = tuple(choices)
        self._wanted = ""
        self.reading = PromptedReading(state, models=models, choice=self.choices[0])
        self.reading.said.connect(self.said)
        self._gestures = Gestures(viewer, allowed=self.allowed, parent=self)
        self._gestures.drawing.connect(self._on_drawing)
        self._gestures.drawn.connect(self._on_drawn)
        tools.pointing = lambda: self.kind is not None
        state.slice_changed.connect(self._prepare)

    @property
    def kind(self) -> PromptKind | None:
        """The tool that is on."""
        return self._gestures.kind

    @property
    def label(self) -> LesionClass:
        """The class that is drawn."""
        return LesionClass(self._tools.label)

    def attach(self, layers: CaseLayers) -> None:
        """Work on a case."""
        self.reading.attach(layers)
        self._gestures.attach(layers)
        for event in (layers.turned_to, layers.reading.events.mode, layers.active_changed):
            event.connect(self._on_view)

    def detach(self) -> None:
        """Forget the case; no tool is on any more."""
        self.stop()
        layers = self.reading.layers
        self._gestures.detach()
        self.reading.detach()
        if layers is not None:
            for event in (layers.turned_to, layers.reading.events.mode, layers.active_changed):
                event.disconnect(self._on_view)

    def take(self, kind: PromptKind) -> None:
        """Point with a tool from now on; the same again goes back to napari's own."""
        layers = self.reading.layers
        if self.kind is kind:
            self.stop()
        elif self._tools.allowed() and layers is not None:
            layers.hold(layers.reading)
            layers.reading.mode = POINTING_MODE
            layers.reading.bind_key(ESCAPE, lambda _: self.stop(), overwrite=True)
            self._gestures.take(kind)
            self._prepare(layers.slice_index)
            self.said.emit(f"{kind.value}: {HOW}.")
            self.changed.emit()

    def stop(self) -> None:
        """Leave the mouse to napari again."""
        layers = self.reading.layers
        if self.kind is not None and layers is not None:
            layers.reading.bind_key(ESCAPE, None)
            self._gestures.take(None)
            self.reading.drop_preview()
            self.said.emit("")
            self.changed.emit()

    def choose(self, choice: EngineChoice) -> None:
        """Ask another engine from now on: the reader wants it."""
        self._wanted = choice.name
        self._use(choice)

    def _use(self, choice: EngineChoice) -> None:
        self.reading.forget_asked()
        self.reading.answers.choose(choice)
        if self.reading.layers is not None:
            self._prepare(self.reading.layers.slice_index)
        self.changed.emit()

    def offer(self, *choices: EngineChoice) -> None:
        """Let the reader choose from other engines; the chosen one stays where it is among them, else the first is."""
        self.choices = choices
        best = next((choice for choice in choices if choice.name == self._wanted), choices[0])
        if self.reading.answers.choice.name != best.name:
            self._use(best)
        self.changed.emit()

    def keep(self) -> None:
        """Keep the component under the cursor from prompts, or let them change it again."""
        at, sitting = self._tools.cursor(), self.reading.sitting
        kept = None if sitting is None or at is None else sitting.kept.toggle(at)
        words = {None: NOTHING_HERE, True: "Kept: prompts leave it alone.", False: "Prompts may change it again."}
        self.said.emit(words[kept])

    def allowed(self) -> bool:
        """Return whether a prompt can be given here; else say why not."""
        layers = self.reading.layers
        if not self._tools.allowed() or layers is None:
            return False
        if not layers.axial:
            self.said.emit(IN_PLANE)
        return layers.axial

    def _on_drawing(self, prompt: Prompt) -> None:
        self.reading.preview(prompt, self.label)

    def _on_drawn(self, prompt: Prompt) -> None:
        self.reading.add(prompt, self.label)

    def _on_view(self, _: object = None) -> None:
        """Look once napari has told everyone: a layer that is just being made is the active one for a moment."""
        QTimer.singleShot(0, self._follow_view)

    def _follow_view(self) -> None:
        """End where nothing would show, or where the reader took another tool of napari."""
        layers = self.reading.layers
        if self.kind is None or layers is None:
            return
        if not layers.flat or str(layers.reading.mode) != POINTING_MODE or layers.active is not layers.reading:
            self.stop()
            if not layers.flat:
                self._tools.allowed()

    def _prepare(self, z: int) -> None:
        layers = self.reading.layers
        if self.kind is not None and layers is not None:
            self.reading.answers.prepare(layers.volume, z)
