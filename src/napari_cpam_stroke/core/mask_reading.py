"""A mask of somebody else on the frames of a series, and what came with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.label_names import Meaning
from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.core.notice import Notice, NoticeCode, info, warning
from napari_cpam_stroke.errors import UntouchedMaskError

MadeBy = Literal["AUTOMATIC", "SEMIAUTOMATIC", "MANUAL", ""]
"""How a mask came about in DICOM's words; empty where its file does not say."""

MADE_BY: tuple[MadeBy, ...] = get_args(MadeBy)


@dataclass(frozen=True, order=True)
class MaskMaker:
    """Who or what drew a mask, without a person's name.

    Attributes
    ----------
    algorithm_name, algorithm_version
        Of the model that made it or from which it was begun; empty where none is named.
    program
        The program that wrote the file.
    """

    made_by: MadeBy = ""
    algorithm_name: str = ""
    algorithm_version: str = ""
    program: str = ""

    @property
    def words(self) -> str:
        """The maker in words: "AUTOMATIC by default 1.0 in 3D Slicer"; empty where nothing is known."""
        algorithm = " ".join(part for part in (self.algorithm_name, self.algorithm_version) if part)
        parts = (self.made_by, f"by {algorithm}" if algorithm else "", f"in {self.program}" if self.program else "")
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, eq=False)
class MaskReading:
    """What was read from one or more mask files.

    Attributes
    ----------
    mask
        uint8 (Z, Y, X) on the volume's frames: 0 background, 1 ischemia, 2 hemorrhage.
    drawn
        The classes the files say something about; of the others the empty mask says nothing.
    notices
        For the reader: what was passed over, merged, cut at a threshold.
    makers
        Whoever made a segment that counts.
    """

    mask: NDArray[np.uint8]
    drawn: frozenset[LesionClass]
    notices: tuple[Notice, ...] = ()
    makers: tuple[MaskMaker, ...] = ()

    @property
    def made_by(self) -> MadeBy:
        """The most automatic of the makers."""
        return most_automatic(self.makers)


def most_automatic(makers: Sequence[MaskMaker]) -> MadeBy:
    """Return how automatic the least hand-made of some masks is; empty where nobody says."""
    return min((maker.made_by for maker in makers), key=MADE_BY.index, default="")


def untouched_mask(what: str, maker: str) -> UntouchedMaskError:
    """Return the refusal of a model's mask where drawn truth is asked for."""
    return UntouchedMaskError(
        f"{what} is the untouched output of a model and no drawn truth",
        got=maker,
        expected="a mask that somebody drew or corrected",
        remedy="correct it in the viewer, or take it as it is with --set automatic=truth",
    )


def label_notice(label: str, meaning: Meaning) -> Notice:
    """Return what the reader is told of a label ("Segment 1 'ICH'") that was understood."""
    if meaning is Meaning.IGNORE:
        return info(NoticeCode.LABEL_PASSED_OVER, f"{label} shows no lesion and was passed over.", label=label)
    return info(NoticeCode.LABEL_READ, f"{label} was read as {meaning.value}.", label=label, read_as=meaning.value)


def left_out_notice(sentence: str, mask: str) -> Notice:
    """Return what the reader is told of a model's mask that was left out beside a drawn one."""
    return warning(NoticeCode.UNTOUCHED_MASK_LEFT_OUT, sentence, mask=mask)
