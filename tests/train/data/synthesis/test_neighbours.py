"""The slices above and below: whichever form they come in, the slice itself stays, and the form tells no source."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from cpam_train.data.synthesis import Sample, SynthesisConfig, synthesise
from cpam_train.data.synthesis.neighbours import draw_neighbours, show_neighbours
from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core.preprocess import codes_to_hu, hu_to_codes

PREPROCESS = PreprocessConfig(size=128, context_slices=3)
NO_LESIONS = {"hemorrhage_p": 0.0, "ischemia_p": 0.0, "heal_p": 0.0}


def stack_of(head, slices=3):
    hu = np.stack([head(seed)[0][0] for seed in range(slices)]).astype(np.float32)
    return hu_to_codes(hu, PREPROCESS)


def single_of(head, slices=3):
    return np.repeat(stack_of(head, 1), slices, axis=0)


def shown(codes, seed=0, **shares):
    config = SynthesisConfig(**({"repeat_context_p": 0.0, "draw_context_p": 0.0} | shares))
    return show_neighbours(codes, PREPROCESS, config, np.random.default_rng(seed))


def form_of(codes, own):
    if (codes == codes[1]).all():
        return "repeated"
    return "own" if np.array_equal(codes, own) or np.array_equal(codes[::-1], own) else "drawn"


@pytest.mark.parametrize("shares", [{}, {"repeat_context_p": 1.0}, {"draw_context_p": 1.0}])
@pytest.mark.parametrize("make", [stack_of, single_of])
def test_the_slice_itself_stays(head, make, shares):
    codes = make(head)
    for seed in range(3):
        assert np.array_equal(shown(codes, seed, **shares)[1], codes[1])


def test_a_series_and_a_single_slice_come_in_the_forms_that_were_asked_for(head):
    series, single = stack_of(head), single_of(head)
    shares = {"repeat_context_p": 0.3, "draw_context_p": 0.3}
    forms = [form_of(shown(series, seed, **shares), series) for seed in range(300)]
    assert forms.count("repeated") == pytest.approx(90, abs=30)
    assert forms.count("drawn") == pytest.approx(90, abs=30)
    assert forms.count("own") == pytest.approx(120, abs=30)
    forms = ["repeated" if (shown(single, seed, **shares) == single).all() else "drawn" for seed in range(300)]
    assert forms.count("repeated") == pytest.approx(90, abs=30)


def test_own_neighbours_come_in_either_order(head):
    codes = stack_of(head)
    first = {bytes(shown(codes, seed)[0]) for seed in range(20)}
    assert first == {bytes(codes[0]), bytes(codes[2])}


def test_drawn_neighbours_are_the_head_a_little_larger_and_smaller(head):
    hu = codes_to_hu(stack_of(head, 1)[0], PREPROCESS)
    config = SynthesisConfig(neighbour_growth=(0.05, 0.05), neighbour_bend=(0.0, 0.0))
    drawn = draw_neighbours(hu, 5, config, np.random.default_rng(1))
    areas = (drawn > 0).sum(axis=(1, 2))
    assert np.array_equal(drawn[2], hu)
    assert (np.diff(areas) > 0).all() or (np.diff(areas) < 0).all()
    assert max(areas[0], areas[4]) / areas[2] == pytest.approx(1.05**4, rel=0.04)


def test_drawn_neighbours_have_noise_of_their_own(head):
    hu = codes_to_hu(stack_of(head, 1)[0], PREPROCESS)
    still = SynthesisConfig(neighbour_growth=(0.0, 0.0), neighbour_bend=(0.0, 0.0))
    drawn = draw_neighbours(hu, 3, still, np.random.default_rng(1))
    tissue = (hu > 10) & (hu < 60)
    assert 0.3 < (drawn[0] - hu)[tissue].std() < 10
    assert np.array_equal(drawn[0][~((hu > 0) & (hu < 80))], hu[~((hu > 0) & (hu < 80))])
    assert abs(np.corrcoef((drawn[0] - hu)[tissue], (drawn[2] - hu)[tissue])[0, 1]) < 0.2


def test_a_single_slice_as_input_draws_nothing(head):
    """Settings of neighbours change nothing for a network that sees one slice."""
    hu, mask = head(0, slices=1, lesion=1)
    sample = Sample(hu_to_codes(hu.astype(np.float32), PREPROCESS), mask[0], (True, True), (1, 0))
    config = SynthesisConfig(**NO_LESIONS, draw_context_p=1.0, repeat_context_p=0.0)
    assert synthesise(sample, PREPROCESS, config, np.random.default_rng(0)) is sample


def test_shares_of_more_than_all_slices_are_refused():
    with pytest.raises(ValidationError, match="at most 1 together"):
        SynthesisConfig(repeat_context_p=0.6, draw_context_p=0.6)
