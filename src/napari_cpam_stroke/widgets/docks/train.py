"""The Train dock: what there is to learn, a training in a process of its own, old against new, taking the better."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QEvent, QTimer
from qtpy.QtWidgets import QDockWidget, QFileDialog, QLineEdit, QProgressBar, QWidget

from napari_cpam_stroke.retraining import Comparison, State
from napari_cpam_stroke.widgets.docks.outcome import Outcome
from napari_cpam_stroke.widgets.parts.controls import button, row, scroll_column, spread, wrapped
from napari_cpam_stroke.widgets.parts.flow import Flow
from napari_cpam_stroke.widgets.parts.key_return import KeyReturn
from napari_cpam_stroke.widgets.parts.training_curve import TrainingCurve
from napari_cpam_stroke.widgets.reading.retraining_words import ASK_WHY, lessons_words, state_words
from napari_cpam_stroke.widgets.reading.session import ReviewSession
from napari_cpam_stroke.widgets.reading.settings_form import settings_form

BAR_STEPS = 1000
SEEN_MS = 300
"""After it came to the front: docks are in front before others are put there."""

COUNTING = "Counting what there is to learn from..."


class TrainDock(QWidget):
    """Retrains without leaving the room."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__()
        self._session, runs = session, session.retraining
        self._runs = runs
        self.lessons = wrapped(COUNTING, name="lessons")
        self._form = settings_form(session.settings.values, "train_preset", "train_name", "train_settings")
        self.preset, self.name, self.settings = (field.native for field in self._form)
        self.settings.setPlaceholderText("as the preset; or epochs=20 ...")
        self.start = button("Start", "Train a new model from the one chosen in AI models", runs.start)
        self.stop = button("Stop", "End after the step it is at; a training can be resumed", runs.stop)
        self.resume = button("Resume", "Go on with the training that was stopped", runs.resume)
        self.compare = button("Compare", "Old against new on the test cases, once more", runs.compare)
        self.other = button("Folder...", "Show the run of a folder, whoever trains it", self.ask_for_folder)
        self.progress = QProgressBar()
        self.progress.setMaximumHeight(12)
        self.progress.setTextVisible(False)
        self.state = wrapped("", name="state")
        self.curve = TrainingCurve()
        self.why = QLineEdit()
        self.why.setAccessibleName("why it is taken all the same")
        self.why.setPlaceholderText("why take it all the same?")
        self.why.setToolTip(ASK_WHY)
        self.take = button("Take it", "Install the new model and use it", self._take)
        self.back = button("Roll back", "Use the model again that was in use before", runs.roll_back)
        self.outcome = Outcome(self.why, Flow(*spread(self.take, self.back)))
        scroll_column(
            self, self.lessons, row("preset", self.preset), row("name", self.name), row("settings", self.settings),
            Flow(*spread(self.start, self.stop, self.resume, self.compare, self.other)),
            self.progress, self.state, self.curve, self.outcome,
        ).addStretch(1)  # fmt: skip
        KeyReturn(self, session.picture)
        self._seen = QTimer(self)
        self._seen.setSingleShot(True)
        self._seen.setInterval(SEEN_MS)
        self._seen.timeout.connect(runs.begin)
        self._connect()
        self._show()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Look for a retraining whenever the dock it was put into comes to the front."""
        super().changeEvent(event)
        dock = self.parentWidget()
        if event.type() == QEvent.Type.ParentChange and isinstance(dock, QDockWidget):
            dock.visibilityChanged.connect(self._on_front)

    def ask_for_folder(self) -> None:
        """Let the reader choose the folder of a run."""
        chosen = QFileDialog.getExistingDirectory(
            self, "Folder of a training", self._session.settings.values.last_folder
        )
        if chosen:
            self._runs.watch(Path(chosen))

    def _connect(self) -> None:
        session, runs = self._session, self._runs
        for name in ("train_preset", "train_name", "train_settings"):
            self._form[name].changed.connect(lambda value, which=name: session.settings.change(**{which: value}))
        runs.counted.connect(self._show_lessons)
        runs.changed.connect(self._show)
        session.records.state_changed.connect(self._count)
        session.models.listed.connect(self._count)
        self.outcome.opened.connect(session.open_case)
        self.why.textChanged.connect(lambda _: self._show_choices())

    def _on_front(self, on: bool) -> None:
        if on:
            self._seen.start()
        else:
            self._seen.stop()

    def _count(self) -> None:
        if not self.visibleRegion().isEmpty():
            self._runs.count()

    def _take(self) -> None:
        self._runs.take(insist=self.why.text().strip())

    def _show_lessons(self) -> None:
        lessons = self._runs.lessons
        self.lessons.setText(COUNTING if lessons is None else lessons_words(lessons))

    def _show(self) -> None:
        now = self._runs.now
        runs = self._runs
        self.state.setText(runs.problem or (runs.missing if now is None else "") or state_words(now))
        self._show_progress(now)
        epochs = () if now is None else now.standing.curve
        self.curve.setVisible(bool(epochs) and self._runs.comparison is None)
        self.curve.show_epochs(epochs, of=0 if now is None else now.standing.epochs)
        self.outcome.show_comparison(self._runs.comparison)
        self._show_choices()

    def _show_progress(self, now: State | None) -> None:
        running = now is not None and now.running
        self.progress.setVisible(running)
        if now is None or not running:
            return
        done, total = _steps(now)
        self.progress.setRange(0, total)
        self.progress.setValue(done)

    def _show_choices(self) -> None:
        """Enable what can be done now."""
        runs, now = self._runs, self._runs.now
        free, running = not runs.busy, now is not None and now.running
        self.start.setVisible(not running)
        self.start.setEnabled(free and not runs.missing)
        self.stop.setVisible(running)
        self.stop.setEnabled(free)
        self.resume.setEnabled(free and now is not None and now.can_resume)
        self.compare.setEnabled(free and now is not None and not running and _judged(now))
        shown, comparison = runs.comparison is not None, runs.comparison
        insists = shown and not _is_shown(comparison)
        done = now is not None and bool(now.taken)
        self.why.setVisible(insists and not done)
        allowed = not insists or bool(self.why.text().strip())
        self.take.setEnabled(free and shown and not running and not done and allowed)
        self.back.setEnabled(free and runs.in_use)


def _steps(now: State) -> tuple[int, int]:
    """Return steps done and steps in all for a bar; both 0 while nobody can tell."""
    if now.phase == "training":
        return round(now.standing.done * BAR_STEPS), BAR_STEPS
    told = now.told or {}
    if now.phase in {"comparing", "taking"} and "total" in told:
        return int(told["done"]), int(told["total"])
    return 0, 0


def _judged(now: State) -> bool:
    """Whether there is a trained model to compare."""
    return now.standing.best_epoch > 0 and not now.taken


def _is_shown(comparison: Comparison | None) -> bool:
    return comparison is not None and comparison.shown
