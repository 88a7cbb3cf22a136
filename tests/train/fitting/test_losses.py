import numpy as np
import pytest
import torch

from cpam_train.config import LossConfig
from cpam_train.fitting.losses import (
    PIXEL_LOSSES,
    SegmentationLoss,
    SegmentationTarget,
    class_logits,
    classifier_loss,
    masked_bce,
    one_hot,
    single_label,
)

EXTREME = np.array([-1e4, -700.0, -88.0, -20.0, -1.5, -1e-6, 0.0, 1e-6, 0.7, 20.0, 88.0, 700.0, 1e4])


def softplus(z):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def reference(name, z, y, config):
    """The textbook formulas in float64: log p = -softplus(-z), log(1-p) = -softplus(z)."""
    log_p, log_q = -softplus(-z), -softplus(z)
    bce = -y * log_p - (1 - y) * log_q
    focal = -config.alpha * y * np.exp(config.gamma * log_q) * log_p
    focal -= (1 - config.alpha) * (1 - y) * np.exp(config.gamma * log_p) * log_q
    weighted = -config.positive_weight * y * log_p - (1 - y) * log_q
    mix = config.bce_weight * bce + config.focal_weight * focal
    return {"bce": bce, "focal": focal, "weighted_ce": weighted, "bce_focal": mix, "dice_ce": bce}[name]


def target_of(mask, known=True, labels=None):
    truth = one_hot(mask, 2)
    b = len(mask)
    known = torch.full((b, 2), known) if isinstance(known, bool) else known
    return SegmentationTarget(truth, known, torch.zeros(b, 2, dtype=torch.long) if labels is None else labels)


@pytest.mark.parametrize("name", PIXEL_LOSSES)
@pytest.mark.parametrize("y", [0.0, 1.0, 0.25])
def test_pixel_losses_follow_float64_reference_over_extreme_logits(name, y):
    config = LossConfig(name=name, alpha=0.3, gamma=1.7)
    logits = torch.tensor(EXTREME, dtype=torch.float32, requires_grad=True)
    loss = PIXEL_LOSSES[name](logits, torch.full((len(EXTREME),), y), config)
    np.testing.assert_allclose(loss.detach(), reference(name, EXTREME, y, config), rtol=2e-6, atol=1e-7)
    loss.sum().backward()
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", ["focal", "bce_focal"])
def test_focal_is_bounded_below_and_wants_the_truth(name):
    config = LossConfig(name=name)
    z = torch.linspace(-30, 30, 201)
    negative, positive = (PIXEL_LOSSES[name](z, torch.full_like(z, y), config) for y in (0.0, 1.0))
    assert (negative >= 0).all()
    assert (positive >= 0).all()
    assert (negative.diff() >= 0).all()
    assert (positive.diff() <= 0).all()


def test_focal_with_gamma_zero_is_half_of_bce():
    z = torch.randn(50)
    y = (torch.rand(50) > 0.5).float()
    half = PIXEL_LOSSES["focal"](z, y, LossConfig(alpha=0.5, gamma=0))
    torch.testing.assert_close(half, PIXEL_LOSSES["bce"](z, y, LossConfig()) / 2)


@pytest.mark.parametrize("name", PIXEL_LOSSES)
def test_unknown_masks_do_not_count(name):
    loss = SegmentationLoss(LossConfig(name=name), "sigmoid")
    mask = torch.zeros(2, 8, 8, dtype=torch.long)
    mask[:, :4, :4] = 1
    known = torch.tensor([[True, False], [False, False]])
    logits = torch.randn(2, 2, 8, 8, requires_grad=True)
    loss.mask_loss(logits, target_of(mask, known)).backward()
    assert logits.grad[0, 0].abs().sum() > 0
    assert logits.grad[0, 1].abs().sum() == 0
    assert logits.grad[1].abs().sum() == 0


def test_nothing_known_gives_zero():
    loss = SegmentationLoss(LossConfig(), "sigmoid")
    labels = torch.full((2, 2), -1)
    parts = loss(torch.randn(2, 2, 8, 8), (), torch.randn(2, 2), target_of(torch.zeros(2, 8, 8), False, labels))
    assert parts["loss"] == 0


