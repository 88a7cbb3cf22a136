from __future__ import annotations

import numpy as np
import pytest

from cpam_train.config import DataConfig
from cpam_train.data.prompted_slices import PromptedDataset, prompted_rows
from cpam_train.data.readers_prompts import first_prompts, mirrored, sent_again, zoom_of
from cpam_train.data.slices import collect_slices
from cpam_train.fitting.prompted_batches import prompted_weights
from napari_cpam_stroke.config import PreprocessConfig, PromptInput
from napari_cpam_stroke.core import Annotation, CTVolume, LesionClass
from napari_cpam_stroke.prompting import Prompt, PromptKind, PromptsUsed, UsedPrompt
from napari_cpam_stroke.prompting.maps import draw_maps
from napari_cpam_stroke.prompting.network_input import PROMPT_CHANNELS

CONFIG = PreprocessConfig(size=64, crop_to_head=False, align_midline=False)
KIND, WANTED, REFUSED, SURROUNDED, BEFORE = range(-len(PROMPT_CHANNELS), 0)
CENTRE = (64.0, 86.0)
"""Row and column of the lesion of a synthetic head."""


def point(*places, adds=True, z=0):
    return [Prompt(PromptKind.POINT, z, (place,), adds) for place in places]


@pytest.fixture
def read(store, head):
    """A case of three slices, read with prompts on the first; returns the slices offered for training."""

    def make(*prompts):
        hu, mask = head(1, slices=3, lesion=1)
        store.add_case(CTVolume(hu, None, "read", patient_id="read"), source="reader")
        used = PromptsUsed("random walker", tuple(UsedPrompt(LesionClass.ISCHEMIA, prompt) for prompt in prompts))
        store.save("read", Annotation.from_mask(mask), author="Ada", algorithm_type="SEMIAUTOMATIC", prompts=used)
        return collect_slices(store)

    return make


TWO_PARTS = np.zeros((20, 20), dtype=bool)
TWO_PARTS[2:5, 2:5] = TWO_PARTS[10:15, 10:15] = True


@pytest.mark.parametrize(
    ("prompts", "drawn", "again"),
    [
        (point((3.0, 3.0)), TWO_PARTS, 0),
        (point((3.0, 3.0), (12.0, 12.0)), TWO_PARTS, 0),
        (point((3.0, 3.0), (12.0, 12.0), (11.0, 14.0)), TWO_PARTS, 1),
        (point((3.0, 3.0)) + point((8.0, 8.0), (9.0, 9.0), adds=False), TWO_PARTS, 2),
        (point((3.0, 3.0), adds=False), np.zeros_like(TWO_PARTS), 1),
        (point((3.0, 3.0), (4.0, 4.0)), np.zeros_like(TWO_PARTS), 1),
    ],
)
def test_what_no_part_needed_to_begin_was_sent_again(prompts, drawn, again):
    assert sent_again(prompts, drawn) == again


def test_slices_know_the_prompts_they_were_read_with(read):
    prompts = point(CENTRE, (66.0, 88.0)) + point((20.0, 20.0), adds=False)
    first, *others = read(*prompts)
    assert first.prompts == (tuple(prompts), ())
    assert first.sent_again == (2, 0)
    assert all(row.prompts == ((), ()) and row.sent_again == (0, 0) for row in others)


def test_corrected_slices_are_drawn_more_often_for_the_prompted_network_too(read):
    rows = prompted_rows(read(*point(CENTRE, (66.0, 88.0), (62.0, 84.0))))
    ischemia = [n for n, row in enumerate(rows) if row.lesion_class is LesionClass.ISCHEMIA]
    plain, mined = (prompted_weights(rows, DataConfig(prompt_weight=weight))[ischemia] for weight in (0.0, 0.5))
    assert plain.tolist() == pytest.approx([float(plain[0])] * 3)
    assert mined[0] / mined[1] == pytest.approx(2)
    assert mined.sum() == pytest.approx(float(plain.sum())), "a class is drawn as often as before"


def test_readers_prompts_are_shown_from_nothing_where_they_were_given(read, store):
    given = point(CENTRE, (60.0, 84.0))
    rows = [row for row in prompted_rows(read(*given)) if row.given]
    data = PromptedDataset(store, CONFIG, PromptInput(), rows, varied=False, replay=1.0)
    volume = store.read_volume("read")
    assert len(rows) == 1
    seen = set()
    for epoch in range(8):
        data.set_epoch(epoch)
        item = data[0]
        assert not item["image"][BEFORE].any()
        assert not item["image"][REFUSED].any()
        shown = [n for n in (1, 2) if np.array_equal(item["image"][WANTED].numpy() > 0, wanted(given[:n], volume))]
        assert len(shown) == 1
        seen.add(shown[0])
        assert item["mask"].any()
    assert seen == {1, 2}, "the first alone, and both"


def test_a_mirrored_picture_keeps_its_prompts_on_the_lesion(read, store):
    given = point(CENTRE) + point((64.0, 30.0), adds=False)
    rows = [row for row in prompted_rows(read(*given)) if row.given]
    data = PromptedDataset(store, CONFIG, PromptInput(), rows, varied=True, replay=1.0)
    sides = set()
    for epoch in range(12):
        data.set_epoch(epoch)
        item = data[0]
        assert (item["image"][WANTED].bool() & item["mask"].bool()).any()
        if item["image"][REFUSED].any():
            columns = np.nonzero(item["mask"].numpy())[1]
            sides.add(bool(columns.mean() > 32))
    assert sides == {True, False}


def wanted(prompts, volume):
    zoom = zoom_of(prompts, volume, PromptInput().smallest_mm, CONFIG.size)
    return draw_maps([zoom.onto(each) for each in prompts], (64, 64), (zoom.pixel_mm, zoom.pixel_mm)).wanted


def test_readers_who_began_by_taking_away_are_not_replayed():
    rng = np.random.default_rng(0)
    assert first_prompts(point((3.0, 3.0), adds=False) + point((5.0, 5.0)), rng) == ()
    assert first_prompts((), rng) == ()


def test_prompts_are_mirrored_with_their_picture():
    volume = CTVolume(np.zeros((1, 128, 128), np.int16), None, "plain")
    prompts = point((50.0, 40.0))
    zoom = zoom_of(prompts + point((60.0, 90.0)), volume, 96, 64)
    there = [zoom.onto(each) for each in prompts]
    straight, turned = (
        draw_maps(each, (64, 64), (zoom.pixel_mm, zoom.pixel_mm)).wanted for each in (there, mirrored(there, zoom))
    )
    np.testing.assert_array_equal(turned, straight[:, ::-1])
    assert not np.array_equal(turned, straight)
