import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.metrics import compute_dice, compute_iou
from scipy import ndimage
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    brier_score_loss,
    confusion_matrix,
    precision_score,
    recall_score,
    roc_auc_score,
    roc_curve,
)

from cpam_train.metrics.bootstrap import (
    estimate,
    mean_of,
    median_of,
    paired_difference,
    ratio_of,
    resampled,
)
from cpam_train.metrics.counts import Counts, count, dice, iou, precision, sensitivity, specificity, stacked
from cpam_train.metrics.curve import BINS, best_threshold, counts_at_thresholds, histograms, thresholds
from cpam_train.metrics.lesionwise import LesionCounts, count_lesions
from cpam_train.metrics.probability import auc, brier, ece, sensitivity_at_specificity
from cpam_train.metrics.surface import TOLERANCES_MM, surface_distance


def random_masks(seed=0, n=6, shape=(4, 12, 12)):
    rng = np.random.default_rng(seed)
    return rng.random((n, *shape)) < 0.3, rng.random((n, *shape)) < 0.25


def test_ratios_agree_with_monai_and_scikit_learn():
    predicted, reference = random_masks()
    counts = stacked(count(p, r) for p, r in zip(predicted, reference, strict=True))
    p, r = (torch.from_numpy(m[:, None].astype(np.float32)) for m in (predicted, reference))
    np.testing.assert_allclose(dice(counts), compute_dice(p, r)[:, 0], rtol=1e-6)
    np.testing.assert_allclose(iou(counts), compute_iou(p, r)[:, 0], rtol=1e-6)
    for i, (a, b) in enumerate(zip(predicted, reference, strict=True)):
        tn, fp, fn, tp = confusion_matrix(b.ravel(), a.ravel()).ravel()
        assert (counts.tp[i], counts.fp[i], counts.fn[i], counts.tn[i]) == (tp, fp, fn, tn)
        assert sensitivity(counts)[i] == pytest.approx(recall_score(b.ravel(), a.ravel()))
        assert specificity(counts)[i] == pytest.approx(recall_score(~b.ravel(), ~a.ravel()))
        assert precision(counts)[i] == pytest.approx(precision_score(b.ravel(), a.ravel()))


@given(st.tuples(*[st.integers(0, 10_000)] * 4))
def test_dice_is_fixed_by_iou_on_pooled_counts(values):
    """The identity that the source paper's U-Net row breaks: IoU .604 leaves room for a Dice of .753, not .8589."""
    c = Counts(*(np.asarray(float(v)) for v in values))
    if c.tp + c.fn > 0:
        j = iou(c)
        assert dice(c) == pytest.approx(2 * j / (1 + j))


def test_pooled_is_the_count_of_everything_together():
    predicted, reference = random_masks()
    pooled = stacked(count(p, r) for p, r in zip(predicted, reference, strict=True)).pooled()
    whole = count(predicted, reference)
    assert (pooled.tp, pooled.fp, pooled.fn, pooled.tn) == (whole.tp, whole.fp, whole.fn, whole.tn)


def test_empty_reference_is_neither_one_nor_zero():
    empty = np.zeros((1, 4, 4), bool)
    assert np.isnan(dice(count(empty, empty)))
    assert np.isnan(iou(count(~empty, empty)))


def test_counts_at_thresholds_are_plain_counts():
    torch.manual_seed(0)
    probabilities, truth = torch.rand(3, 2, 9, 9), (torch.rand(3, 2, 9, 9) > 0.6).float()
    counts = counts_at_thresholds(histograms(probabilities, truth).numpy())
    for t in (0, 1, 17, BINS - 1):
        marked = (probabilities >= thresholds()[t]).numpy()
        for n in range(3):
            for k in range(2):
                plain = count(marked[n, k], truth[n, k].numpy().astype(bool))
                assert [p[n, k, t] for p in (counts.tp, counts.fp, counts.fn, counts.tn)] == [
                    plain.tp,
                    plain.fp,
                    plain.fn,
                    plain.tn,
                ]


def test_best_threshold_finds_where_classes_part():
    probabilities = torch.full((2, 1, 8, 8), 0.3)
    truth = torch.zeros(2, 1, 8, 8)
    probabilities[0, 0, :4], truth[0, 0, :4] = 0.7, 1
    found = best_threshold(histograms(probabilities, truth).numpy()[:, 0])
    assert 0.3 < found.threshold <= 0.7
    assert found.mean_dice == found.pooled_dice == 1
    assert best_threshold(histograms(probabilities, torch.zeros_like(truth)).numpy()[:, 0]) is None


def probabilities_and_truth(n=300):
    rng = np.random.default_rng(4)
    truth = rng.random(n) < 0.4
    return np.round(np.clip(rng.normal(0.4 + 0.2 * truth, 0.2), 0, 1), 2), truth


def test_probability_metrics_agree_with_scikit_learn():
    p, y = probabilities_and_truth()
    weights = np.random.default_rng(0).integers(0, 4, (3, len(p))).astype(float)
    assert auc(p, y)[0] == pytest.approx(roc_auc_score(y, p))
    np.testing.assert_allclose(auc(p, y, weights), [roc_auc_score(y, p, sample_weight=w) for w in weights])
    np.testing.assert_allclose(brier(p, y, weights), [brier_score_loss(y, p, sample_weight=w) for w in weights])
    fpr, tpr, _ = roc_curve(y, p, drop_intermediate=False)
    for least in (0.9, 0.95):
        best = tpr[fpr <= 1 - least + 1e-12].max()
        assert sensitivity_at_specificity(p, y, least)[0] == pytest.approx(best)


