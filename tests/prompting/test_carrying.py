"""A lesion carried from slice to slice: where it goes, and where it stops."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.prompting import Prompt, PromptKind, PromptRequest
from napari_cpam_stroke.prompting.carrying import Carried, carried_request, carry_on

from ..fill_engine import FillEngine  # noqa: TID252 - the tests are no installed package
from .squares import LEFT, SIZE, stack

ISCHEMIA = LesionClass.ISCHEMIA
FREE = np.zeros((SIZE, SIZE), dtype=bool)


@pytest.fixture
def volume() -> CTVolume:
    return stack()


def lesion(volume: CTVolume, z: int, *prompts: Prompt) -> Carried:
    region = volume.hu[z] == 20
    region[:, 30:] = False
    made = prompts or (Prompt(PromptKind.POINT, z, ((12.0, 12.0),)),)
    return Carried(z, region, PromptRequest(volume, z, ISCHEMIA, made, FREE))


def carried(volume: CTVolume, z: int, way: int) -> list[Carried]:
    return list(carry_on(FillEngine(), lesion(volume, z), way, lambda *_: FREE))


@pytest.mark.parametrize("way", [1, -1])
def test_it_goes_to_the_end_of_the_series(volume: CTVolume, way: int) -> None:
    found = carried(volume, 2, way)
    assert [each.slice_index for each in found] == ([3, 4, 5] if way == 1 else [1, 0])
    for each in found:
        np.testing.assert_array_equal(each.region, lesion(volume, each.slice_index).region)


def test_it_goes_straight_through_the_patient_under_tilt() -> None:
    tilted = stack(tilt=-15)
    away = Prompt(PromptKind.POINT, 2, ((12.0, 9.0),), adds=False)
    request = carried_request(tilted, ISCHEMIA, lesion(tilted, 2).region, (away,), (2, 3))
    np.testing.assert_array_equal(request.before, lesion(tilted, 3).region)
    rows = round((tilted.geometry.positions_mm[2] - tilted.geometry.positions_mm[3])[1] / 0.5)
    assert rows == 3
    assert request.prompts[1].path == ((12.0 + rows, 9.0),)
    assert (request.prompts[1].slice_index, request.prompts[1].adds) == (3, False)
    assert [each.slice_index for each in carried(tilted, 2, 1)] == [3, 4, 5]


def test_a_point_in_its_middle_stands_for_the_readers_own(volume: CTVolume) -> None:
    rim = Prompt(PromptKind.POINT, 2, ((10.0, 8.0),))
    request = carried_request(volume, ISCHEMIA, lesion(volume, 2).region, (rim,), (2, 3))
    (middle,) = request.prompts
    assert middle.adds
    assert all(abs(place - centre) <= 1 for place, centre in zip(middle.path[0], (14.5, 12.5), strict=True))


def test_it_stops_where_the_lesion_is_no_longer_seen(volume: CTVolume) -> None:
    volume.hu[4][LEFT] = 34
    assert [each.slice_index for each in carried(volume, 2, 1)] == [3]


def test_it_stops_where_almost_nothing_is_left(volume: CTVolume) -> None:
    blocked = np.ones((SIZE, SIZE), dtype=bool)
    blocked[12:14, 12:14] = False
    found = list(carry_on(FillEngine(), lesion(volume, 2), 1, lambda z, _: blocked if z == 4 else FREE))
    assert [each.slice_index for each in found] == [3]


def test_what_is_blocked_is_not_carried_into(volume: CTVolume) -> None:
    blocked = FREE.copy()
    blocked[:15] = True
    (first, *_) = carry_on(FillEngine(), lesion(volume, 2), 1, lambda *_: blocked)
    assert not first.region[:15].any()
    assert first.region[15:20, 8:18].all()


def test_it_does_not_jump_a_wide_gap() -> None:
    uneven = stack(steps=(5.0, 5.0, 5.0, 15.0, 5.0))
    assert [each.slice_index for each in carried(uneven, 2, 1)] == [3]
    with pytest.raises(InputError, match=r"15\.0 mm"):
        carried_request(uneven, ISCHEMIA, lesion(uneven, 3).region, (), (3, 4))


def test_it_goes_no_farther_than_a_lesion_reaches() -> None:
    long = stack(steps=(10.0,) * 12)
    assert [each.slice_index for each in carried(long, 0, 1)] == [1, 2, 3, 4, 5, 6]


def test_it_can_be_stopped(volume: CTVolume) -> None:
    assert list(carry_on(FillEngine(), lesion(volume, 2), 1, lambda *_: FREE, lambda: True)) == []


def test_without_positions_slices_lie_over_each_other(volume: CTVolume) -> None:
    plain = CTVolume(hu=volume.hu, geometry=None, case_id="plain")
    assert [each.slice_index for each in carried(plain, 2, 1)] == [3, 4, 5]
