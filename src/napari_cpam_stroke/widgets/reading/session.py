"""One reading per viewer: builds the parts of the room, passes each what it needs, and leads from case to case.

For scripts (the demo uses these): `room.open_room(viewer)` gives a `ReviewSession`; then
`session.open_path(path, wait=True)`, `session.models.run(wait=True)`, `session.records.save(wait=True)`,
`session.view.set_preset("stroke")`, `session.go_to_slice(12)`, `session.close_case()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from napari_cpam_stroke.annotations import Rejection
from napari_cpam_stroke.annotations.records import Reason
from napari_cpam_stroke.config import WINDOW_PRESETS
from napari_cpam_stroke.core import CTVolume, Lesion
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.review import CaseReview
from napari_cpam_stroke.review.draft import Stored
from napari_cpam_stroke.widgets.parts.turns import Turns
from napari_cpam_stroke.widgets.reading.attention_click import AttentionClick
from napari_cpam_stroke.widgets.reading.case_keeping import CaseKeeping
from napari_cpam_stroke.widgets.reading.case_list import Worklist
from napari_cpam_stroke.widgets.reading.drafts import Drafts
from napari_cpam_stroke.widgets.reading.imported_masks import ImportedMasks
from napari_cpam_stroke.widgets.reading.kept_runs import KeptRuns
from napari_cpam_stroke.widgets.reading.left_drafts import LeftDrafts
from napari_cpam_stroke.widgets.reading.model_runs import ModelRuns
from napari_cpam_stroke.widgets.reading.opening import OpenedCase, Opener
from napari_cpam_stroke.widgets.reading.prompt_carrying import PromptCarrying
from napari_cpam_stroke.widgets.reading.prompt_engines import ENGINES, engine_choices
from napari_cpam_stroke.widgets.reading.prompt_tools import PromptTools
from napari_cpam_stroke.widgets.reading.retraining_runs import RetrainingRuns
from napari_cpam_stroke.widgets.reading.room_store import RoomStore
from napari_cpam_stroke.widgets.reading.screen import CaseScreen
from napari_cpam_stroke.widgets.reading.settings import SettingsFile
from napari_cpam_stroke.widgets.reading.state import RoomState
from napari_cpam_stroke.widgets.reading.warming import Warming
from napari_cpam_stroke.widgets.viewer import compat
from napari_cpam_stroke.widgets.viewer.case_midline import CaseMidline
from napari_cpam_stroke.widgets.viewer.comparisons import Comparisons
from napari_cpam_stroke.widgets.viewer.cross_hair import CrossHair
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers
from napari_cpam_stroke.widgets.viewer.measures import Measures
from napari_cpam_stroke.widgets.viewer.other_side import OtherSide
from napari_cpam_stroke.widgets.viewer.three_layers import ThreeLayers, new_layers
from napari_cpam_stroke.widgets.viewer.tools import Tools
from napari_cpam_stroke.widgets.viewer.turned import TurnedSeries
from napari_cpam_stroke.widgets.viewer.view import ViewControl

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_cpam_stroke.dicom import SeriesEntry

SAVE, DISCARD, CANCEL = "save", "discard", "cancel"


class ReviewSession(RoomState):
    """The state of one viewer's room together with the parts that work on it.

    Attributes
    ----------
    view, asides, imported
        How the case looks, what is shown beside it, masks that came in from files.
    tools, prompts, carrying
        How it is corrected: by hand, by pointing, by carrying a lesion to the slices beside it.
    midline, measures, other_side, cross_hair
        The fitted midline, what a reader measures, the CT mirrored in its place, and where three planes meet.
    models, attention, retraining
        Runs, what a model attends to, and making a better one.
    warming
        What is made ready before the first case.
    opener, store, worklist, records, drafts, left_drafts
        Where cases come from, where they are kept, and what a crash left of them.
    """

    def __init__(self, viewer: ViewerModel, settings: SettingsFile | None = None) -> None:
        super().__init__(viewer, settings)
        self.view = ViewControl(viewer, self)
        self.midline = CaseMidline(self)
        self.tools = Tools(midline=self.midline, parent=self)
        self.measures = Measures(midline=self.midline, parent=self)
        self.cross_hair = CrossHair(viewer, self)
        self.other_side = OtherSide(midline=self.midline, parent=self)
        self.asides = Comparisons(ai_mask=self._ai_mask, flush=self.flush, midline=self.midline, parent=self)
        self.imported = ImportedMasks(self, show_difference=self.asides.show_difference)
        self.store = RoomStore(self)
        self.worklist = Worklist(self, store=self.store)
        self.drafts = Drafts(self)
        self.records = CaseKeeping(
            self, store=self.store, worklist=self.worklist, drafts=self.drafts, may_leave=self.may_leave
        )
        self.models = ModelRuns(self, worklist=self.worklist, kept=KeptRuns(self, store=self.store))
        self.retraining = RetrainingRuns(self, store=self.store, models=self.models)
        self.attention = AttentionClick(self, models=self.models, comparisons=self.asides)
        self.prompts = PromptTools(self, viewer, tools=self.tools, models=self.models, choices=ENGINES)
        self.carrying = PromptCarrying(self.prompts, says=self.prompts.said.emit)
        others = (self.asides, self.midline, self.measures, self.other_side, self.cross_hair, self.prompts)
        self._screen = CaseScreen(self, view=self.view, tools=self.tools, others=others)
        self.opener = Opener(self, store=self.store, may_leave=self.may_leave, ahead=self._ahead)
        self.left_drafts = LeftDrafts(self, store=self.store, drafts=self.drafts, open_case=self.open_case)
        self._turns: Turns | None = None
        self.warming = Warming(self)
        self._discarded: int | None = None
        self._remember()
        self._connect()
        self.warming.start()

    def open_path(self, path: Path | str, *, wait: bool = False) -> None:
        """Open the series that a folder, DICOMDIR, zip or file proposes."""
        self.opener.open_path(Path(path))
        if wait:
            self.wait()

    def open_case(self, case_id: str, *, wait: bool = False) -> None:
        """Open a case of the worklist."""
        self.opener.open_case(case_id)
        if wait:
            self.wait()

    def show(self, volume: CTVolume, *, entry: SeriesEntry | None = None) -> None:
        """Put a volume on the screen and, in the background, fetch what is known of it."""
        for _ in self._showing(OpenedCase(volume, entry), self._clear_way()):
            pass

    def close_case(self, *, ask: bool = True) -> bool:
        """Take the case away; return False where the reader wants to stay."""
        if ask and not self.may_leave():
            return False
        self._stop_showing()
        layers = self._leave()
        if layers is not None:
            layers.remove()
            self.view.leave()
            self.case_closed.emit()
            self.said.emit("")
        return True

    def may_leave(self) -> bool:
        """Ask what to do with unsaved work; return whether the case may be left."""
        self.take_up()
        self._discarded = None
        if self.review is not None and self.review.dirty:
            self.records.wait()
        if self.review is None or not self.review.dirty:
            return True
        answer = self.ask(f"Case {self.review.case_id} has unsaved changes.", (SAVE, DISCARD, CANCEL))
        if answer == SAVE:
            return self.records.save(wait=True)
        if answer == DISCARD:
            self.drafts.discard()
            self._discarded = self.review.edits
        return answer == DISCARD

    @property
    def given_up(self) -> bool:
        """Whether the reader chose to discard the open case's unsaved work, and has not gone on working since."""
        return self.review is not None and self._discarded == self.review.edits

    def go_to_slice(self, z: int) -> None:
        """Show one native slice."""
        if self.layers is not None:
            self.layers.go_to_slice(z)

    def go_to(self, zyx: tuple[float, float, float]) -> None:
        """Show the planes through a native index (z, y, x)."""
        if self.layers is not None:
            self.layers.go_to(zyx)

    def next_finding(self, step: int) -> None:
        """Go to the next (1) or previous (-1) slice towards the head with a finding of the reading or the shown AI."""
        found = None if self.layers is None else self.layers.next_marked(step)
        if found is None:
            self.said.emit("No further slice with a finding.")
        else:
            self.go_to_slice(found)

    def reject_finding(self, lesion: Lesion, reason: Reason) -> None:
        """Turn a finding down: the reason is kept, the reading loses the finding as one undo step."""
        if self.review is not None and self.layers is not None:
            self.flush()
            self.layers.apply(self.review.reject_finding(lesion, reason))
            self.flush()

    def withdraw(self, rejection: Rejection) -> None:
        """Take a rejection back; what it erased comes back with undo."""
        if self.review is not None:
            self.review.withdraw_rejection(rejection)

    def restore(self, stored: Stored) -> None:
        """Bring a stored version back into the reading, as one undo step."""
        if self.layers is not None:
            self.layers.replace(dict(enumerate(stored.annotation.mask)))
            self.flush()
            self.said.emit(f"Version {stored.revision.number} is back in the reading; save to keep it.")

    def shut(self) -> None:
        """Let go of everything once the window is gone; unsaved strokes stay in the draft."""
        self.opener.cancel()
        self._stop_showing()
        self.warming.forget()
        self.models.cancel()
        self.records.stop()
        if self.review is not None:
            self._screen.unwatch(self.review)
        self.let_go()
        self.room_closed.emit()
        viewer = self.viewer
        if viewer is not None:
            _SESSIONS.pop(viewer, None)

    def _remember(self) -> None:
        """Begin with what the reader chose last time, and keep what is chosen from now on."""
        values = self.settings.values
        self.view.window = WINDOW_PRESETS.get(values.window, self.view.window)
        self.tools.limit(limited=values.brush_limited, hu_range=values.brush_hu)
        names = {window: name for name, window in WINDOW_PRESETS.items()}
        self.view.window_changed.connect(lambda w: w in names and self.settings.change(window=names[w]))

    def _connect(self) -> None:
        for part in (self.tools, self.prompts, self.asides, self.midline, self.measures, self.other_side):
            part.said.connect(self.said)
        self.asides.mirrored.connect(self.view.fit)
        self.other_side.changed.connect(self.view.update_letters)
        self.opener.opened.connect(self._show_opened)
        self.opener.failed.connect(lambda: self.close_case(ask=False))
        self.case_wanted.connect(self.opener.open_case)
        self.records.known.connect(self.models.begin)
        self.records.moved.connect(self._go_on_in_store)
        self.models.kept.changed.connect(self.worklist.refresh)
        self.models.listed.connect(self._offer_engines)
        for signal in (self.case_opened, self.case_closed, self.records.known):
            signal.connect(self._mark_open)

    def _offer_engines(self) -> None:
        """Let the reader choose the installed models that take prompts, too."""
        self.prompts.offer(*engine_choices(self.models.prompted, lambda: self.settings.values.device))

    def _show_opened(self, opened: OpenedCase) -> None:
        """Show a case that was read; what was done to the case before meanwhile is asked about."""
        if self.given_up or self.may_leave():
            steps, window = self._showing(opened, self._clear_way()), self.main_window()
            shown = self._turns = Turns(steps, self, before_hands_on=window)
            shown.failed.connect(self._on_not_shown)

    def _clear_way(self) -> CaseLayers | None:
        """Let go of the open case, or of one that is coming, at once: nothing can be done to it from now on."""
        self._stop_showing()
        self.warming.stop()
        return self._leave()

    def _showing(self, opened: OpenedCase, before: CaseLayers | None) -> Iterator[None]:
        """Put a case on the screen step by step, in the layers of the one before; none is open before the last."""
        self.said.emit("")
        yield
        values = self.settings.values
        review = CaseReview(opened.volume, author=values.author, blinded=values.blinded)
        yield from self._screen.putting_up(review, before, opened.layers)
        self.entry = opened.entry
        self.case_opened.emit()
        yield
        self.records.register(review)

    def _on_not_shown(self, error: Exception) -> None:
        """Leave a room without a case where napari could not show it."""
        self.close_case(ask=False)
        self.fail(error)

    def _stop_showing(self) -> None:
        if self._turns is not None:
            self._turns.cancel()
            self._turns = None

    def _ahead(self) -> Callable[[CTVolume], ThreeLayers | None]:
        """Return what a worker makes of a volume before it is shown: its layers, where none are there to show it."""
        if not self._screen.empty:
            return lambda _: None
        window = self.view.window
        return lambda volume: new_layers(TurnedSeries(volume), np.zeros(volume.shape, dtype=np.uint8), window)

    def _go_on_in_store(self) -> None:
        """Begin the open series again in another store; a case that came from the store before is closed."""
        review, entry = self.review, self.entry
        if review is not None and entry is not None:
            self.show(review.volume, entry=entry)
        else:
            self.close_case(ask=False)

    def _mark_open(self) -> None:
        """Let the worklist show the open case as its current one."""
        self.worklist.find("" if self.review is None else self.review.case_id)

    def _ai_mask(self) -> Mask | None:
        prediction, imported = self.models.prediction, self.imported.mask
        return imported if prediction is None or imported is not None else prediction.mask

    def _leave(self) -> CaseLayers | None:
        """Let go of the open case; return its layers, which are still on the screen."""
        if self.review is not None:
            self.take_up()
            self.models.leave()
            if self.given_up:
                self.drafts.discard()
            self.drafts.release()
        self._discarded = None
        return self._screen.take_down()


_SESSIONS: WeakKeyDictionary[ViewerModel, ReviewSession] = WeakKeyDictionary()


def session_of(viewer: ViewerModel) -> ReviewSession:
    """Return the session of a viewer, made at the first call."""
    own = compat.unwrapped(viewer)
    if own not in _SESSIONS:
        _SESSIONS[own] = ReviewSession(own)
    return _SESSIONS[own]


def session_with(case_id: str) -> ReviewSession | None:
    """Return the session that has a case open, or None."""
    return next((s for s in _SESSIONS.values() if s.review is not None and s.review.volume.case_id == case_id), None)
