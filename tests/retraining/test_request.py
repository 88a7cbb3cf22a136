"""The command lines of a retraining are ones the trainer takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.main import get_command

from cpam_train.cli import app
from cpam_train.presets import build_train_config
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.retraining import PRESETS, Request
from napari_cpam_stroke.retraining.request import (
    TRAINER,
    judging,
    request_from_json,
    request_to_json,
    settings_in,
    taking,
)

RUN, STUDY = Path("/w/run"), Path("/w/study")


def asked(**changes):
    return Request(**{"store": "/s", "start": "default", "name": "mine"} | changes)


def parsed(command):
    """What the trainer understands of a command line, by option."""
    assert tuple(command[: len(TRAINER)]) == TRAINER
    name, *arguments = command[len(TRAINER) :]
    params = get_command(app).commands[name].make_context(name, arguments).params
    return name, params | {key: Path(params[key]) for key in ("run", "out", "config") if params.get(key)}


def test_a_quick_training_is_told_when_to_end():
    name, options = parsed(asked().fitting(RUN, found=None, resume=False))
    assert name == "fit"
    assert (options["kind"], options["store"], options["run"], options["start"]) == ("segmenter", "/s", RUN, "default")
    assert (options["progress"], options["resume"], options["config"]) == ("jsonl", False, None)
    assert build_train_config("segmenter", overrides=options["settings"]).stop.max_minutes == 15


def test_a_thorough_training_ends_by_itself():
    _, options = parsed(asked(preset="thorough").fitting(RUN, found=None, resume=False))
    assert build_train_config("segmenter", overrides=options["settings"]).stop.max_minutes is None


def test_the_readers_settings_come_last():
    request = asked(settings=("stop.max_minutes=1", "epochs=3"))
    _, options = parsed(request.fitting(RUN, found=None, resume=True))
    values = build_train_config("segmenter", overrides=options["settings"])
    assert (values.stop.max_minutes, values.epochs, options["resume"]) == (1, 3, True)


def test_a_search_is_followed_by_a_whole_training_with_what_it_found():
    request = asked(preset="tune")
    name, options = parsed(request.searching(STUDY))
    assert (name, options["study"], options["out"], options["start"]) == ("tune", "mine", STUDY, "default")
    assert options["trials"] == 12
    assert build_train_config("segmenter", overrides=options["settings"]).stop.max_minutes == 10
    _, options = parsed(request.fitting(RUN, found=STUDY / "best.json", resume=False))
    assert (options["config"], options["start"]) == (STUDY / "best.json", None)
    assert build_train_config("segmenter", overrides=options["settings"]).stop.max_minutes is None


def test_comparing_publishes_nothing_and_taking_does():
    name, options = parsed(judging(RUN, "/s", "mine"))
    assert (name, options["dry_run"], options["name"], options["insist"]) == ("promote", True, "mine", "")
    _, options = parsed(taking(RUN, "/s", "mine", "a demo"))
    assert (options["dry_run"], options["insist"], options["progress"]) == (False, "a demo", "jsonl")


@pytest.mark.parametrize("preset", PRESETS)
def test_a_request_is_read_as_it_was_written(preset):
    request = asked(preset=preset, settings=("a.b=1",))
    assert request_from_json(request_to_json(request)) == request


@pytest.mark.parametrize("name", ["", "../up", "a b", "x" * 80])
def test_a_name_that_is_no_folder_is_refused(name):
    with pytest.raises(ValidationError):
        asked(name=name)


def test_settings_are_parted_by_spaces_and_quotes_hold_together():
    assert settings_in("""epochs=3  'data.draws=[4, 2]'""") == ("epochs=3", "data.draws=[4, 2]")
    assert settings_in("  ") == ()
    for wrong in ("epochs", "=3", "'open"):
        with pytest.raises(InputError, match=r"a\.b=value"):
            settings_in(wrong)
