import json

import pytest

from cpam_train.config import TrainConfig
from cpam_train.presets import PRESETS, PROMPTED, PROMPTED_CLASS, PROMPTED_PRESETS, build_train_config
from napari_cpam_stroke.config import build_config, plain
from napari_cpam_stroke.errors import ConfigError

CT_PRESETS = [name for name in PRESETS if name != "brats"]


@pytest.mark.parametrize("preset", CT_PRESETS)
@pytest.mark.parametrize("kind", ["segmenter", "classifier"])
def test_presets_survive_json(kind, preset):
    config = build_train_config(kind, preset=preset)
    assert build_config(TrainConfig, json.loads(json.dumps(plain(config)))) == config
    assert config.model.in_channels == config.preprocess.channels


@pytest.mark.parametrize("preset", PROMPTED_PRESETS)
@pytest.mark.parametrize("kind", list(PROMPTED))
def test_presets_with_prompts_survive_json(kind, preset):
    config = build_train_config(kind, preset=preset)
    assert build_config(TrainConfig, json.loads(json.dumps(plain(config)))) == config
    assert config.model.classes == (PROMPTED_CLASS,)
    with pytest.raises(ConfigError, match="'paper' has no prompts"):
        build_train_config(kind, preset="paper")


def test_brats_preset_fits_the_set():
    from cpam_train.brats.regions import CHANNELS, CLASSES

    config = build_train_config("segmenter", preset="brats")
    assert config.model.classes == CLASSES
    assert config.model.in_channels == len(CHANNELS)
    with pytest.raises(ConfigError, match="segmenters only"):
        build_train_config("classifier", preset="brats")


def test_paper_preset_holds_the_papers_values():
    config = build_train_config("segmenter", preset="paper")
    assert (config.optim.lr, config.data.batch_size, config.epochs, config.model.dropout) == (1e-4, 32, 100, 0.3)
    assert (config.augment.crop_size, config.loss.alpha, config.loss.gamma) == (128, 0.25, 2)
    assert (config.loss.name, config.loss.bce_weight, config.loss.focal_weight) == ("bce_focal", 0.25, 0.75)
    assert (config.stop.patience, config.stop.patience_multiplier) == (20, 2)
    assert not config.data.synthetic
    with_stroke, without = config.data.draws
    assert (with_stroke * 2223, without * 4427) == (
        8892,
        8854,
    )  # the paper's Table 1, from the slices of TEKNOFEST-2021


def test_set_beats_file_beats_preset(tmp_path):
    file = tmp_path / "c.json"
    file.write_text(json.dumps({"epochs": 7, "optim": {"lr": 0.5}}))
    config = build_train_config("segmenter", file=file, overrides=["optim.lr=0.25", "model.architecture=unet"])
    assert (config.epochs, config.optim.lr, config.model.architecture) == (7, 0.25, "unet")


def test_network_takes_its_channels_and_size_from_the_input():
    config = build_train_config("segmenter", overrides=["preprocess.context_slices=3", "preprocess.size=128"])
    assert (config.model.in_channels, config.model.input_size) == (9, 128)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("optim.lrr=1", "did you mean 'lr'"),
        ("optimm.lr=1", "did you mean 'optim'"),
        ("optim=1", "is a group"),
        ('data.reason_weights={"calcificaton": 3}', "did you mean 'calcification'"),
        ("optim.lr", "a.b=value"),
        ("optim.lr=fast", "optim.lr"),
        ("optim.lr=inf", "optim.lr.*inf.*finite"),
        ("seed=-1", "seed.*-1"),
        ("seed=4294967296", "seed.*4294967296"),
        ("model.backbone=vgg16", "does not exist"),
    ],
)
def test_wrong_settings_are_named(override, said):
    with pytest.raises(ConfigError, match=said):
        build_train_config("segmenter", overrides=[override])


@pytest.mark.parametrize("text", ["[]", "{", '{"optim": {"lrr": 1}}'])
def test_wrong_files_are_refused(tmp_path, text):
    file = tmp_path / "c.json"
    file.write_text(text)
    with pytest.raises(ConfigError):
        build_train_config("segmenter", file=file)
