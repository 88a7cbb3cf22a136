"""What a training tells, read while it is written."""

from __future__ import annotations

import json

from napari_cpam_stroke.retraining import EventFile, Standing


def epoch(number, dice, loss=0.5):
    return {"stage": "epoch", "epoch": number, "epochs": 9, "train_loss": loss, "dice_ischemia": dice, "score": dice}


def test_a_half_line_waits_for_its_end(tmp_path):
    file = tmp_path / "progress.jsonl"
    events = EventFile(file)
    assert events.read() == []
    whole, begun = json.dumps({"stage": "preparing"}), json.dumps({"stage": "training", "done": 0.25})
    file.write_text(f"{whole}\n{begun[:12]}")
    assert events.read() == [{"stage": "preparing"}]
    assert events.read() == []
    with file.open("a") as stream:
        stream.write(f"{begun[12:]}\n")
    assert events.read() == [{"stage": "training", "done": 0.25}]


def test_what_is_no_event_is_passed_over(tmp_path):
    file = tmp_path / "progress.jsonl"
    file.write_bytes(b'nonsense\n[1]\n\xff\xfe\n{"stage": "done"}\n')
    assert EventFile(file).read() == [{"stage": "done"}]


def test_a_file_begun_anew_is_read_from_its_top(tmp_path):
    file = tmp_path / "progress.jsonl"
    file.write_text('{"stage": "training"}\n{"stage": "done"}\n')
    events = EventFile(file)
    events.read()
    file.write_text('{"stage": "failed"}\n')
    assert events.read() == [{"stage": "failed"}]


def test_a_long_file_is_read_in_portions_and_whole_if_asked(tmp_path):
    file = tmp_path / "progress.jsonl"
    file.write_text("".join(json.dumps({"stage": "training", "step": i}) + "\n" for i in range(5000)))
    portion = EventFile(file).read()
    assert 100 < len(portion) < 5000
    assert [event["step"] for event in EventFile(file).read_all()] == list(range(5000))


def test_the_standing_follows_the_events():
    standing = Standing().after(
        [
            {"stage": "training", "epoch": 1, "epochs": 9, "done": 0.05, "seconds_left": 60.0},
            epoch(1, 0.25) | {"best_epoch": 1},
            {"stage": "training", "epoch": 2, "epochs": 9, "done": 0.15, "seconds_left": 50.0},
        ]
    )
    assert (standing.stage, standing.epoch, standing.epochs, standing.best_epoch) == ("training", 2, 9, 1)
    assert (standing.done, standing.seconds_left) == (0.15, 50.0)
    (first,) = standing.curve
    assert (first.number, first.train_loss, first.validation_loss, first.dice) == (1, 0.5, None, {"ischemia": 0.25})


def test_epochs_done_again_take_the_place_of_the_old():
    standing = Standing().after([epoch(1, 0.1), epoch(2, 0.2), epoch(3, 0.3), epoch(2, 0.25)])
    assert [(e.number, e.score) for e in standing.curve] == [(1, 0.1), (2, 0.25)]


def test_a_failure_is_kept_in_its_words_until_it_goes_on():
    failed = Standing().after([{"stage": "failed", "error": "The disk is full."}])
    assert (failed.stage, failed.error) == ("failed", "The disk is full.")
    assert failed.after([{"stage": "preparing"}]).error == ""


def test_values_of_a_wrong_type_do_no_harm():
    standing = Standing().after(
        [{"stage": "epoch", "epoch": "x", "done": "y", "dice_ischemia": None, "train_loss": []}]
    )
    assert standing.curve[0].dice == {}
    assert standing.done == 0.0
