from dataclasses import replace

import pytest
from rich.console import Console

from cpam_train.commands.common import progress_bar
from cpam_train.data.slice_split import STAMP
from cpam_train.evaluation.model import opened_model
from cpam_train.evaluation.uncertainty import rank_cases
from cpam_train.learning_curve.choice import least_sure, strategies_of
from cpam_train.learning_curve.page import picture, render
from cpam_train.learning_curve.run import Plan, Workspace, initial, numbers_of, path_of, run_curve
from cpam_train.presets import build_train_config
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.errors import ConfigError, InputError

TINY = [
    "model.base_width=4",
    "model.depth=3",
    "model.attention.token_grid=4",
    "preprocess.size=32",
    "data.batch_size=2",
    "data.workers=0",
    "epochs=1",
]


@pytest.fixture
def plan():
    return Plan(build_train_config("segmenter", overrides=TINY), 2, (1, 3), ("random", "rank"))


@pytest.fixture
def workspace(store, tmp_path):
    return Workspace(store, tmp_path / "curve", Console(quiet=True), progress_bar)


def test_curve_from_start_to_page(plan, workspace):
    points = run_curve(plan, workspace)
    assert [(p.strategy, p.added) for p in points] == [
        ("start", 0),
        ("random", 1),
        ("random", 3),
        ("rank", 1),
        ("rank", 3),
    ]
    cases = {
        (p.strategy, p.added): set(RunFolder(path_of(workspace, p.strategy, p.added)).config().data.only_cases)
        for p in points
    }
    first = cases["start", 0]
    training = {case.case_id for case in workspace.store.cases(split="train")}
    for (strategy, added), own in cases.items():
        assert len(own) == plan.start + added
        assert first <= own <= training
        assert cases.get((strategy, 1), own) <= cases.get((strategy, 3), own)
    page = render(points, plan)
    assert "| rank | 5 |" in page
    assert STAMP not in page
    by_slice = build_train_config("segmenter", overrides=[*TINY, "data.split_by_slice=true"])
    assert STAMP in render(points, replace(plan, config=by_slice))
    assert picture(points, plan).startswith(b"\x89PNG")


def test_a_second_call_goes_on_and_trains_nothing_again(plan, workspace):
    one = Plan(plan.config, 2, (1,), ("random",))
    run_curve(one, workspace)
    weights = path_of(workspace, "random", 1) / "best.safetensors"
    before = weights.stat().st_mtime_ns
    run_curve(one, workspace)
    assert weights.stat().st_mtime_ns == before
    other = Plan(build_train_config("segmenter", overrides=[*TINY, "optim.lr=0.5"]), 2, (1,), ("random",))
    with pytest.raises(ConfigError, match="other settings"):
        run_curve(other, workspace)


def test_least_sure_is_the_order_of_rank(plan, workspace):
    run_curve(Plan(plan.config, 2, (1,), ("random",)), workspace)
    _, pool = initial(plan, workspace.store)
    with opened_model(path_of(workspace, "start", 0)) as predictor:
        ours = least_sure(pool, predictor, workspace.store)
        ranked = [r.case_id for r in rank_cases(predictor, workspace.store, everything=True, record=False)]
    assert ours == [case for case in ranked if case in pool]


def test_a_pool_that_is_too_small_is_said(plan, workspace):
    with pytest.raises(InputError, match="too few training cases"):
        run_curve(Plan(plan.config, 2, (100,), ("random",)), workspace)


@pytest.mark.parametrize("text", ["", "a", "3,-1", "0"])
def test_numbers_of_cases_are_checked(text):
    with pytest.raises(InputError, match="numbers of cases"):
        numbers_of(text)


def test_numbers_rise():
    assert numbers_of("30, 10,10") == (10, 30)


def test_an_unknown_strategy_is_named():
    with pytest.raises(ConfigError, match="oracle"):
        strategies_of(["random", "oracle"])
