"""How two patches are compared; the part of the cross patch attention module that the paper calls attention type."""

from __future__ import annotations

import math
from abc import abstractmethod
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_cpam_stroke.config import Similarity
from napari_cpam_stroke.errors import ConfigError

ADDITIVE_MAX_TOKENS = 1024
"""Additive similarity holds tanh(q_i + k_j) for every pair: beyond this the memory explodes."""


class ScaledDot(nn.Module):
    """q.k / sqrt(d_h), through the fused kernel wherever the map itself is not asked for.

    Trap: attention dropout above 0 on the CPU falls back to the unfused path and multiplies memory.
    """

    def __init__(self, *, heads: int, head_width: int) -> None:  # noqa: ARG002 - same call for every similarity
        super().__init__()
        self.scale = 1 / math.sqrt(head_width)

    def compared(self, query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        """Return query and key (B, h, N, d_h) as the dot product sees them."""
        return query, key

    def attention(self, query: Tensor, key: Tensor) -> Tensor:
        """Return A (B, h, N, N), float32; rows sum to 1."""
        query, key = self.compared(query, key)
        return torch.softmax((query.float() @ key.float().transpose(-2, -1)) * self.scale, dim=-1)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, dropout: float) -> Tensor:
        """Return A v, (B, h, N, d_h)."""
        query, key = self.compared(query, key)
        return fused_attention(query, key, value, dropout=dropout if self.training else 0.0, scale=self.scale)


class Cosine(ScaledDot):
    """Cosine of q and k times a learned temperature per head; also fused."""

    def __init__(self, *, heads: int, head_width: int) -> None:
        super().__init__(heads=heads, head_width=head_width)
        self.scale = 1.0
        self.log_temperature = nn.Parameter(torch.full((heads, 1, 1), math.log(math.sqrt(head_width))))

    def compared(self, query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        """Return unit vectors (B, h, N, d_h), the query's stretched by the temperature."""
        query = functional.normalize(query.float(), dim=-1) * self.log_temperature.exp()
        return query.to(key.dtype), functional.normalize(key.float(), dim=-1).to(key.dtype)


def fused_attention(query: Tensor, key: Tensor, value: Tensor, *, dropout: float, scale: float) -> Tensor:
    """Return A v, (B, h, N, d_h), by torch's fused kernel.

    On the CPU in float32: there bfloat16 is no faster, and over few tokens its backward pass takes seven times as long.
    """
    fused = partial(functional.scaled_dot_product_attention, dropout_p=dropout, scale=scale)
    if query.device.type != "cpu":
        return fused(query, key, value)
    with torch.autocast("cpu", enabled=False):
        return fused(query.float(), key.float(), value.float()).to(value.dtype)


class _Unfused(nn.Module):
    """A similarity without a fused kernel: the map is formed, dropped out and applied."""

    @abstractmethod
    def attention(self, query: Tensor, key: Tensor) -> Tensor:
        """Return A (B, h, N, N), float32; rows sum to 1."""

    def forward(self, query: Tensor, key: Tensor, value: Tensor, dropout: float) -> Tensor:
        """Return A v, (B, h, N, d_h)."""
        attention = functional.dropout(self.attention(query, key), dropout, self.training)
        return attention.to(value.dtype) @ value


class Additive(_Unfused):
    """w.tanh(q_i + k_j): every pair through a small network (Bahdanau's attention)."""

    def __init__(self, *, heads: int, head_width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(heads, head_width) / math.sqrt(head_width))

    def attention(self, query: Tensor, key: Tensor) -> Tensor:
        """Return A (B, h, N, N), float32; rows sum to 1.

        Raises
        ------
        ConfigError
            For more than `ADDITIVE_MAX_TOKENS` tokens.
        """
        tokens = query.shape[-2]
        if tokens > ADDITIVE_MAX_TOKENS:
            raise ConfigError(
                "Additive similarity compares every pair of tokens in memory",
                got=f"{tokens} tokens",
                expected=f"at most {ADDITIVE_MAX_TOKENS}",
                remedy="lower attention.token_grid or choose scaled_dot",
            )
        pairs = torch.tanh(query.unsqueeze(-2) + key.unsqueeze(-3))
        return torch.softmax(torch.einsum("bhijc,hc->bhij", pairs, self.weight.to(pairs.dtype)).float(), dim=-1)


class LinearCombination(_Unfused):
    """The paper's "linear combination of embeddings", kept as an ablation only.

    The score a.q_i + b.k_j is softmaxed over j, so the query's term cancels and every row of A is the same; only b.k_j
    is computed.
    """

    def __init__(self, *, heads: int, head_width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(heads, head_width) / math.sqrt(head_width))

    def attention(self, query: Tensor, key: Tensor) -> Tensor:
        """Return A (B, h, N, N), float32; rows sum to 1 and are all equal."""
        scores = torch.einsum("bhjc,hc->bhj", key, self.weight.to(key.dtype)).float()
        return torch.softmax(scores, dim=-1).unsqueeze(-2).expand(-1, -1, query.shape[-2], -1)


SIMILARITIES: dict[Similarity, type[ScaledDot | Additive | LinearCombination]] = {
    "scaled_dot": ScaledDot,
    "cosine": Cosine,
    "additive": Additive,
    "linear": LinearCombination,
}
"""Attention type by its name in the config."""
