"""Split images into what can be one volume: equal in everything that makes a volume, and one image per place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.file.limits import ORIENTATION_TOLERANCE, SAME_PLACE_MM, SPACING_TOLERANCE
from napari_cpam_stroke.dicom.headers.frames import IMAGE_TYPE_VALUES

OVERLAP_SHARE = 0.5
"""Two stacks that share more than this part of the shorter one's extent lie inside each other."""

MIN_REPEATED_SHARE = 0.5
"""From this share of repeated places on, a series is several images of each place and not a few duplicates."""


NOT_TIME = frozenset({"image type detail", "slice thickness", "tube voltage"})
"""Differences between images of one place that are other reconstructions and not repetitions."""


@dataclass(frozen=True)
class Group:
    """Frames that may be one volume.

    Attributes
    ----------
    apart
        Why these frames are not with the others of their series: names such as "kernel"; empty if they are all.
    discriminator
        Values that tell this group from its siblings; part of the case's pseudonym.
    moment, moments
        Which of how many repetitions of the same places this is (1 of 1: none).
    tangled
        Several images lie at most places and nothing tells them apart.
    halved
        Other images of the series lie beside or between these ones, not at the same places.
    contested
        Identifiers by which other images of the same shape under the same Series UID differ: whose image is whose, or
        where it lies, cannot be told.
    """

    frames: tuple[FrameHeader, ...]
    apart: tuple[str, ...] = ()
    discriminator: tuple[str, ...] = ()
    moment: int = 1
    moments: int = 1
    tangled: bool = False
    halved: bool = False
    contested: tuple[str, ...] = ()


_KEYS: tuple[tuple[str, str], ...] = (
    ("patient", "patient_key"),
    ("study", "study_uid"),
    ("frame of reference", "frame_of_reference_uid"),
    ("modality", "modality"),
    ("image type", "kind"),
    ("matrix size", "matrix"),
    ("kernel", "kernel"),
    ("contrast agent", "contrast"),
    ("position or orientation given", "placed"),
    ("orientation", "orientation"),
    ("pixel spacing", "spacing"),
    ("problem", "problems"),
)
"""What must be equal within a volume: name for messages, and field."""

SHAPE = frozenset({"matrix size", "position or orientation given", "orientation", "pixel spacing", "problem"})
"""Those of them that are the image's shape."""

OFF_LINE_MM = 1.0
"""How far the first pixel of a slice may lie beside the line of all others."""


def along_normal(frames: Sequence[FrameHeader]) -> NDArray[np.float64]:
    """Return (N,) places along the mean normal in mm, one a frame; frames must have position and orientation."""
    axes = np.array([f.orientation for f in frames]).mean(axis=0)
    normal = np.cross(axes[0], axes[1])
    return np.asarray(np.array([f.position for f in frames]) @ (normal / np.linalg.norm(normal)))


def placed(frame: FrameHeader) -> bool:
    """Whether a frame has both position and orientation."""
    return frame.position is not None and frame.orientation is not None


def split_series(frames: Sequence[FrameHeader]) -> list[Group]:
    """Return what can be one volume each, of the frames of one series."""
    keys = _keys_of(frames)
    parts: dict[tuple[Hashable, ...], list[FrameHeader]] = defaultdict(list)
    for frame, key in zip(frames, keys, strict=True):
        parts[key].append(frame)
    distinct = list(parts)
    apart = tuple(name for i, (name, _) in enumerate(_KEYS) if len({key[i] for key in distinct}) > 1)
    groups = []
    for key, members in parts.items():
        discriminator = tuple(repr(key[i]) for i in range(len(_KEYS)) if _KEYS[i][0] in apart)
        halved, contested = _rivals(key, parts)
        groups += _split_moments(Group(tuple(members), apart, discriminator, halved=halved, contested=contested))
    return groups


def _rivals(
    key: tuple[Hashable, ...], parts: dict[tuple[Hashable, ...], list[FrameHeader]]
) -> tuple[bool, tuple[str, ...]]:
    """Return whether other parts complete this one's stack, and the identifiers by which such parts differ."""
    halved, contested = False, set()
    for other, members in parts.items():
        differing = {name for (name, _), a, b in zip(_KEYS, key, other, strict=True) if a != b}
        if not differing or differing & SHAPE or not all(map(placed, (*parts[key], *members))):
            continue
        half = complete_each_other(parts[key], members)
        halved |= half
        contested |= differing & ({"patient", "study", "frame of reference"} if half else {"patient"})
    return halved, tuple(name for name, _ in _KEYS if name in contested)


def complete_each_other(first: Sequence[FrameHeader], second: Sequence[FrameHeader]) -> bool:
    """Whether two parts lie beside or between each other as halves of one stack do, at no place twice."""
    together = [*first, *second]
    if repeated_share(together) > 0:
        return False
    a, b = ((float(d.min()), float(d.max())) for d in map(along_normal, (first, second)))
    uneven = any(len(part) < 3 or not even(part) for part in (first, second))
    return uneven or not _overlap(a, b) or even(together)


def one_line(frames: Sequence[FrameHeader]) -> bool:
    """Whether frames with positions lie one behind the other along one line, none at the place of another."""
    if not all(map(placed, frames)) or repeated_share(frames) > 0:
        return False
    positions = np.array([f.position for f in frames])
    centred = positions - positions.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    beside = centred - np.outer(centred @ axes[0], axes[0])
    return bool(np.abs(beside).max() <= OFF_LINE_MM)


