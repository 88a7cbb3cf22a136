"""Everything that is judged by simulated readers: a model that listens to prompts, and what it has to beat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from cpam_train.data.robot_brush import CLUMSY_BRUSH
from cpam_train.evaluation.automatic_start import AutomaticStart
from cpam_train.evaluation.brush_reading import paint_store
from cpam_train.evaluation.progress import ProgressBar
from cpam_train.evaluation.prompt_baselines import FilledBox, GrowTool
from cpam_train.evaluation.prompt_reading import CORRECTING, read_store
from cpam_train.evaluation.prompt_record import BRUSH, Reading, read_readings, write_readings
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.records import Split
from napari_cpam_stroke.inference.predictor import Predictor
from napari_cpam_stroke.prompting import PromptEngine, RandomWalkerEngine


@dataclass(frozen=True)
class PromptJudgement:
    """Readings of a split, a table for each engine; one that is in the folder already is not made again."""

    store: AnnotationStore
    split: Split
    folder: Path
    progress_bar: ProgressBar

    def from_nothing(self, engine: PromptEngine, others: Iterable[PromptEngine] = ()) -> list[Reading]:
        """Return how readers did who begin with an empty slice: an engine, what needs no model, others, a brush."""
        engines = (engine, RandomWalkerEngine(), GrowTool(), FilledBox(), *others)
        tables = [self._table(each.name, partial(read_store, each, self.store)) for each in engines]
        return [*chain(*tables), *self._table(BRUSH, partial(paint_store, self.store))]

    def from_model(self, engine: PromptEngine, automatic: Predictor) -> list[Reading]:
        """Return how readers did who begin with what a model drew by itself."""
        starts = AutomaticStart(automatic, self.store)
        after = f" after {starts.model}"
        tables = [
            self._table(each.name + after, partial(read_store, each, self.store, manners=CORRECTING, starts=starts))
            for each in (engine, RandomWalkerEngine())
        ]
        painted = partial(paint_store, self.store, brushes=(CLUMSY_BRUSH,), starts=starts)
        return [*chain(*tables), *self._table(BRUSH + after, painted)]

    def _table(self, title: str, read: Callable[..., Iterator[Reading]]) -> list[Reading]:
        """Return a table by its title; `read` takes a split and something that shows how far it is."""
        file = self.folder / f"{title.replace(', ', '-').replace(' ', '-')}.csv"
        if not file.is_file():
            with self.progress_bar(f"reading with {title}") as progress:
                write_readings(file, read(split=self.split, progress=progress))
        return read_readings(file)
