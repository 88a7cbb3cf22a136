from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cpam_train.evaluation.case import judge_case, voxel_volumes_ml
from cpam_train.evaluation.compare import compare
from cpam_train.evaluation.figures import bland_altman, roc
from cpam_train.evaluation.gallery import PER_KIND, Gallery
from cpam_train.evaluation.paper_tables import paper_tables
from cpam_train.evaluation.run import Evaluation
from cpam_train.evaluation.summary import case_dice, summarise_class, thickness_group
from napari_cpam_stroke.core import Acquisition, Annotation, CTVolume, VolumeGeometry
from napari_cpam_stroke.core.acquisition import UNKNOWN
from napari_cpam_stroke.errors import InputError


def volume(name="a", slices=3, *, placed=True, made=UNKNOWN):
    steps = np.zeros((slices, 3))
    steps[:, 2] = np.arange(slices) * 4.0
    geometry = VolumeGeometry(steps, [1, 0, 0], [0, 1, 0], (0.5, 0.5), np.full(slices, 5.0)) if placed else None
    hu = np.full((slices, 20, 20), 30, np.int16)
    return CTVolume(hu, geometry, case_id=name, patient_id=f"p-{name}", acquisition=made)


def prediction(mask, probability=0.7):
    return SimpleNamespace(
        mask=mask,
        probabilities=np.stack([(mask == k) * np.uint8(255 * probability) for k in (1, 2)]),
        slice_probabilities=np.full((len(mask), 2), probability, np.float32),
        series_probabilities={"ischemia": probability, "hemorrhage": 1 - probability},
    )


def masks(slices=3):
    reference = np.zeros((slices, 20, 20), np.uint8)
    reference[0, 2:6, 2:6] = 1
    predicted = np.zeros_like(reference)
    predicted[0, 2:6, 4:8] = 1
    predicted[1, 10:12, 10:12] = 2
    return reference, predicted


def judged(name="a", *, shift=0, **more):
    reference, predicted = masks()
    moved = np.roll(predicted, shift, axis=2)
    return judge_case(prediction(moved), Annotation.from_mask(reference), volume(name), source="here", **more)


def test_figures_of_one_case():
    ischemia, hemorrhage = judged()
    assert case_dice(ischemia) == pytest.approx(0.5)
    assert ischemia.mask.reference_ml == pytest.approx(16 * 0.5 * 0.5 * 4 / 1000)
    assert ischemia.mask.lesions == type(ischemia.mask.lesions)(detected=1, missed=0, false=0)
    assert ischemia.mask.surface.hd95_mm == pytest.approx(1.0)
    assert case_dice(hemorrhage) is None
    assert hemorrhage.mask.lesions.false == 1
    assert (ischemia.label, hemorrhage.label) == (1, 0)


def test_dice_of_slices_counts_every_slice_that_holds_the_class_once():
    reference = np.zeros((3, 20, 20), np.uint8)
    reference[:2, 2:6, 2:6] = 1
    predicted = reference.copy()
    predicted[1] = np.roll(reference[1], 2, axis=1)
    predicted[2, 0, 0] = 1
    ischemia, _ = judge_case(prediction(predicted), Annotation.from_mask(reference), volume(), source="here")
    figure = summarise_class([ischemia]).lesion_cases["dice_per_slice"]
    assert (figure.value, figure.cases) == (pytest.approx((1 + 0.5) / 2), 2)
    assert case_dice(ischemia) == pytest.approx(2 * 24 / (32 + 33))


def test_only_known_slices_are_judged():
    reference, predicted = masks()
    known = np.zeros((3, 2), bool)
    known[2] = True
    blank = Annotation(reference, known, np.full((3, 2), -1, np.int8), np.array([-1, 1], np.int8))
    ischemia, hemorrhage = judge_case(prediction(predicted), blank, volume(), source="here")
    assert not ischemia.mask.has_reference
    assert ischemia.mask.pixels.fp == 0
    assert hemorrhage.mask.pixels.fp == 0
    assert len(ischemia.slice_labels) == 0
    nothing = Annotation(reference, np.zeros((3, 2), bool), blank.slice_labels, blank.series_labels)
    assert judge_case(prediction(predicted), nothing, volume(), source="here")[0].mask is None


def test_single_slices_without_geometry_use_what_their_header_told():
    silent = volume(slices=1, placed=False)
    told = volume(slices=1, placed=False, made=Acquisition(pixel_spacing_mm=(0.5, 0.5), slice_thickness_mm=5.0))
    reference, predicted = masks(1 + 1)
    annotation = Annotation.from_mask(reference[:1])
    assert voxel_volumes_ml(silent) is None
    assert voxel_volumes_ml(told)[0] == pytest.approx(0.00125)
    bare, known = (judge_case(prediction(predicted[:1]), annotation, v, source="s")[0] for v in (silent, told))
    assert (bare.mask.reference_ml, bare.mask.surface) == (None, None)
    assert known.mask.surface.hd95_mm == pytest.approx(1.0)
    assert (thickness_group(bare), thickness_group(known)) == ("thickness not told", "over 4 mm")


def test_a_single_slice_with_a_position_is_measured_by_it():
    """The position's spacing (0.5 mm) goes before what the header said besides."""
    reference, predicted = masks(2)
    placed = volume(slices=1, made=Acquisition(pixel_spacing_mm=(3.0, 3.0), slice_thickness_mm=1.0))
    result = judge_case(prediction(predicted[:1]), Annotation.from_mask(reference[:1]), placed, source="s")[0]
    assert result.mask.surface.hd95_mm == pytest.approx(1.0)
    assert result.thickness_mm == 5.0