def same_shape(frames: Sequence[FrameHeader]) -> list[list[FrameHeader]]:
    """Return frames by what their images' shape is: matrix, orientation and pixel spacing."""
    columns = [i for i, (name, _) in enumerate(_KEYS) if name in SHAPE]
    parts: dict[Hashable, list[FrameHeader]] = defaultdict(list)
    for frame, key in zip(frames, _keys_of(frames), strict=True):
        parts[tuple(key[i] for i in columns)].append(frame)
    return list(parts.values())


def _keys_of(frames: Sequence[FrameHeader]) -> list[tuple[Hashable, ...]]:
    """Return the key of every frame; directions and spacings within tolerance count as equal."""
    orientations = _clustered([f.orientation and np.ravel(f.orientation) for f in frames], ORIENTATION_TOLERANCE)
    spacings = _clustered([f.spacing and np.log(f.spacing) for f in frames], SPACING_TOLERANCE)
    keys = []
    for frame, orientation, spacing in zip(frames, orientations, spacings, strict=True):
        values = {
            "kind": frame.image_type[:IMAGE_TYPE_VALUES],
            "matrix": (frame.pixels.rows, frame.pixels.columns),
            "placed": placed(frame),
            "orientation": orientation,
            "spacing": spacing,
        }
        keys.append(tuple(values.get(field, getattr(frame, field, None)) for _, field in _KEYS))
    return keys


def _clustered(vectors: Iterable[NDArray[np.float64] | None], tolerance: float) -> list[tuple[float, ...] | None]:
    """Return for each vector the rounded first vector met that is within `tolerance` of it."""
    centres: list[NDArray[np.float64]] = []
    found: list[tuple[float, ...] | None] = []
    for vector in vectors:
        if vector is None:
            found.append(None)
            continue
        near = next((c for c in centres if np.abs(c - vector).max() <= tolerance), None)
        if near is None:
            centres.append(near := np.asarray(vector))
        found.append(tuple(round(float(v), 3) for v in near))
    return found


def _split_moments(group: Group) -> list[Group]:
    """Split images that lie at the same places (perfusion, repeated scans) or inside each other (two thicknesses)."""
    frames = without_copies(group.frames)
    if len(frames) < 3 or not all(map(placed, frames)):
        return [group]
    repeated = repeated_share(frames)
    irregular = repeated > 0 or not even(frames)
    if not irregular:
        return [group]
    for index in range(len(frames[0].moments)):
        parts: dict[str, list[FrameHeader]] = defaultdict(list)
        for frame in group.frames:
            parts[frame.moments[index][1]].append(frame)
        if len(parts) > 1 and _separates(list(parts.values()), repeated):
            return _as_moments(group, group.frames[0].moments[index][0], parts)
    return [replace(group, tangled=repeated >= MIN_REPEATED_SHARE)]


def _as_moments(group: Group, name: str, parts: dict[str, list[FrameHeader]]) -> list[Group]:
    ordered = sorted(parts, key=lambda value: (len(value), value))
    return [
        replace(
            group,
            frames=tuple(parts[value]),
            apart=(*group.apart, name),
            discriminator=(*group.discriminator, name, value),
            moment=number,
            moments=len(parts) if name not in NOT_TIME else 1,
        )
        for number, value in enumerate(ordered, start=1)
    ]


def without_copies(frames: Sequence[FrameHeader]) -> list[FrameHeader]:
    """Return the frames without second copies of the same image (same instance, frame and place)."""
    seen = set()
    kept = []
    for frame in frames:
        identity = (frame.sop_instance_uid, frame.frame_number, frame.position)
        if not frame.sop_instance_uid or identity not in seen:
            kept.append(frame)
        seen.add(identity)
    return kept


def repeated_share(frames: Sequence[FrameHeader]) -> float:
    """Return the share of places at which more than one image lies."""
    steps = np.diff(np.sort(along_normal(frames)))
    places = 1 + int((steps >= SAME_PLACE_MM).sum())
    return (len(frames) - places) / places


def even(frames: Sequence[FrameHeader]) -> bool:
    """Whether all steps between frames are alike."""
    steps = np.diff(np.sort(along_normal(frames)))
    return bool(np.ptp(steps) < max(SAME_PLACE_MM, 0.02 * float(steps.mean())))


def _separates(parts: list[list[FrameHeader]], repeated: float) -> bool:
    """Whether the parts are whole stacks in the same region, each with one image per place."""
    if any(repeated_share(without_copies(part)) > 0 for part in parts):
        return False
    ranges = [(float(d.min()), float(d.max())) for d in map(along_normal, parts) if len(d) > 1]
    if len(ranges) < 2:
        return False
    if repeated >= MIN_REPEATED_SHARE:
        return True
    return any(_overlap(a, b) for i, a in enumerate(ranges) for b in ranges[i + 1 :])


def _overlap(a: tuple[float, float], b: tuple[float, float]) -> bool:
    shared = min(a[1], b[1]) - max(a[0], b[0])
    return shared > OVERLAP_SHARE * min(a[1] - a[0], b[1] - b[0])
