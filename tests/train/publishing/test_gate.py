"""What a candidate must show: a gain that is no chance, no class and no source worse, no worse calibration or marks."""

from __future__ import annotations

import numpy as np
import pytest

from cpam_train.evaluation.case import ClassResult, MaskResult
from cpam_train.evaluation.run import Evaluation
from cpam_train.metrics.counts import Counts
from cpam_train.metrics.lesionwise import LesionCounts
from cpam_train.metrics.reliability import reliability
from cpam_train.publishing.gate import Margins, demands_on
from cpam_train.publishing.promote import Gate, PromotionRefusedError
from napari_cpam_stroke.bundles import ModelCard
from napari_cpam_stroke.config import SegmenterConfig
from napari_cpam_stroke.core import LesionClass


def result(lesion_class, number, *, dice, source="a", false=0, sure=0.9, masks=True):
    """One case: `dice` None is a case without the class, `false` marks in it, `sure` the probability of its pixels."""
    holds = dice is not None
    true = round(100 * dice) if holds else 0
    counts = Counts(*(np.array([n]) for n in (true, 100 - true if holds else 0, 100 - true if holds else 0, 900)))
    reference = np.arange(100) < 90
    mask = MaskResult(
        pixels=counts.pooled(),
        slice_pixels=counts,
        lesions=LesionCounts(0, 0, false),
        reliability=reliability(np.full(100, round(255 * sure), np.uint8), reference),
        surface=None,
        reference_ml=None,
        predicted_ml=None,
    )
    return ClassResult(
        case_id=f"c{number}",
        patient_id=f"p{number}",
        source=source,
        thickness_mm=None,
        scanner=None,
        lesion_class=lesion_class,
        mask=mask if masks else None,
        label=int(holds),
        probability=0.5,
        all_labels=np.array([1, 0], np.int8) if holds else np.array([0, 0], np.int8),
        all_probabilities=np.array([0.9, 0.1]) if holds else np.array([0.1, 0.1]),
    )


def judged(values, **options):
    """An evaluation: per class the Dice of each case, None where the case is free of it."""
    results = {c.label: tuple(result(c, i, dice=d, **options) for i, d in enumerate(values[c])) for c in LesionClass}
    card = ModelCard("m", SegmenterConfig())
    return Evaluation(card=card, split="test", fingerprint="f", results=results, seconds=0, device="cpu")


CASES = 24
OLD = {c: [0.5 + 0.01 * (i % 5) if i % 2 else None for i in range(CASES)] for c in LesionClass}


def moved(by, *, only=None, lesion_class=None):
    """The old Dice with `by` added, in some cases and classes only."""
    return {
        c: [
            d + by if d is not None and (only is None or i in only) and lesion_class in (None, c) else d
            for i, d in enumerate(values)
        ]
        for c, values in OLD.items()
    }


def unmet(candidate, current=None, **margins):
    return [
        d.words
        for d in demands_on(candidate, judged(OLD) if current is None else current, Margins(**margins))
        if not d.met
    ]


def test_a_better_model_shows_everything():
    assert unmet(judged(moved(0.1))) == []
    assert unmet(judged(moved(0.1, lesion_class=LesionClass.ISCHEMIA))) == []


def test_the_same_model_again_is_no_gain():
    (words,) = unmet(judged(OLD))
    assert words == "a gain in one class, with its whole interval above 0"


def test_a_gain_by_chance_is_none():
    lucky = judged(moved(0.3, only={1}))
    assert lucky.score > judged(OLD).score
    assert unmet(lucky) == ["a gain in one class, with its whole interval above 0"]


def test_the_interval_must_lie_above_the_stated_margin():
    assert unmet(judged(moved(0.1)), gain=0.05) == []
    assert unmet(judged(moved(0.1)), gain=0.15) == ["a gain in one class, with its whole interval above 0.15"]


def test_no_class_pays_for_the_gain_of_another():
    values = moved(0.2, lesion_class=LesionClass.ISCHEMIA) | {
        LesionClass.HEMORRHAGE: moved(-0.1)[LesionClass.HEMORRHAGE]
    }
    assert unmet(judged(values), source_loss=0.2) == ["hemorrhage: the whole interval of the difference above -0.05"]
    assert unmet(judged(values), source_loss=0.2, loss=0.2) == []


def test_no_source_pays_for_the_others():
    new, old = judged(moved(0.2)), judged(OLD)
    for evaluation, dice in ((new, 0.1), (old, 0.5)):
        for c in LesionClass:
            more = tuple(result(c, CASES + i, dice=dice, source="small") for i in range(3))
            evaluation.results[c.label] = evaluation.results[c.label] + more
    assert "ischemia of small: no more than 0.1 worse" in unmet(new, old)
    assert not [words for words in unmet(new, old) if "of a:" in words]


def test_calibration_may_not_become_worse():
    assert unmet(judged(moved(0.1), sure=0.7)) == [
        f"{c.label}: calibration error no more than 0.02 higher" for c in LesionClass
    ]
    assert unmet(judged(moved(0.1), sure=0.91)) == []


def test_false_marks_may_not_become_more():
    current = judged(OLD, false=1)
    assert unmet(judged(moved(0.1), false=1), current) == []
    assert unmet(judged(moved(0.1), false=0), current) == []
    assert unmet(judged(moved(0.1), false=2), current) == [
        f"{c.label}: no more false marks in cases without it" for c in LesionClass
    ]


def test_too_few_patients_are_said():
    few = {c: values[:8] for c, values in moved(0.1).items()}
    demands = demands_on(judged(few), judged({c: v[:8] for c, v in OLD.items()}), Margins())
    assert [str(d) for d in demands if not d.met] == [
        "at least 10 test patients with each class (ischemia 4, hemorrhage 4)"
    ]


def test_a_classifier_is_compared_by_its_slices():
    better, worse = judged(OLD, masks=False), judged(OLD, masks=False)
    for results in worse.results.values():
        for r in results:
            r.all_probabilities[:] = r.all_probabilities[::-1]
    assert unmet(better, worse) == []
    assert "a gain in one class, with its whole interval above 0" in unmet(worse, better)


def test_a_person_may_insist_and_the_card_tells():
    demands = demands_on(judged(OLD), judged(OLD), Margins())
    with pytest.raises(PromotionRefusedError, match=r"better than m@1.0.*a gain in one class.*--insist"):
        Gate("m@1.0", demands, "").require()
    insisted = Gate("m@1.0", demands, "for the demo")
    insisted.require()
    assert insisted.text["published all the same, because"] == "for the demo"
    assert "a gain in one class" in insisted.text["not shown"]
    assert Gate("m@1.0", demands_on(judged(moved(0.1)), judged(OLD), Margins()), "no need").text == {
        "compared with": "m@1.0"
    }
