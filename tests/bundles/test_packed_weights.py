"""Weights in fewer bits: back within half a step, smaller, and whole or not at all."""

from __future__ import annotations

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from napari_cpam_stroke.bundles.packed_weights import STEPS, pack_weights, unpack_weights
from napari_cpam_stroke.errors import BundleError


def some_weights() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    kernel = torch.randn(5, 3, 3, 3, generator=generator) * torch.tensor([1e-4, 1, 50, 0, 1e-2]).reshape(-1, 1, 1, 1)
    return {"kernel": kernel, "bias": torch.randn(5, generator=generator), "count": torch.tensor(7)}


def test_each_output_comes_back_within_half_a_step_of_its_own():
    state = some_weights()
    back = unpack_weights(pack_weights(state, "int8"))
    steps = state["kernel"].abs().flatten(1).amax(1) / STEPS
    worst = (back["kernel"] - state["kernel"]).abs().flatten(1).amax(1)
    assert back.keys() == state.keys()
    assert (worst <= steps * 0.5001).all()
    assert (back["kernel"][3] == 0).all()
    torch.testing.assert_close(back["bias"].float(), state["bias"], rtol=1e-3, atol=1e-3)
    assert back["count"] == 7


def test_packed_twice_it_stays_as_it_was():
    once = unpack_weights(pack_weights(some_weights(), "int8"))
    torch.testing.assert_close(unpack_weights(pack_weights(once, "int8"))["kernel"], once["kernel"], rtol=1e-6, atol=0)


def test_it_takes_half_the_bytes_of_float16():
    state = {"kernel": torch.randn(256, 512)}
    assert len(pack_weights(state, "int8")) < 0.52 * len(pack_weights(state, "float16"))


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_what_is_no_number_is_not_packed(value, dtype):
    state = some_weights()
    state["kernel"][2, 1] = value
    with pytest.raises(BundleError, match="not finite"):
        pack_weights(state, dtype)


@pytest.mark.parametrize("change", ["lost", "longer"])
def test_steps_that_do_not_fit_are_refused(change):
    stored = load(pack_weights(some_weights(), "int8"))
    if change == "lost":
        del stored["kernel"]
    else:
        stored["kernel:scale"] = torch.ones(9)
    with pytest.raises(SafetensorError, match="kernel"):
        unpack_weights(save(stored))
