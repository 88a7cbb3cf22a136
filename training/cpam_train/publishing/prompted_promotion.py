"""Publishing a network that listens to prompts: judged by how far three prompts of a clumsy reader lead."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cpam_train.data.robot_reader import CLUMSY
from cpam_train.evaluation.model import bundle_of_run, draft_of_run
from cpam_train.evaluation.progress import ProgressBar
from cpam_train.evaluation.prompt_figures import mean_dice
from cpam_train.evaluation.prompt_reading import Manner, read_store
from cpam_train.evaluation.prompt_record import Reading
from cpam_train.publishing.gate import Asked, Demand
from cpam_train.publishing.promote import Gate, Promotion, Remarks, require_key, saved, weights_dtype
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.bundles import Bundle, ModelCard, Registry
from napari_cpam_stroke.core.labels import CLASS_NAMES
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.inference.prompted import PromptedEngine
from napari_cpam_stroke.prompting import PromptKind

PROMPTS = 3
"""As many as a reader is thought to be patient for."""

JUDGED = Manner(CLUMSY, PromptKind.POINT, prompts=PROMPTS)


def promote_prompted(
    run: RunFolder,
    name: str,
    store: AnnotationStore,
    *,
    asked: Asked | None = None,
    out: Path | None = None,
    registry: Registry | None = None,
    progress_bar: ProgressBar,
    remarks: Remarks | None = None,
) -> Promotion:
    """Judge a run on the frozen test set and publish it under a name; parameters and refusal as `promote`."""
    registry, remarks, asked = registry or Registry(), remarks or Remarks(), asked or Asked()
    if out is None:
        require_key(registry, remarks)
    with tempfile.TemporaryDirectory() as folder:
        card = replace(draft_of_run(run), name=name, weights_dtype=weights_dtype(run))
        candidate = bundle_of_run(run, Path(folder) / "candidate", card)
        judged = _judge(candidate, store, "judging the candidate", progress_bar)
        score, gain, gate = score_of(judged), None, None
        if out is None and name in registry.names():
            current = registry.resolve(name)
            gain = score - score_of(_judge(current, store, f"judging {current.card.reference}", progress_bar))
            gate = Gate(current.card.reference, (_more(gain, asked),), asked.insist.strip())
            gate.require()
        final = _finished(candidate.card, judged, remarks, gate)
        ready = saved(out or Path(folder) / "ready", final, candidate, remarks)
        if out is not None:
            return Promotion(ready, None, score, gain, gate)
        entry = registry.install(ready.path, name)
        return Promotion(registry.resolve(f"{name}@{entry.version}"), entry, score, gain, gate)


def score_of(readings: Sequence[Reading]) -> float:
    """Return the mean over the classes of the mean Dice after `PROMPTS` prompts.

    Raises
    ------
    InputError
        If no lesion slice was read.
    """
    values = [mean_dice(own, PROMPTS).value for name in CLASS_NAMES if (own := _of_class(readings, name))]
    known = [value for value in values if value is not None]
    if not known:
        raise InputError("The test split has no lesion slice to point at", remedy="import cases with masks")
    return sum(known) / len(known)


def _judge(bundle: Bundle, store: AnnotationStore, what: str, progress_bar: ProgressBar) -> list[Reading]:
    with progress_bar(what) as progress:
        return list(read_store(PromptedEngine(bundle), store, manners=(JUDGED,), progress=progress))


def _more(gain: float, asked: Asked) -> Demand:
    words = f"a gain above {asked.margins.gain:g} in the mean Dice after {PROMPTS} prompts"
    return Demand(words, f"{gain:+.4f}", met=gain > max(asked.margins.gain, 0))


def _finished(card: ModelCard, judged: Sequence[Reading], remarks: Remarks, gate: Gate | None) -> ModelCard:
    patients = len({reading.patient_id for reading in judged})
    test: dict[str, Any] = {"split": "test", "slices": len(judged), "patients": patients}
    for name in CLASS_NAMES:
        if own := _of_class(judged, name):
            test[name] = {f"points: dice_after_{n}": str(mean_dice(own, n)) for n in range(1, PROMPTS + 1)}
    training = {**card.training, "terms": remarks.terms} if remarks.terms else card.training
    versus = {} if gate is None else {"against_predecessor": gate.text}
    return replace(
        card,
        metrics={"test": test, **card.metrics, **versus},
        training=training,
        notes=remarks.notes,
        weights_sha256="",
    )


def _of_class(readings: Sequence[Reading], name: str) -> list[Reading]:
    return [reading for reading in readings if reading.lesion_class == name]
