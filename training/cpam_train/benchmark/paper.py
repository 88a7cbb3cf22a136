"""What the source paper printed. Its data are not public, so these are to look at, not to reproduce."""

from __future__ import annotations

TABLE_4: dict[str, tuple[float, float, float, float]] = {
    "vgg16_bn": (0.9416, 0.9451, 0.1901, 0.2289),
    "inception_v3": (0.8757, 0.9132, 0.2659, 0.2789),
    "densenet121": (0.8237, 0.8831, 0.4326, 0.4768),
    "legacy_xception": (0.9285, 0.9289, 0.1899, 0.2145),
    "inception_resnet_v2": (0.9201, 0.9212, 0.2098, 0.2258),
}
"""Accuracy, validation accuracy, loss, validation loss of the classifiers."""

PAPER_5 = "What the paper prints in its Table 5 was not at hand, so its column is empty."

TABLE_6: dict[str, tuple[float, float, float, float, float, float]] = {
    "unet": (0.7501, 0.8010, 0.604, 0.2439, 0.2661, 0.8589),
    "cpam_unet": (0.9512, 0.8400, 0.88, 0.1598, 0.1698, 0.9325),
}
"""Accuracy, validation accuracy, IoU, loss, validation loss, Dice of the segmenters.

A Dice of .8589 beside an IoU of .604 is impossible for the same images: Dice = 2J/(1+J) gives at most .753.
"""

TABLE_7: dict[str, tuple[float, float, float]] = {"cpam_unet": (0.872, 0.83, 0.801)}
"""Dice of WT, TC and ET on BraTS 2018."""
"""Systems by the names of `systems.SYSTEMS`."""
