"""Weights as the bytes of a safetensors file, in fewer bits where a card says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from napari_cpam_stroke.bundles.card import WeightsDtype
from napari_cpam_stroke.errors import BundleError

if TYPE_CHECKING:
    from torch import Tensor

SCALE = ":scale"
"""Ends the name of the (outputs,) steps of an int8 tensor, which has the name before it; no module has a colon."""

STEPS = 127
"""To either side of zero."""

SMALLEST_STEP = 1e-12
"""Where an output has no weights but 0."""


def pack_weights(state_dict: Mapping[str, Tensor], dtype: WeightsDtype) -> bytes:
    """Return a safetensors file of tensors by name, of any shape and on any device.

    Raises
    ------
    BundleError
        If a value is no number, or too large for the precision.
    """
    from safetensors.torch import save

    tensors = {
        key: stored.contiguous().clone()
        for name, tensor in state_dict.items()
        for key, stored in _packed(name, tensor.detach().cpu(), dtype)
    }
    if not finite(state_dict) or not finite(tensors):
        raise BundleError(
            f"The weights hold values that are not finite in {dtype}",
            remedy="train again with a lower learning rate, or save as float32",
        )
    content: bytes = save(tensors)
    return content


def unpack_weights(content: bytes) -> dict[str, Tensor]:
    """Return the tensors by name, of any shape, that `pack_weights` was given, int8 ones as float32.

    Raises
    ------
    SafetensorError
        If it is not such a file.
    """
    from safetensors.torch import load

    stored: dict[str, Tensor] = load(content)
    scales = {name.removesuffix(SCALE): tensor for name, tensor in stored.items() if name.endswith(SCALE)}
    stray = next((name for name, scale in scales.items() if not _belongs(stored.get(name), scale)), None)
    if stray is not None:
        raise SafetensorError(f"the steps of {stray} do not fit")
    return {
        name: tensor.float() * _along_outputs(scales[name].float(), tensor) if name in scales else tensor
        for name, tensor in stored.items()
        if not name.endswith(SCALE)
    }


def finite(state_dict: Mapping[str, Tensor]) -> bool:
    """Return whether every value of tensors of any shape is a number."""
    return all(bool(tensor.isfinite().all()) for tensor in state_dict.values())


def _packed(name: str, tensor: Tensor, dtype: WeightsDtype) -> Iterator[tuple[str, Tensor]]:
    """Yield what is stored for one tensor, by name."""
    import torch

    if not tensor.is_floating_point():
        yield name, tensor
    elif dtype == "int8" and tensor.ndim > 1:
        wide = tensor.float()
        scale = (wide.abs().flatten(1).amax(1) / STEPS).clamp_min(SMALLEST_STEP)
        yield name, (wide / _along_outputs(scale, wide)).round().clamp(-STEPS, STEPS).to(torch.int8)
        yield name + SCALE, scale
    else:
        yield name, tensor.to(torch.float32 if dtype == "float32" else torch.float16)


def _belongs(tensor: Tensor | None, scale: Tensor) -> bool:
    """Return whether steps are those of an int8 tensor."""
    import torch

    return tensor is not None and tensor.dtype == torch.int8 and tensor.ndim > 1 and scale.shape == tensor.shape[:1]


def _along_outputs(scale: Tensor, tensor: Tensor) -> Tensor:
    return scale.reshape(-1, *[1] * (tensor.ndim - 1))
