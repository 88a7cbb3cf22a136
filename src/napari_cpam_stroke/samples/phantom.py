"""An analytic head whose lesions and landmarks are known exactly, in LPS mm and in ml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cpam_stroke.core import LesionClass, VolumeGeometry
from napari_cpam_stroke.samples.anatomy import AIR, head_hu
from napari_cpam_stroke.samples.shapes import Ellipsoid, Points, Solid, Wedge

HEAD_CENTRE_MM = (6.0, -21.0, 33.0)
"""Place of the head in the scanner: off the axes, so that a wrong sign shows."""

PLAIN_BRAIN_HU = 35.0
"""Brain of the plain head, which is used where position and volume are measured."""

SAMPLES_PER_SLICE = 5
"""Planes averaged over the thickness of a slice: partial volume."""

NOISE_HU, NOISE_PIXELS, BLUR_PIXELS = 3.0, 0.7, 0.5
"""Noise (standard deviation), its correlation length and the scanner's blur, both in pixels."""


@dataclass(frozen=True)
class PhantomLesion:
    """A lesion: what it is, where, and how dense."""

    lesion_class: LesionClass
    solid: Solid
    hu: float
    centroid_mm: tuple[float, float, float]
    """Exact centre of mass, in mm from the centre of the head."""


@dataclass(frozen=True)
class HeadPhantom:
    """A head with one ischemia and one hemorrhage.

    Attributes
    ----------
    lesions, landmarks
        Solids in mm from the centre of the head; landmarks by name with their HU.
    centre_mm
        Where the head lies in LPS mm.
    textured
        True: grey and white matter, ventricles, sulci. False: an even brain, for measuring.
    noise_hu
        Standard deviation of the noise; 0 for none. The noise is the same in every run (`seed`).
    """

    lesions: tuple[PhantomLesion, ...]
    landmarks: dict[str, tuple[Ellipsoid, float]] = field(default_factory=dict)
    centre_mm: tuple[float, float, float] = HEAD_CENTRE_MM
    textured: bool = True
    noise_hu: float = NOISE_HU
    seed: int = 20240229

    @classmethod
    def stroke(cls) -> HeadPhantom:
        """Return a head that looks like a patient: a left middle cerebral infarct and a bleed on the right."""
        return cls((_infarct(hu=22.0, outer=0.92), _bleed(hu=66.0)))

    @classmethod
    def measured(cls) -> HeadPhantom:
        """Return a head made for measuring: even brain, no noise, lesions of unmistakable HU, four asymmetric balls."""
        landmarks = {
            "left front": (Ellipsoid((34.0, -50.0, 12.0), (9.0, 9.0, 9.0)), 1200.0),
            "right back": (Ellipsoid((-22.0, 58.0, -8.0), (9.0, 9.0, 9.0)), 1400.0),
            "right front low": (Ellipsoid((-40.0, -38.0, -22.0), (9.0, 9.0, 9.0)), 1600.0),
            "top": (Ellipsoid((12.0, 14.0, 44.0), (9.0, 9.0, 9.0)), 1800.0),
        }
        lesions = (_infarct(hu=-250.0, outer=0.82), _bleed(hu=500.0))
        return cls(lesions, landmarks, textured=False, noise_hu=0.0)

    @property
    def truth_ml(self) -> dict[str, float]:
        """Exact volume per class."""
        totals = {c.label: 0.0 for c in LesionClass}
        for lesion in self.lesions:
            totals[lesion.lesion_class.label] += lesion.solid.volume_ml
        return totals

    @property
    def truth_lps_mm(self) -> dict[str, tuple[float, float, float]]:
        """Exact centre of mass of every lesion (by class) and landmark (by name) in LPS mm."""
        centres = {lesion.lesion_class.label: lesion.centroid_mm for lesion in self.lesions}
        centres |= {name: ball.centre_mm for name, (ball, _) in self.landmarks.items()}
        x, y, z = self.centre_mm
        return {name: (p[0] + x, p[1] + y, p[2] + z) for name, p in centres.items()}

    def hu_at(self, lps_mm: Points) -> NDArray[np.float32]:
        """Return the exact HU of points (N, ..., 3) in LPS mm, without noise."""
        points = np.asarray(lps_mm, dtype=np.float32) - np.asarray(self.centre_mm, dtype=np.float32)
        hu = head_hu(points) if self.textured else _even_head(points)
        bodies = [(lesion.solid, lesion.hu) for lesion in self.lesions] + list(self.landmarks.values())
        for solid, value in bodies:
            hu[solid.contains(points)] = value
        return hu

    def render(self, geometry: VolumeGeometry, shape_yx: tuple[int, int]) -> NDArray[np.int16]:
        """Return int16 HU (Z, Y, X) as a scanner would record them: averaged over each slice's thickness."""
        frames = np.empty((geometry.slices, *shape_yx), dtype=np.int16)
        random = np.random.default_rng(self.seed)
        for z, planes in enumerate(_sample_planes(geometry, shape_yx)):
            mean = self.hu_at(planes).mean(axis=0)
            if self.noise_hu:
                mean = ndimage.gaussian_filter(mean, BLUR_PIXELS) + self.noise_hu * _noise(random, shape_yx)
            frames[z] = np.clip(np.rint(mean), -1024, 3071)
        return frames

    def truth_mask(self, geometry: VolumeGeometry, shape_yx: tuple[int, int] = (256, 256)) -> NDArray[np.uint8]:
        """Return uint8 (Z, Y, X): the class at each voxel's centre plane, averaged over the slice's thickness."""
        mask = np.zeros((geometry.slices, *shape_yx), dtype=np.uint8)
        centre = np.asarray(self.centre_mm, dtype=np.float32)
        for z, planes in enumerate(_sample_planes(geometry, shape_yx)):
            for lesion in self.lesions:
                share = lesion.solid.contains(planes - centre).mean(axis=0)
                mask[z][share > 0.5] = lesion.lesion_class
        return mask


