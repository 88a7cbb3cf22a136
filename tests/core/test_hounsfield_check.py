"""The one rule that says whether values are Hounsfield units of a head."""

import numpy as np
import pytest

from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.core.hounsfield_check import doubt_sentences, hounsfield_doubts, value_notices
from napari_cpam_stroke.core.notice import limitation, warning


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    """A skull of 1,100 HU around noisy brain of 33 HU, in noisy air; float (Z, Y, X)."""
    y, x = np.mgrid[:128, :128] - 63.5
    radius = np.hypot(x / 50, y / 58)
    hu = np.full((8, 128, 128), -1000.0)
    hu[:, radius < 1.08], hu[:, radius < 1.04], hu[:, radius < 0.96] = 40, 1100, 33
    return hu + np.random.default_rng(1).normal(0, 8, hu.shape)


def codes(hu: np.ndarray, **how: object) -> list[NoticeCode]:
    values = np.clip(np.rint(hu), -32768, 32767).astype(np.int16)
    return [notice.code for notice in value_notices(values, **how)]


def padded(hu: np.ndarray) -> np.ndarray:
    """Return values with air written outside a round field, as the reader does for padding."""
    y, x = np.mgrid[:128, :128] - 63.5
    return np.where(np.hypot(y, x) > 62, -1024, hu)


GOOD = {
    "plain": lambda hu: hu,
    "round field": padded,
    "noise of a bone kernel": lambda hu: hu + np.random.default_rng(2).normal(0, 60, hu.shape),
    "air cut off at -1024": lambda hu: np.where(hu < -900, -1024, hu),
    "contrast agent in vessels": lambda hu: np.where(np.random.default_rng(3).random(hu.shape) < 0.03, 250, hu),
    "metal": lambda hu: np.where(np.arange(128) == 64, 3071, hu),
}
BAD = {
    "offset lost": lambda hu: hu + 1024,
    "offset lost, padding as air": lambda hu: padded(hu + 1024),
    "offset applied twice": lambda hu: hu - 1024,
    "offset applied twice, cut off": lambda hu: np.clip(hu - 1024, -1024, None),
    "12 bit wrapped": lambda hu: np.where(hu < 0, hu + 4096, hu),
    "12 bit read as signed": lambda hu: np.where(hu > 1023, hu - 4096, hu),
    "16 bit wrapped": lambda hu: np.where(hu < 0, hu + 65536, hu),
    "inverted": lambda hu: -hu,
    "half the slope": lambda hu: hu / 2,
    "ten times the slope": lambda hu: hu * 10,
    "200 too high": lambda hu: hu + 200,
    "a window in 8 bit": lambda hu: np.clip(hu, 0, 80) / 80 * 255,
    "all of it in 8 bit": lambda hu: np.clip((hu + 1024) / 8, 0, 255),
    "8 bit and the usual offset": lambda hu: np.clip((hu + 1024) / 8, 0, 255) - 1024,
    "0 to 1": lambda hu: np.clip(hu, 0, 80) / 80,
    "z-scores": lambda hu: (hu - hu.mean()) / hu.std(),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_head_in_hounsfield_units_is_not_doubted(head, name):
    assert codes(GOOD[name](head)) == []


@pytest.mark.parametrize("name", BAD)
def test_other_values_are_doubted(head, name):
    assert codes(BAD[name](head)) == [NoticeCode.VALUES_UNLIKE_A_HEAD]


@pytest.mark.parametrize("spoil", [lambda one: one + 1024, lambda one: padded(one + 1024)])
def test_one_slice_on_another_scale_is_named(head, spoil):
    hu = head.copy()
    hu[5] = spoil(hu[5])
    (notice,) = value_notices(np.rint(hu).astype(np.int16))
    assert notice.code is NoticeCode.SLICE_VALUES_UNLIKE
    assert notice.data == {"slices": 1, "of": 8}
    assert "number 6" in notice.sentence


SPOILT_SLICE = {
    "offset lost": lambda one: one + 1024,
    "offset twice, cut off": lambda one: np.clip(one - 1024, -1024, None),
    "slope doubled before the offset": lambda one: (one + 1024) * 2 - 1024,
    "slope halved before the offset": lambda one: (one + 1024) / 2 - 1024,
    "200 too high": lambda one: one + 200,
    "lost": lambda one: np.full_like(one, -1024),
    "a window": lambda one: np.clip(one, 0, 80),
}


@pytest.mark.parametrize("name", SPOILT_SLICE)
def test_a_slice_is_compared_with_those_beside_it(head, name):
    hu = head.copy()
    hu[3] = SPOILT_SLICE[name](hu[3])
    assert codes(hu) == [NoticeCode.SLICE_VALUES_UNLIKE]


def test_a_head_may_taper_at_both_ends_and_widen_between(head):
    y, x = np.mgrid[:128, :128] - 63.5
    tapered = head.copy()
    for z, share in enumerate((0.2, 0.5, 0.8, 1.0, 0.9, 0.7, 0.4, 0.1)):
        tapered[z] = np.where(np.hypot(x / 54, y / 62.7) < share, head[z], -1000 + head[z] % 7)
    assert codes(tapered) == []


def test_a_window_is_judged_inside_its_range(head):
    grey = np.clip(head, 0, 255)
    assert codes(grey, kept=(0, 255)) == []
    assert codes(np.clip(head * 255 / 80, 0, 255), kept=(0, 255)) == [NoticeCode.VALUES_UNLIKE_A_HEAD]
    assert codes(head, kept=(0, 255)) == [NoticeCode.VALUES_UNLIKE_A_HEAD]


def test_doubts_are_found_by_code_each_once():
    said = [
        limitation(NoticeCode.COMPUTED_PICTURE, "computed"),
        limitation(NoticeCode.RESCALE_MISSING, "missing"),
        warning(NoticeCode.RESCALE_MISSING, "missing, again"),
        warning(NoticeCode.BONE_KERNEL, "bone"),
    ]
    assert [doubt.sentence for doubt in hounsfield_doubts(said)] == ["missing"]
    assert doubt_sentences(said) == ("missing", "computed")