def test_dice_part_matches_a_plain_count():
    z, mask = torch.randn(3, 2, 8, 8), torch.randint(0, 3, (3, 8, 8))
    loss, plain = (SegmentationLoss(LossConfig(name=n), "sigmoid") for n in ("dice_ce", "bce"))
    target = target_of(mask)
    p = torch.sigmoid(z)
    dice = 2 * (p * target.masks).sum((0, 2, 3)) / (p.sum((0, 2, 3)) + target.masks.sum((0, 2, 3)))
    torch.testing.assert_close(loss.mask_loss(z, target), plain.mask_loss(z, target) + (1 - dice).mean())


def test_dice_over_slices_is_the_mean_of_slices_with_a_lesion():
    z, mask = torch.randn(3, 2, 8, 8), torch.zeros(3, 8, 8, dtype=torch.long)
    mask[0, :5] = 1
    mask[1, :2, :2] = 1
    mask[2, 0] = 2
    known = torch.tensor([[True, True], [True, True], [True, False]])
    loss, plain = (SegmentationLoss(LossConfig(name=n, dice_over="slice"), "sigmoid") for n in ("dice_ce", "bce"))
    target = target_of(mask, known)
    p = torch.sigmoid(z[:2, 0])
    truth = target.masks[:2, 0]
    dice = 2 * (p * truth).sum((1, 2)) / (p.sum((1, 2)) + truth.sum((1, 2)))
    torch.testing.assert_close(loss.mask_loss(z, target), plain.mask_loss(z, target) + (1 - dice).mean())


def test_dice_over_both_is_their_mean():
    z, target = torch.randn(3, 2, 8, 8), target_of(torch.randint(0, 3, (3, 8, 8)))
    batch, each, both = (
        SegmentationLoss(LossConfig(dice_over=over), "sigmoid").mask_loss(z, target)
        for over in ("batch", "slice", "both")
    )
    torch.testing.assert_close(both, (batch + each) / 2)


def test_deep_supervision_weights_the_levels():
    config = LossConfig(name="bce", deep_supervision=(1, 0.5), image_weight=0)
    loss = SegmentationLoss(config, "sigmoid")
    target = target_of(torch.ones(1, 8, 8))
    fine, coarse = torch.full((1, 2, 8, 8), 2.0), torch.full((1, 2, 4, 4), -1.0)
    expected = (loss.mask_loss(fine, target) + 0.5 * loss.mask_loss(coarse, target)) / 1.5
    torch.testing.assert_close(loss(fine, (coarse, coarse), None, target)["loss"], expected)


def test_one_hot_and_one_against_rest_logits():
    assert one_hot(torch.tensor([[[0, 1, 2]]]), 2)[0, :, 0].tolist() == [[0, 1, 0], [0, 0, 1]]
    z = torch.randn(2, 3, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(torch.sigmoid(class_logits(z, "softmax")), torch.softmax(z, 1)[:, 1:])
    assert class_logits(z, "sigmoid") is z


def test_image_loss_skips_unknown_labels():
    logits = torch.zeros(2, 2, requires_grad=True)
    masked_bce(logits, torch.tensor([[1, -1], [-1, 0]])).backward()
    assert (logits.grad != 0).tolist() == [[True, False], [False, True]]


def test_single_label_needs_every_class_absent_for_none():
    labels = torch.tensor([[0, 0], [1, 0], [1, 1], [0, -1], [-1, 1]])
    assert single_label(labels).tolist() == [0, 1, 2, -1, 2]


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "sparsemax"])
def test_classifier_losses_reward_the_truth_and_stay_finite(output):
    labels = torch.tensor([[1, 0], [0, 1], [0, 0]])
    columns = 2 if output == "sigmoid" else 3
    right = torch.full((3, columns), -40.0)
    hit = [(0, 0), (1, 1)] if output == "sigmoid" else [(0, 1), (1, 2), (2, 0)]
    for row, column in hit:
        right[row, column] = 40.0
    good, bad = classifier_loss(right, labels, output=output), classifier_loss(-right, labels, output=output)
    assert good < 1e-6
    assert 1 < bad < 1e4
    assert classifier_loss(right, torch.full((3, 2), -1), output=output) == 0


def test_sparsemax_loss_is_its_definition():
    z = torch.tensor([[1.2, 0.9, -2.0]])
    p = torch.tensor([0.65, 0.35, 0.0])  # Euclidean projection of z onto the simplex
    tau = 0.55
    expected = 0.5 * ((z[0, :2] ** 2 - tau**2).sum() + 1) - z[0, 1]
    got = classifier_loss(z, torch.tensor([[1, 0]]), output="sparsemax")
    torch.testing.assert_close(got, expected)
    assert p.sum() == 1
