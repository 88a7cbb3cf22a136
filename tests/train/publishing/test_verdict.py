"""What a comparison leaves for other programs: old, new, their difference, what is missing, and the worst cases."""

from __future__ import annotations

import json

import pytest

from cpam_train.publishing.gate import Margins, demands_on
from cpam_train.publishing.promote import Gate
from cpam_train.publishing.verdict import WORST, plain_verdict
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.retraining.comparison import VERDICT_FILE, read_comparison

from .test_gate import OLD, judged, moved


def verdict(new, old):
    gate = Gate("default@1.0", demands_on(new, old, Margins()), "")
    return json.loads(json.dumps(plain_verdict(new, old, gate)))


def test_the_plugin_reads_what_the_trainer_writes(tmp_path):
    written = verdict(judged(moved(0.1)), judged(OLD))
    (tmp_path / VERDICT_FILE).write_text(json.dumps(written))
    found = read_comparison(tmp_path)
    assert (found.name, found.rival, found.shown, found.missing) == ("m", "default@1.0", True, ())
    assert (found.cases, found.patients) == (24, 24)
    dice = {f.lesion_class: f for f in found.figures if f.figure == "dice"}
    for lesion_class in LesionClass:
        figures = dice[lesion_class.label]
        assert figures.new - figures.old == pytest.approx(0.1, abs=1e-4)
        assert figures.difference == pytest.approx(0.1, abs=1e-4)
        assert figures.low <= figures.difference <= figures.high


def test_what_is_not_shown_is_named():
    written = verdict(judged(OLD), judged(OLD))
    assert not written["shown"]
    assert [d["words"] for d in written["demands"] if not d["met"]] == [
        "a gain in one class, with its whole interval above 0"
    ]


def test_the_worst_cases_come_first_and_cases_without_the_class_never():
    values = {c: [0.9 - 0.02 * i if i % 2 else None for i in range(24)] for c in LesionClass}
    worst = verdict(judged(values), judged(OLD))["worst"]
    assert len(worst) == WORST
    assert [row["case_id"] for row in worst[:3]] == ["c23", "c23", "c21"]
    assert worst[0]["new"] == pytest.approx(0.44)
    assert worst[0]["old"] == pytest.approx(0.53)