def _infarct(*, hu: float, outer: float) -> PhantomLesion:
    wedge = Wedge((0.0, 0.0, 9.0), (66.0, 84.0), 0.42, outer, 8.0, 24.0, 22.0)
    return PhantomLesion(LesionClass.ISCHEMIA, wedge, hu, wedge.centroid_mm())


def _bleed(*, hu: float) -> PhantomLesion:
    blob = Ellipsoid((-29.0, 5.0, 9.0), (11.0, 17.0, 14.0), -15.0)
    return PhantomLesion(LesionClass.HEMORRHAGE, blob, hu, blob.centre_mm)


def _even_head(points: Points) -> NDArray[np.float32]:
    hu = np.full(points.shape[:-1], AIR, dtype=np.float32)
    for margin, value in ((8.0, 900.0), (2.0, PLAIN_BRAIN_HU)):
        shell = Ellipsoid((0.0, 0.0, 0.0), (66.0 + margin, 84.0 + margin, 90.0 + margin))
        hu[shell.contains(points)] = value
    return hu


def _sample_planes(geometry: VolumeGeometry, shape_yx: tuple[int, int]) -> Iterator[Points]:
    """Yield for each slice the points (samples, Y, X, 3) in LPS mm over which it averages."""
    (rows, columns), (dy, dx) = shape_yx, geometry.pixel_spacing_mm
    down = np.arange(rows)[:, None, None] * dy * geometry.column_direction
    across = np.arange(columns)[None, :, None] * dx * geometry.row_direction
    plane = (down + across).astype(np.float32)
    shares = (np.arange(SAMPLES_PER_SLICE) + 0.5) / SAMPLES_PER_SLICE - 0.5
    for position, thickness in zip(geometry.positions_mm, geometry.thickness_mm, strict=True):
        corners = position + (shares * thickness)[:, None] * geometry.normal
        yield plane + corners.astype(np.float32)[:, None, None, :]


def _noise(random: np.random.Generator, shape_yx: tuple[int, int]) -> NDArray[np.float32]:
    """Return correlated noise with standard deviation 1."""
    grains = ndimage.gaussian_filter(random.standard_normal(shape_yx, dtype=np.float32), NOISE_PIXELS)
    return np.asarray(grains / grains.std(), dtype=np.float32)
