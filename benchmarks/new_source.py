"""What corrected cases of a hospital are worth to a model that has not seen it: begun from that model, and from chance.

Run: python benchmarks/new_source.py STORE OUT [--source teknofest] [--cases 5,10,20,40] [--seeds 3]
STORE is one into which everything was imported with --no-split; the first call gives every patient a split. The same
command goes on where it stopped, and prints the table of docs/learning-curve.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from rich.console import Console

from cpam_train.config import StartConfig, TrainConfig
from cpam_train.data.split_assignment import assign_splits
from cpam_train.evaluation.model import opened_model
from cpam_train.evaluation.run import evaluate_model
from cpam_train.evaluation.summary import case_dice
from cpam_train.fitting.fit import fit_to_the_end
from cpam_train.fitting.slice_batches import SliceLoaders
from cpam_train.metrics.bootstrap import Estimate, paired_difference
from cpam_train.presets import build_train_config
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.files import read_json, write_whole

CORRECTABLE = 40
"""Patients of the new source from whom corrected cases are drawn; all others of it judge."""

OLD_FRACTIONS = (0.7, 0.15, 0.15)
WARM_RATE = 3e-4
FIGURES = "figures.json"
NEW, OLD = "ischemia", "hemorrhage"
"""Which class tells most of the new source, and of the old ones."""

Begun = Literal["warm", "from chance"]

SETTINGS = (
    "preprocess.size=128",
    "data.workers=0",
    "stop.patience=1000",
    "epochs=1000",
)


@dataclass(frozen=True)
class Dice:
    """Of one model, by case: the patient and the Dice."""

    new: dict[str, tuple[str, float]]
    old: dict[str, tuple[str, float]]


@dataclass(frozen=True)
class Experiment:
    """Where it is done, and with how much."""

    store: AnnotationStore
    out: Path
    source: str
    base: TrainConfig
    steps: int

    def in_use(self) -> Dice:
        """Return what the model does that was never shown the source."""
        return self._done("base", replace(self.base, data=replace(self.base.data, leave_out=(self.source,))))

    def corrected(self, begun: Begun, cases: int, seed: int) -> Dice:
        """Return what a model does that was shown so many cases of it as well."""
        data = replace(
            self.base.data, only_cases=tuple(self._drawn(cases, seed)), new_sources=(self.source,), replay_share=0.5
        )
        config = replace(self.base, data=data, seed=seed, max_steps=self.steps)
        if begun == "warm":
            config = replace(
                config,
                optim=replace(config.optim, lr=WARM_RATE),
                start=StartConfig(model=str(self.out / "base")),
            )
        return self._done(f"{begun.replace(' ', '-')}-{cases}-{seed}", config)

    def _drawn(self, cases: int, seed: int) -> Iterator[str]:
        """Yield the old training cases, and one case of each of so many patients of the new source."""
        training = self.store.cases(split="train")
        yield from (record.case_id for record in training if record.source != self.source)
        rng = np.random.default_rng(seed)
        theirs = sorted({record.patient_id for record in training if record.source == self.source})
        for patient in rng.permutation(theirs)[:cases]:
            yield str(rng.choice(sorted(record.case_id for record in training if record.patient_id == patient)))

    def _done(self, name: str, config: TrainConfig) -> Dice:
        folder = self.out / name
        if not (folder / FIGURES).is_file():
            console = Console()
            console.print(name)
            fit_to_the_end(config, partial(SliceLoaders, self.store), folder, console=console, purpose="experiment")
            write_whole(folder / FIGURES, json.dumps(self._judged(folder)) + "\n")
        return Dice(**read_json(folder / FIGURES))

    def _judged(self, folder: Path) -> dict[str, dict[str, tuple[str, float]]]:
        others = sorted({record.source for record in self.store.cases(split="test")} - {self.source})
        judged = {}
        with opened_model(folder) as predictor:
            for part, sources, lesion in (("new", (self.source,), NEW), ("old", others, OLD)):
                results = evaluate_model(predictor, self.store, sources=sources).results[lesion]
                known = ((each, case_dice(each)) for each in results)
                judged[part] = {each.case_id: (each.patient_id, dice) for each, dice in known if dice is not None}
        return judged


def place(store: AnnotationStore, source: str) -> None:
    """Give every patient a split: of the new source some can be corrected and the others judge, as some of the old."""
    theirs = sorted({r.patient_id for r in store.cases() if r.source == source and r.split is None})
    if theirs:
        mixed = [str(patient) for patient in np.random.default_rng(0).permutation(theirs)]
        for n, patient in enumerate(mixed):
            store.set_split(patient, "train" if n < CORRECTABLE else "test")
    assign_splits(store, fractions=OLD_FRACTIONS)


def difference(models: Sequence[dict[str, tuple[str, float]]], first: dict[str, tuple[str, float]]) -> Estimate:
    """Return the mean of several models minus the first, case by case, with its interval over patients."""
    cases = list(first)
    mean = [float(np.mean([model[case][1] for model in models])) for case in cases]
    return paired_difference(mean, [first[case][1] for case in cases], [first[case][0] for case in cases])


def line(words: str, models: Sequence[Dice], first: Dice) -> str:
    """Return one row of the table."""
    cells = []
    for part in ("new", "old"):
        own, known = [getattr(model, part) for model in models], getattr(first, part)
        means = [np.mean([dice for _, dice in model.values()]) for model in own]
        each = f" ({', '.join(f'{mean:.3f}' for mean in means)})" if len(means) > 1 else ""
        cells += [f"{np.mean(means):.3f}{each}", "" if models == [first] else f"{difference(own, known)}"]
    return f"| {words} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--source", default="teknofest")
    parser.add_argument("--cases", default="10,40,5,20", help="Numbers of corrected cases, in the order of the work.")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--config", type=Path, default=Path(__file__).parents[1] / "configs" / "bundled.json")
    parser.add_argument("--base-steps", type=int, default=4000)
    parser.add_argument("--steps", type=int, default=600)
    options = parser.parse_args()
    base = build_train_config(
        "segmenter", file=options.config, overrides=(*SETTINGS, f"max_steps={options.base_steps}")
    )
    numbers = [int(word) for word in options.cases.split(",")]
    with AnnotationStore.open(options.store, create=False) as store:
        place(store, options.source)
        experiment = Experiment(store, options.out, options.source, base, options.steps)
        first = experiment.in_use()
        found: dict[tuple[int, Begun], list[Dice]] = {}
        for cases, seed, begun in product(numbers, range(options.seeds), get_args(Begun)):
            found.setdefault((cases, begun), []).append(experiment.corrected(begun, cases, seed))
    print(line("0 | the model in use | 1", [first], first))
    for (cases, begun), models in sorted(found.items()):
        print(line(f"{cases} | {begun} | {len(models)}", models, first))


if __name__ == "__main__":
    main()