def test_a_classifier_draws_no_mask():
    assert all(result.mask is None for result in judged(masks=False))


def test_summary_tells_empty_references_apart():
    results = [judged(name) for name in "abcd"]
    ischemia, hemorrhage = (summarise_class([r[k] for r in results]) for k in (0, 1))
    assert ischemia.lesion_cases["dice"].value == pytest.approx(0.5)
    pooled, j = ischemia.lesion_cases["dice_pooled"].value, ischemia.lesion_cases["iou_pooled"].value
    assert pooled == pytest.approx(2 * j / (1 + j))
    assert ischemia.empty_cases == {}
    assert hemorrhage.lesion_cases == {}
    assert hemorrhage.empty_cases["marked_share"].value == 1
    assert hemorrhage.empty_cases["false_ml_median"].value == pytest.approx(4 * 0.001)
    assert hemorrhage.cases["auc"].value is None
    assert ischemia.slices["positives"].value == 4


def evaluation(shift=0, names="abcd"):
    results = [judged(name, shift=shift) for name in names]
    by_class = {n: tuple(r[k] for r in results) for k, n in enumerate(("ischemia", "hemorrhage"))}
    return Evaluation(card=None, split="test", fingerprint="", results=by_class, seconds=0, device="cpu")


def test_comparison_is_paired_and_refuses_other_cases():
    found = compare(evaluation(), evaluation(shift=2))
    assert found["ischemia"].dice.value == pytest.approx(0.5)
    assert found["hemorrhage"].dice is None
    assert evaluation().score == pytest.approx(0.5)
    with pytest.raises(InputError, match="same cases"):
        compare(evaluation(), evaluation(names="abce"))


def test_gallery_keeps_the_few_worst():
    gallery = Gallery()
    reference, predicted = masks()
    for i in range(PER_KIND + 3):
        result = judged(f"c{i}")[0]
        gallery.offer(result, volume(), reference, predicted, dice=1 - i / 10)
    worst = gallery.pictures["ischemia", "worst"]
    assert len(worst) == PER_KIND
    assert [p.rank for p in worst] == sorted(p.rank for p in worst)
    assert worst[0].rank == pytest.approx(1 - (PER_KIND + 2) / 10)
    assert "slice 1 of 3" in worst[0].title


def test_volumes_are_drawn_as_difference_against_mean():
    results = {"ischemia": [judged("a")[0], judged("b", shift=6)[0]]}
    axes = bland_altman(results).axes[0]
    (points,) = axes.collections
    true, found = np.array([[r.mask.reference_ml, r.mask.predicted_ml] for r in results["ischemia"]]).T
    np.testing.assert_allclose(points.get_offsets(), np.stack([(true + found) / 2, found - true], axis=1))
    assert len(axes.lines) == 3  # mean and limits of agreement


def test_roc_curve_passes_through_what_scikit_learn_counts():
    mine = replace(
        judged()[0], all_labels=np.array([1, 0, 1, -1, 0]), all_probabilities=np.array([0.9, 0.8, 0.7, 0.6, 0.1])
    )
    _, curve = roc({"ischemia": [mine]}).axes[0].lines
    assert (0.5, 1.0) in list(zip(*curve.get_data(), strict=True))
    assert curve.get_label() == "ischemia"
    assert len(roc({"ischemia": [replace(mine, all_labels=np.zeros(5))]}).axes[0].lines) == 1


def test_figures_are_told_per_scanner():
    reference, predicted = masks()
    results = [
        judge_case(prediction(predicted), Annotation.from_mask(reference), volume(name, made=made), source="here")[0]
        for name, made in (("a", Acquisition("GE LightSpeed VCT")), ("b", UNKNOWN))
    ]
    evaluation = Evaluation(None, "test", "", {"ischemia": tuple(results)}, 0.0, "cpu")
    assert list(evaluation.groups()["scanner"]) == ["GE LightSpeed VCT", "scanner not told"]


def test_no_volumes_no_volume_plot():
    bare = list(judged(masks=False))
    assert bland_altman({"ischemia": bare}) is None
    assert bland_altman({"ischemia": judged()[:1]}) is not None


def test_the_tables_of_a_paper_have_the_figures_of_the_summaries():
    one = evaluation()
    tables = {table.title: table for table in paper_tables(one)}
    masks_, marks, slices, cases = tables.values()
    assert [row[0] for row in masks_.rows] == ["ischemia"]
    assert [row[0] for row in marks.rows] == ["hemorrhage"]
    cells = dict(zip(masks_.head, masks_.rows[0], strict=True))
    figures = one.summaries()["ischemia"].lesion_cases
    assert (cells["Dice"], cells["IoU"]) == (str(figures["dice"]), str(figures["iou"]))
    assert (cells["n"], cells["patients"]) == ("4", "4")
    assert [table.head[1] for table in (slices, cases)] == ["AUC", "AUC"]
    assert slices.rows[0][-2:] == ("12", "4")


def test_a_figure_of_fewer_cases_says_so():
    placed, alone = judged("a"), judged("b")
    nowhere = [replace(result, mask=replace(result.mask, surface=None)) for result in alone]
    one = evaluation(names="a")
    both = replace(one, results={name: [p, n] for name, p, n in zip(one.results, placed, nowhere, strict=True)})
    table = paper_tables(both)[0]
    assert dict(zip(table.head, table.rows[0], strict=True))["HD95, mm"].endswith("(n 1)")
