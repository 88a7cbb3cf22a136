from __future__ import annotations

import pytest

from napari_cpam_stroke.bundles import Registry
from napari_cpam_stroke.bundles.training_words import training_in_short


def test_patients_per_source_in_one_line() -> None:
    train = {"mbh": {"patients": 20, "cases": 28}, "ct-ich": {"patients": 49}, "odd": {"cases": 3}}
    assert training_in_short({"data": {"train": train, "split_rule": "by patient"}}) == "69 patients: ct-ich 49, mbh 20"


@pytest.mark.parametrize("training", [{}, {"data": "much"}, {"data": {"train": ["a"]}}, {"data": {"train": {"a": 7}}}])
def test_a_card_that_does_not_say_gives_nothing(training: dict[str, object]) -> None:
    assert training_in_short(training) == ""


def test_the_bundled_model_says_on_whom_it_was_trained() -> None:
    identity = Registry().resolve("default").card.identity
    assert "patients: " in identity.training
    assert len(identity.sha256) == 64
