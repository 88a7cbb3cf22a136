"""Where cross patch attention stands in a network, and how large its patches are there."""

from __future__ import annotations

import math

from napari_cpam_stroke.config import AttentionConfig, Placement, SegmenterConfig
from napari_cpam_stroke.errors import ConfigError
from napari_cpam_stroke.models.similarity import ADDITIVE_MAX_TOKENS


def token_patch(config: SegmenterConfig, level: int) -> int:
    """Return the patch edge in pixels of a level, for one token grid at all levels (512, grid 32: 16, 8, 4, 2, 1).

    Where the grid does not divide the level there are fewer tokens, never more.
    """
    return max(1, math.ceil((config.input_size // 2**level) / config.attention.token_grid))


def attention_places(config: SegmenterConfig) -> tuple[Placement, ...]:
    """Return the places of attention modules; none for the plain U-Net.

    Raises
    ------
    ConfigError
        If `none` stands beside another place, or additive similarity meets too many tokens.
    """
    if config.architecture != "cpam_unet" or config.attention.placement == ("none",):
        return ()
    _check(config.attention)
    return config.attention.placement


def _check(attention: AttentionConfig) -> None:
    if "none" in attention.placement or not attention.placement:
        raise ConfigError(
            "Attention placement is none, or one or more places",
            got=list(attention.placement),
            remedy="drop 'none' or the other places",
        )
    tokens = attention.token_grid**2
    if attention.similarity == "additive" and tokens > ADDITIVE_MAX_TOKENS:
        raise ConfigError(
            "Additive similarity compares every pair of tokens in memory",
            got=f"token_grid {attention.token_grid} ({tokens} tokens)",
            expected=f"at most {ADDITIVE_MAX_TOKENS} tokens",
            remedy="lower attention.token_grid or choose scaled_dot",
        )
