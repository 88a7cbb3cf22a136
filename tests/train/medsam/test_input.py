from __future__ import annotations

import numpy as np

from cpam_train.medsam.input import given
from napari_cpam_stroke.prompting import Prompt, PromptKind

HEIGHT, WIDTH = 512, 400


def prompt(kind: str, *path: tuple[float, float], adds: bool = True) -> Prompt:
    return Prompt(PromptKind(kind), 0, path, adds)


def test_scribble_and_lasso_are_given_as_points_and_box():
    nothing = np.zeros((HEIGHT, WIDTH), dtype=bool)
    line = prompt("scribble", (10, 10), (10, 20), (20, 20))
    around = prompt("lasso", (4, 5), (30, 8), (12, 40))
    points, box = given((line, around), nothing, 1.0)
    assert points == [(10, 10, True), (20, 10, True), (20, 20, True)]
    assert box == (5, 4, 40, 30)


def test_where_nothing_says_what_belongs_the_box_of_the_mask_does():
    drawn = np.zeros((HEIGHT, WIDTH), dtype=bool)
    drawn[20:31, 40:61] = True
    away = prompt("point", (25, 50), adds=False)
    assert given((away,), drawn, 1.0)[1] == (40, 20, 60, 30)
    assert given((away, prompt("point", (25, 50))), drawn, 1.0)[1] is None
