"""Retraining from the room: one at a time for a store, in a process that goes on when the window is closed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cpam_stroke.bundles import Registry
from napari_cpam_stroke.bundles.card import check_name
from napari_cpam_stroke.bundles.registry import refuse_bundled
from napari_cpam_stroke.errors import BundleError, CpamError, InputError
from napari_cpam_stroke.retraining import (
    Comparison,
    Lessons,
    Request,
    State,
    WorkFolder,
    lessons_of,
    newest_for,
    require_trainer,
)
from napari_cpam_stroke.retraining.request import settings_in
from napari_cpam_stroke.widgets.parts.background import Job, sentence
from napari_cpam_stroke.widgets.reading.model_runs import ModelRuns
from napari_cpam_stroke.widgets.reading.room_store import RoomStore
from napari_cpam_stroke.widgets.reading.state import RoomState

LOOK_MS = 1000
"""How often the folder of a retraining is looked at."""


class RetrainingRuns(QObject):
    """The retraining of the store in use, or one of a folder that somebody else trains.

    Attributes
    ----------
    lessons
        What there is to learn from; None until it was counted.
    folder, now, comparison
        The retraining that is shown, where it stands, and old against new once that was compared; None without.
    problem, missing
        Why the last wish was not done, and what to install before anything can be trained; empty where all is well.

    Signals
    -------
    counted
        `lessons` are others.
    changed
        Anything else is.
    """

    counted = Signal()
    changed = Signal()

    def __init__(self, state: RoomState, *, store: RoomStore, models: ModelRuns) -> None:
        super().__init__(state)
        self._state, self._store, self._models = state, store, models
        self.lessons: Lessons | None = None
        self.folder: WorkFolder | None = None
        self.now: State | None = None
        self.comparison: Comparison | None = None
        self.problem = self.missing = ""
        self._begun_for = self._counted_for = ""
        self._job: Job | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        state.room_closed.connect(self._timer.stop)

    @property
    def busy(self) -> bool:
        """Whether a wish is being done."""
        return self._job is not None and self._job.running

    @property
    def in_use(self) -> bool:
        """Whether the model that was taken is the one the room uses."""
        return self.now is not None and bool(self.now.taken) and self.now.taken == self._state.settings.values.model

    def begin(self) -> None:
        """Look for the retraining of the store in use, and watch it from now on; count what there is to learn from."""
        if not self._timer.isActive():
            self._timer.start()
        self.missing = _what_is_missing()
        self.count()
        self._find()

    def count(self) -> None:
        """Count what there is to learn from."""
        self._counted_for = self._state.settings.values.model
        store, bundle = self._store.open(), self._models.bundle()
        if store is None or bundle is None:
            return
        card = bundle.card
        job = Job(lambda *_: lessons_of(store, model=f"{card.name} {card.version}", created=card.created), self)
        job.done.connect(self._on_counted)
        job.failed.connect(self._fail)

    def start(self) -> None:
        """Start a retraining as the settings say."""
        values = self._state.settings.values
        try:
            check_name(values.train_name)
            refuse_bundled(values.train_name)
            request = Request(
                values.store_location,
                values.model,
                values.train_name,
                values.train_preset,
                settings_in(values.train_settings),
            )
        except CpamError as error:
            self._fail(error)
            return
        self._do(partial(_started, request), self._show)

    def stop(self) -> None:
        """Ask what is under way to end; a training can go on later."""
        if self.folder is not None:
            self._do(self.folder.stop)

    def resume(self) -> None:
        """Go on with a training that was stopped."""
        if self.folder is not None:
            self.comparison = None
            self._do(self._checked(self.folder.begin))

    def compare(self) -> None:
        """Compare the trained model with the one it would follow, on the frozen test set."""
        if self.folder is not None:
            self.comparison = None
            self._do(self._checked(partial(self.folder.compare, *self._place(self.folder))))

    def take(self, *, insist: str = "") -> None:
        """Publish the trained model and use it.

        Parameters
        ----------
        insist
            Why it is taken though it is not shown to be better; empty: only if it is.
        """
        if self.folder is not None:
            take, before = self.folder.take, self._state.settings.values.model
            self._do(self._checked(partial(take, *self._place(self.folder), insist=insist, before=before)))

    def roll_back(self) -> None:
        """Use the model again that was in use before the new one was taken."""
        if self.now is not None and self.in_use:
            self._do(partial(_rolled_back, self.now.taken, self.now.before), self._use)

    def watch(self, path: Path) -> None:
        """Show the retraining of a folder, whoever trains it."""
        self._do(lambda: WorkFolder.watch(path).catch_up(), self._show)

    def _find(self) -> None:
        """Look for the retraining of the store in use, unless it was looked for."""
        address = self._state.settings.values.store_location
        if address != self._begun_for and not self.busy:
            self._begun_for = address
            self._do(lambda: _found(address), self._show)

    def _place(self, folder: WorkFolder) -> tuple[str, str]:
        """Return the store and the name that a folder's model is judged on and gets."""
        if folder.request is not None:
            return folder.request.store, folder.request.name
        values = self._state.settings.values
        return values.store_location, values.train_name

    def _checked(self, wish: Callable[[], object]) -> Callable[[], object]:
        """Return a wish that is refused where the trainer cannot be started."""

        def do() -> object:
            require_trainer()
            return wish()

        return do

    def _do(self, wish: Callable[[], object], done: Callable[[object], object] | None = None) -> None:
        """Do a wish off the window's thread, one at a time; then look where the retraining stands."""
        if self.busy:
            return
        self.problem = ""
        job = self._job = Job(lambda *_: wish(), self)
        if done is not None:
            job.done.connect(done)
        job.failed.connect(self._fail)
        job.ended.connect(self._look)
        self.changed.emit()

    def _show(self, folder: object) -> None:
        """Show another retraining, or none."""
        self.folder = folder if isinstance(folder, WorkFolder) else None
        self.now = self.comparison = None
        self.changed.emit()

    def _look(self) -> None:
        """See where the retraining stands, and begin the step that comes next by itself."""
        if self.busy:
            return
        if self._counted_for != self._state.settings.values.model:
            self.count()
        self._find()
        if self.folder is None or self.busy:
            return
        before, self.now = self.now, self.folder.look()
        self._read_comparison()
        if before is not None and before.phase != "taken" and self.now.phase == "taken":
            self._use(self.now.taken)
        if before != self.now:
            self.changed.emit()
        if self.problem or self.missing:
            return
        if self.now.phase == "searched":
            self.resume()
        elif self.now.phase == "trained":
            self.compare()

    def _read_comparison(self) -> None:
        if self.folder is None or self.now is None or not self.now.compared or self.comparison is not None:
            return
        try:
            self.comparison = self.folder.comparison()
        except InputError as error:
            self._fail(error)

    def _use(self, model: object) -> None:
        """Let the room use another installed model."""
        self._models.choose(ref=str(model))
        self._models.refresh()
        self.count()
        self.changed.emit()

    def _on_counted(self, lessons: Lessons) -> None:
        self.lessons = lessons
        self.counted.emit()

    def _fail(self, error: BaseException) -> None:
        self.problem = sentence(error)
        self._state.fail(error)
        self.changed.emit()


def _what_is_missing() -> str:
    try:
        require_trainer()
    except InputError as error:
        return str(error)
    return ""


def _found(address: str) -> WorkFolder | None:
    folder = newest_for(address)
    return None if folder is None else folder.catch_up()


def _started(request: Request) -> WorkFolder:
    """Start a retraining.

    Raises
    ------
    InputError
        If the trainer cannot be started, or one of the store is under way.
    """
    require_trainer()
    before = newest_for(request.store)
    if before is not None and before.look().running:
        raise InputError("A training of this store is under way", remedy="stop it first, or wait for its end")
    folder = WorkFolder.create(request)
    folder.begin()
    return folder


def _rolled_back(taken: str, before: str) -> str:
    """Let the name of a model lead to its version before, where it has one; return the model that was in use."""
    name, _, version = taken.partition("@")
    registry = Registry()
    if registry.resolve(name).card.version == version:
        with suppress(BundleError):  # the first of its name has none before
            registry.rollback(name)
    return before
