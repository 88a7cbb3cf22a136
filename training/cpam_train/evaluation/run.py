"""A model over all annotated cases of a split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from cpam_train.evaluation.case import ClassResult, judge_case
from cpam_train.evaluation.gallery import Gallery
from cpam_train.evaluation.neighbour_effect import (
    NeighbourEffect,
    SliceEffect,
    compare_slices,
    has_effect,
    summarise_effects,
)
from cpam_train.evaluation.summary import ClassSummary, by_group, case_dice, summarise_class, thickness_group
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.records import CaseRecord, Split
from napari_cpam_stroke.bundles import ModelCard
from napari_cpam_stroke.core import CLASS_NAMES
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.inference.predictor import Predictor
from napari_cpam_stroke.progress import Progress


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came out.

    Attributes
    ----------
    results
        Per class, one per case, in the same order for every model on the same store.
    fingerprint
        Of the test set's pixels: figures of two models are comparable only if it is the same.
    seconds
        Time of all predictions.
    neighbours
        By class, what true neighbours change on lesion slices that have one; empty unless asked for.
    """

    card: ModelCard
    split: str
    fingerprint: str
    results: dict[str, tuple[ClassResult, ...]]
    seconds: float
    device: str
    gallery: Gallery = field(default_factory=Gallery)
    neighbours: dict[str, NeighbourEffect] = field(default_factory=dict)

    def summaries(self) -> dict[str, ClassSummary]:
        """Return the figures of each class over all cases."""
        return {name: summarise_class(results) for name, results in self.results.items()}

    def groups(self) -> dict[str, dict[str, dict[str, ClassSummary]]]:
        """Return the figures by source, scanner and slice thickness: kind of group, group, class."""
        kinds: dict[str, Callable[[ClassResult], str]] = {
            "source": lambda r: r.source,
            "scanner": lambda r: r.scanner or "scanner not told",
            "thickness": thickness_group,
        }
        summaries: dict[str, dict[str, dict[str, ClassSummary]]] = {}
        for kind, group in kinds.items():
            for name, results in self.results.items():
                for value, own in by_group(results, group).items():
                    summaries.setdefault(kind, {}).setdefault(value, {})[name] = summarise_class(own)
        return summaries

    @property
    def score(self) -> float:
        """The one figure models are promoted by: mean over classes of the mean Dice, or of the AUC of cases."""
        values = [s.lesion_cases.get("dice") or s.cases.get("auc") for s in self.summaries().values()]
        numbers = [v.value for v in values if v is not None and v.value is not None]
        return sum(numbers) / len(numbers) if numbers else float("nan")


def evaluate_model(
    predictor: Predictor,
    store: AnnotationStore,
    *,
    split: Split = "test",
    sources: Sequence[str] = (),
    neighbours: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Run a model on every annotated case of a split and compare.

    Parameters
    ----------
    neighbours
        Also show slices that have true neighbours alone, to tell what these are worth; up to twice the time.

    Raises
    ------
    InputError
        If the split has no annotated case, or the model looks at single slices and neighbours are asked for.
    """
    alone = predictor.without_context() if neighbours else None
    records = cases_of(store, split, sources)
    by_class: dict[str, list[ClassResult]] = {name: [] for name in CLASS_NAMES}
    effects: list[SliceEffect] = []
    gallery, seconds = Gallery(), 0.0
    for done, record in enumerate(records, start=1):
        volume, annotation = store.read_volume(record.case_id), store.read_annotation(str(record.head))
        prediction = predictor.predict(volume)
        seconds += prediction.seconds
        if alone is not None and has_effect(annotation, volume, predictor.card.preprocess):
            effects += compare_slices(prediction, alone.predict(volume), annotation, volume, predictor.card.preprocess)
        results = judge_case(
            prediction, annotation, volume, source=record.source, masks=predictor.card.task == "segmenter"
        )
        for result in results:
            named = _of_patient(result, record)
            by_class[result.lesion_class.label].append(named)
            gallery.offer(named, volume, annotation.mask, prediction.mask, case_dice(named))
        if progress is not None:
            progress(done, len(records))
    return Evaluation(
        card=predictor.card,
        split=split,
        fingerprint=store.test_fingerprint(),
        results={name: tuple(results) for name, results in by_class.items()},
        seconds=seconds,
        device=str(predictor.device),
        gallery=gallery,
        neighbours=summarise_effects(effects),
    )


def cases_of(store: AnnotationStore, split: Split, sources: Sequence[str]) -> list[CaseRecord]:
    """Return the annotated cases of a split, by name.

    Raises
    ------
    InputError
        If there is none.
    """
    records = [r for r in store.cases(split=split) if r.head is not None and r.status != "rejected"]
    records = [r for r in records if not sources or r.source in sources]
    if not records:
        raise InputError(
            f"The store has no annotated case in its {split} split{' from ' + ', '.join(sources) if sources else ''}",
            remedy="import data and let cpam-train import assign splits",
        )
    return sorted(records, key=lambda r: r.case_id)


def _of_patient(result: ClassResult, record: CaseRecord) -> ClassResult:
    """Return a result under the store's names: the patient there is the group that stays in one split."""
    return replace(result, case_id=record.case_id, patient_id=record.patient_id)
