"""The AI dock: which model on which device, run and cancel, operating points, and taking the result as a start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QGridLayout, QLabel, QProgressBar, QWidget

from napari_cpam_stroke.bundles import DEFAULT, ModelEntry
from napari_cpam_stroke.bundles.readme import render_readme
from napari_cpam_stroke.core import CLASS_NAMES
from napari_cpam_stroke.widgets.parts.controls import (
    button,
    check_box,
    drop_down,
    keep_place,
    row,
    scroll_column,
    wrapped,
)
from napari_cpam_stroke.widgets.parts.flow import Flow
from napari_cpam_stroke.widgets.parts.key_return import KeyReturn
from napari_cpam_stroke.widgets.parts.sensitivity_slider import SCALE, SensitivitySlider
from napari_cpam_stroke.widgets.parts.text_window import TextWindow
from napari_cpam_stroke.widgets.reading.finding_words import model_line
from napari_cpam_stroke.widgets.reading.moments import local_time
from napari_cpam_stroke.widgets.reading.session import ReviewSession
from napari_cpam_stroke.widgets.reading.settings_form import settings_form

if TYPE_CHECKING:
    from napari_cpam_stroke.inference import Prediction

CARD_SIZE = (760, 640)
HALF = 0.5
"""Where a slider stands until a result says otherwise."""


class ModelsDock(QWidget):
    """Runs models beside the reading."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__()
        self._session, models = session, session.models
        self.model = drop_down((), "Installed models: name, version, start of the weights' sha256")
        self.model.setAccessibleName("model")
        self._form = settings_form(session.settings.values, "device", "blinded", "run_on_open")
        self.device, self.blinded, self.on_open = (field.native for field in self._form)
        self.refresh = button("\u21bb", "Look for newly installed models", models.refresh, name="refresh")
        self.card = button("Card", "What this model was trained and judged on, and where it fails", self.show_card)
        self.run = button("Run", "Run the model; your reading is not touched", models.run, key="R")
        self.stop = button("Cancel", "Stop the model", models.cancel)
        self.progress = QProgressBar()
        self.progress.setMaximumHeight(12)
        self.progress.setTextVisible(False)
        keep_place(self.progress)
        self.state = wrapped("", name="state")
        self.sliders = {name: SensitivitySlider(name) for name in CLASS_NAMES}
        self.adopt = button(
            "Use AI as start",
            "Copy the AI mask into the reading where you have not drawn; one undo step",
            models.adopt,
            key="Shift+T",
        )
        self.explain = check_box(
            "attention on click", "A click on the picture shows what the patch there attends to  [Shift+Q]"
        )
        grid = QGridLayout()
        grid.addWidget(QLabel("sensitivity"), 0, 0)
        fewer, validated, more = SCALE
        grid.addLayout(row(fewer, None, validated, None, more), 0, 1)
        for place, name in enumerate(CLASS_NAMES):
            grid.addWidget(QLabel(name), place + 1, 0)
            grid.addWidget(self.sliders[name], place + 1, 1)
        first = row(self.model, self.refresh, self.card)
        first.setStretch(0, 1)
        scroll_column(
            self, first, row(self.device, self.run, self.stop), self.progress, self.state, grid,
            Flow(self.adopt, self.explain), Flow(self.blinded, self.on_open),
        ).addStretch(1)  # fmt: skip
        self._card_window: TextWindow | None = None
        KeyReturn(self, session.picture)
        self._connect()
        models.refresh()
        self._show_state()

    def show_card(self) -> None:
        """Show the card of the chosen model, as `cpam-stroke models show` prints it, with its pictures."""
        bundle = self._session.models.bundle()
        if bundle is None:
            return
        if self._card_window is None:
            self._card_window = TextWindow(self, title="Model card", size=CARD_SIZE)
        self._card_window.show_markdown(render_readme(bundle.card), folder=bundle.path)

    def _connect(self) -> None:
        session, models = self._session, self._session.models
        models.listed.connect(self._show_list)
        session.attention.switched.connect(self.explain.setChecked)
        models.started.connect(self._show_state)
        models.progressed.connect(self._show_progress)
        models.ended.connect(self._show_state)
        models.failed.connect(lambda _: self._show_state())
        session.prediction_changed.connect(self._show_state)
        models.kept.changed.connect(self._show_state)
        session.case_opened.connect(self._show_state)
        session.case_closed.connect(self._show_state)
        self.model.activated.connect(lambda _: models.choose(ref=self.model.currentData()))
        self._form["device"].changed.connect(lambda device: models.choose(device=device))
        self.explain.clicked.connect(lambda on: session.attention.switch(on=bool(on)))
        self._form["blinded"].changed.connect(lambda on: models.blind(on=on))
        self._form["run_on_open"].changed.connect(lambda on: session.settings.change(run_on_open=on))
        for name, slider in self.sliders.items():
            slider.valueChanged.connect(lambda value, which=name: models.set_threshold(which, value))

    def _show_list(self) -> None:
        wanted = self._session.settings.values.model
        self.model.clear()
        for entry in self._session.models.entries:
            self.model.addItem(model_line(entry), _reference(entry))
            if wanted in {_reference(entry), entry.name} and (entry.active or wanted != entry.name):
                self.model.setCurrentIndex(self.model.count() - 1)
        if not self.model.count():
            self.state.setText("No model is installed; cpam-stroke models import adds one.")

    def _show_progress(self, done: int, total: int) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)

    def _show_state(self) -> None:
        session, models = self._session, self._session.models
        open_, running = session.review is not None, models.running
        self.card.setEnabled(bool(models.entries))
        self.run.setEnabled(open_ and not running and bool(models.entries))
        self.stop.setEnabled(running)
        self.progress.setVisible(running)
        prediction = None if models.hidden else models.prediction
        self.adopt.setEnabled(prediction is not None)
        for name, slider in self.sliders.items():
            slider.setEnabled(prediction is not None)
            if name not in models.moving:
                slider.blockSignals(True)
                slider.set_own(HALF if prediction is None else prediction.own_thresholds[name])
                slider.setValue(HALF if prediction is None else prediction.thresholds[name])
                slider.blockSignals(False)
        self.state.setText(self._words(running=running, prediction=prediction))

    def _words(self, *, running: bool, prediction: Prediction | None) -> str:
        models = self._session.models
        if models.last_failure:
            return models.last_failure
        if running:
            return f"Running {self.model.currentText()} on {self.device.currentText()}..."
        if models.hidden:
            return "A result is there, hidden until you reveal it."
        if prediction is None:
            return "Not run on this case."
        since = models.kept.since(prediction)
        if since is None:
            return f"Shown: {model_line(prediction.model, prediction.device)}"
        return f"Shown: {model_line(prediction.model)}, kept {local_time(since)}"


def _reference(entry: ModelEntry) -> str:
    return entry.name if entry.name == DEFAULT else f"{entry.name}@{entry.version}"