def test_ece_is_the_mean_gap_of_the_calibration_curve():
    p, y = probabilities_and_truth()
    p = p * 0.99 + 0.0017  # off the bin edges
    frequency, mean = calibration_curve(y, p, n_bins=10)
    sizes = np.histogram(p, np.linspace(0, 1, 11))[0]
    assert ece(p, y)[0] == pytest.approx((np.abs(frequency - mean) * sizes[sizes > 0]).sum() / len(p))


def test_one_class_alone_has_no_auc():
    p, present = np.array([0.1, 0.9]), np.array([True, True])
    assert np.isnan(auc(p, present)[0])
    assert np.isnan(sensitivity_at_specificity(p, present, 0.9)[0])
    assert np.isnan(sensitivity_at_specificity(p, ~present, 0.9)[0])


@pytest.mark.parametrize("spacing", [(5.0, 0.5, 0.5), (1.0, 1.0, 1.0)])
def test_surface_distances_agree_with_brute_force(spacing):
    rng = np.random.default_rng(3)
    blob = ndimage.gaussian_filter(rng.random((6, 30, 30)), 2)
    predicted, reference = blob > np.quantile(blob, 0.9), np.roll(blob > np.quantile(blob, 0.88), 3, axis=2)
    found = surface_distance(predicted, reference, spacing)

    def outline(mask):
        inside = ndimage.binary_erosion(mask, ndimage.generate_binary_structure(3, 1))
        return np.argwhere(mask & ~inside) * np.asarray(spacing)

    a, b = outline(predicted), outline(reference)
    gaps = np.linalg.norm(a[:, None] - b[None], axis=2)
    there, back = gaps.min(axis=1), gaps.min(axis=0)
    hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
    assert found.hd95_mm == pytest.approx(hd95, rel=1e-5)
    for share, tolerance in zip(found.surface_dice, TOLERANCES_MM, strict=True):
        near = (there <= tolerance).sum() + (back <= tolerance).sum()
        assert share == pytest.approx(near / (len(there) + len(back)))


def test_surface_distance_of_nothing():
    empty, some = np.zeros((2, 8, 8), bool), np.zeros((2, 8, 8), bool)
    some[0, 2:4, 2:4] = True
    assert surface_distance(some, empty, (1, 1, 1)) is None
    missed = surface_distance(empty, some, (1, 1, 1))
    assert missed.surface_dice == (0, 0, 0)
    assert missed.hd95_mm is None
    assert surface_distance(some[0], some[0], (1, 1)).hd95_mm == 0


def test_lesions_are_counted_one_by_one():
    reference, predicted = np.zeros((3, 20, 20), bool), np.zeros((3, 20, 20), bool)
    reference[0, 1:4, 1:4] = reference[1, 4:6, 4:6] = True  # touch at a corner across slices: one lesion
    reference[0, 10:12, 10:12] = True
    predicted[0, 3, 3] = predicted[1, 5, 5] = True
    predicted[2, 15, 15] = True
    assert count_lesions(predicted, reference) == LesionCounts(detected=1, missed=1, false=1)


def test_bootstrap_weights_draw_whole_patients():
    patients = ["a", "a", "b", "c", "c", "c"]
    weights = resampled(patients, resamplings=500)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    assert ((weights[:, 0] + weights[:, 2] + weights[:, 3]) == 3).all()
    assert weights[:, 0].mean() == pytest.approx(1, abs=0.15)


def test_interval_is_that_of_a_plain_loop():
    rng = np.random.default_rng(1)
    patients = [f"p{i // 3}" for i in range(60)]
    values = rng.normal(0.5, 0.1, 60) + np.repeat(rng.normal(0, 0.1, 20), 3)
    found = estimate(mean_of(values), patients)
    loop = np.random.default_rng(7)
    means = [values.reshape(20, 3)[loop.integers(0, 20, 20)].mean() for _ in range(4000)]
    assert found.value == pytest.approx(values.mean())
    assert [found.low, found.high] == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.008)
    assert (found.cases, found.patients) == (60, 20)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(200):
        values = rng.normal(0, 1, 40)
        found = estimate(mean_of(values), [str(i) for i in range(40)], resamplings=400)
        hits += found.low <= 0 <= found.high
    assert 0.88 <= hits / 200 <= 0.99


def test_statistics_follow_their_weights():
    values = np.array([3.0, 1.0, 2.0, 9.0])
    weights = np.array([[1, 1, 1, 1], [0, 2, 2, 1.0]])
    np.testing.assert_allclose(mean_of(values)(weights), [15 / 4, 15 / 5])
    np.testing.assert_allclose(median_of(values)(weights), [2, 2])
    np.testing.assert_allclose(ratio_of(values, [1, 1, 1, 1])(weights), [15 / 4, 15 / 5])


def test_paired_difference_feels_the_pairing():
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 1, 50)
    patients = [str(i) for i in range(50)]
    found = paired_difference(hard + 0.1 + rng.normal(0, 0.01, 50), hard, patients)
    assert 0.08 < found.low < found.value < found.high < 0.12


def test_no_cases_or_one_patient_give_no_interval():
    assert estimate(mean_of([]), []).value is None
    alone = estimate(mean_of([0.5, 0.7]), ["a", "a"])
    assert alone.value == pytest.approx(0.6)
    assert alone.low is None
