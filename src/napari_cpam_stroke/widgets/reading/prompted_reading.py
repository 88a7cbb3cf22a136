"""What prompts do to the open reading: each is asked about in turn, and drawn as one step of undo."""

from __future__ import annotations

from collections import deque

from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.core.arrays import Mask, Region
from napari_cpam_stroke.core.editing import Edit
from napari_cpam_stroke.errors import CpamError
from napari_cpam_stroke.prompting import Prompt
from napari_cpam_stroke.prompting.sitting import Asked, Sitting
from napari_cpam_stroke.prompting.used import ENGINE_LENGTH, JOIN
from napari_cpam_stroke.widgets.parts.background import sentence
from napari_cpam_stroke.widgets.reading.model_runs import ModelRuns
from napari_cpam_stroke.widgets.reading.prompt_answers import EngineChoice, PromptAnswers
from napari_cpam_stroke.widgets.reading.state import RoomState
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers
from napari_cpam_stroke.widgets.viewer.prompt_marks import PromptMarks
from napari_cpam_stroke.widgets.viewer.undo_watch import UndoWatch


class PromptedReading(QObject):
    """The prompts of the open case, their answers, and their marks in the picture.

    Attributes
    ----------
    sitting, layers
        Of the open case; None without one.

    Signals
    -------
    said
        One sentence to the reader.
    adding
        A prompt on a slice will be asked about now.
    """

    said = Signal(str)
    adding = Signal(int)

    def __init__(self, state: RoomState, *, models: ModelRuns, choice: EngineChoice) -> None:
        super().__init__(state)
        self._state, self._models = state, models
        self.answers = PromptAnswers(choice, self)
        self.sitting: Sitting | None = None
        self.layers: CaseLayers | None = None
        self._marks: PromptMarks | None = None
        self._waiting: deque[tuple[Prompt, LesionClass]] = deque()
        self._asked: Asked | None = None
        self._engines: dict[str, None] = {}
        self._watch = UndoWatch(self)
        self._watch.undone.connect(self._on_undone)
        self._watch.redone.connect(self._on_redone)
        state.case_refreshed.connect(self._begin_again)

    @property
    def working(self) -> bool:
        """Whether an answer is awaited."""
        return self._asked is not None

    def attach(self, layers: CaseLayers) -> None:
        """Work on a case, on which nothing was pointed at yet."""
        self.layers, self._marks = layers, PromptMarks(layers)
        self._watch.attach(layers)
        self._begin_again()

    def detach(self) -> None:
        """Forget the case, its prompts and what is asked about it."""
        self.forget_asked()
        self._watch.detach()
        self.sitting = self.layers = self._marks = None

    def add(self, prompt: Prompt, lesion_class: LesionClass) -> None:
        """Ask about a prompt, after those before it; a model that runs in the background gives way."""
        self.drop_preview()
        self._models.cancel()
        self.adding.emit(prompt.slice_index)
        self._waiting.append((prompt, lesion_class))
        self._ask_next()

    def apply(self, edit: Edit) -> None:
        """Draw what prompts made, as one step of undo."""
        if self.layers is not None:
            self._engines[self.answers.choice.name] = None
            self.layers.apply(edit)
            self.said.emit(f"{edit.voxels} voxels changed." if edit.voxels else "Nothing to change.")
            self._show()

    def preview(self, prompt: Prompt, lesion_class: LesionClass) -> None:
        """Show what is being drawn, and ask what it would make."""
        if self.sitting is None or self._marks is None:
            return
        self._marks.show_preview(outline=prompt)
        try:
            asked = self._question(self.sitting, prompt, lesion_class)
        except CpamError:
            return  # said when the prompt is whole
        self.answers.preview(asked.request, lambda answer: self._on_previewed(prompt, answer))

    def show_contour(self, z: int, region: Region | None) -> None:
        """Outline a region (Y, X) on a slice that nobody drew yet; None takes the outline away."""
        if self._marks is not None:
            self._marks.show_preview(contour=None if region is None else (z, region))

    def drop_preview(self) -> None:
        """Take away what was shown of a gesture, or proposed."""
        self.answers.drop_previews()
        if self._marks is not None:
            self._marks.show_preview()

    def forget_asked(self) -> None:
        """Drop every prompt that is not answered yet."""
        self._waiting.clear()
        self._asked = None
        self.answers.stop()

    def probabilities(self, z: int, lesion_class: LesionClass) -> Mask | None:
        """Return what the model that was run says of a class on a slice, uint8 (Y, X); None where none is shown."""
        prediction = self._models.prediction
        if prediction is None or not 0 <= z < len(prediction.mask):
            return None
        return prediction.probabilities[int(lesion_class) - 1, z]

    def _begin_again(self) -> None:
        """Forget the prompts: another reading was put in the place of theirs."""
        if self.layers is not None:
            self.forget_asked()
            self._engines = {}
            self.sitting = Sitting(self.layers.volume, self.layers.reading_mask)
            self._mark()

    def _question(self, sitting: Sitting, prompt: Prompt, lesion_class: LesionClass) -> Asked:
        return sitting.ask(prompt, lesion_class, self.probabilities(prompt.slice_index, lesion_class))

    def _ask_next(self) -> None:
        while self._asked is None and self._waiting and self.sitting is not None:
            try:
                self._ask(self._question(self.sitting, *self._waiting.popleft()))
            except CpamError as error:
                self.said.emit(sentence(error))

    def _ask(self, asked: Asked) -> None:
        self._asked = asked
        self.answers.ask(
            lambda engine, _: engine.answer(asked.request),
            lambda answer: self._on_answer(asked, answer),
            lambda error: self._on_refused(asked, error),
        )

    def _on_answer(self, asked: Asked, answer: Region) -> None:
        if asked is not self._asked or self.sitting is None:
            return
        self._asked = None
        if self.sitting.stands(asked):
            self.apply(self.sitting.take(asked, answer))
        self._ask_next()

    def _on_refused(self, asked: Asked, error: Exception) -> None:
        if asked is self._asked:
            self._asked = None
            self.said.emit(sentence(error))
            self._ask_next()

    def _on_previewed(self, prompt: Prompt, answer: Region) -> None:
        if self._marks is not None:
            self._marks.show_preview(outline=prompt, contour=(prompt.slice_index, answer))

    def _on_undone(self) -> None:
        if self.sitting is not None and self.sitting.undone():
            self._show()

    def _on_redone(self) -> None:
        if self.sitting is not None and self.sitting.redone():
            self._show()

    def _show(self) -> None:
        """Mark the prompts that stand; the record of the reading follows them."""
        self._mark()
        if self._state.review is not None and self.sitting is not None:
            engines = JOIN.join(self._engines)[:ENGINE_LENGTH]
            self._state.review.note_prompts(self.sitting.used(engines))

    def _mark(self) -> None:
        if self.sitting is not None and self._marks is not None:
            self._marks.show_prompts([prompt for lesion in self.sitting.lesions for prompt in lesion.prompts])
