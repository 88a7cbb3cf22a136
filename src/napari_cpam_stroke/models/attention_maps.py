"""What a network with cross patch attention looks at, on the pixels of its input."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn
from torch.nn import functional

from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.models.attention import CrossPatchAttention
from napari_cpam_stroke.models.padding import Padding


class AttentionMaps(nn.Module):
    """A network that can show its attention.

    Attributes
    ----------
    edge_multiple
        Inputs are padded to multiples of it.
    attention
        Attention modules by place and level, such as `skips2`.
    """

    edge_multiple: int
    attention: nn.ModuleDict

    @property
    @abstractmethod
    def attention_levels(self) -> tuple[int, ...]:
        """Levels that `explain` can show; level n is coarser than the input by 2**n."""

    @abstractmethod
    def attended(self, padded: Tensor, level: int) -> tuple[CrossPatchAttention, Tensor]:
        """Return the attention module of a level that has one, and the feature map it sees of x (B, C, H, W)."""

    def _attend(self, place: str, level: int, x: Tensor) -> Tensor:
        """Return x (B, C, H, W) as the module of a place changes it; as it is where none stands."""
        name = f"{place}{level}"
        if name not in self.attention:
            return x
        attended: Tensor = self.attention[name](x)
        return attended

    def explain(self, x: Tensor, level: int) -> Tensor:
        """Return the attention map A (B, h, N, N) of one level for an input (B, C, H, W).

        Raises
        ------
        InputError
            If no attention module stands at that level.
        """
        module, feature = self._attended(Padding.to_multiple(x, self.edge_multiple).pad(x), level)
        return module.attention_map(feature)

    def attention_from(self, x: Tensor, level: int, pixel: tuple[int, int]) -> Tensor:
        """Return what the patch under one pixel (row, column) of x attends to: (B, H, W), mean over the heads."""
        outer = Padding.to_multiple(x, self.edge_multiple)
        module, feature = self._attended(outer.pad(x), level)
        inner = Padding.to_multiple(feature, module.patch)
        rows, columns = inner.grid(module.patch)
        row = (((pixel[0] + outer.top) >> level) + inner.top) // module.patch
        column = (((pixel[1] + outer.left) >> level) + inner.left) // module.patch
        seen = module.attention_map(feature)[:, :, row * columns + column].mean(dim=1).reshape(-1, 1, rows, columns)
        fine = functional.interpolate(seen, scale_factor=module.patch, mode="nearest")
        full = functional.interpolate(inner.crop(fine), scale_factor=2**level, mode="nearest")
        return outer.crop(full)[:, 0]

    def _attended(self, padded: Tensor, level: int) -> tuple[CrossPatchAttention, Tensor]:
        if level not in self.attention_levels:
            raise InputError(
                "This model has no attention at that level",
                got=level,
                expected=f"one of {list(self.attention_levels)}" if self.attention_levels else "a model with attention",
            )
        return self.attended(padded, level)
