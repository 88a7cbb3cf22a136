"""Prompts answered without any network: a random walker on smoothed HU.

Each pixel asks: of walkers that start here and cross steps of HU only with difficulty, what share reaches the lesion's
marks first (L. Grady, IEEE TPAMI 2006), and how does its own HU look (with priors: Grady, CVPR 2005)?
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.sparse import dia_array
from scipy.sparse.linalg import LinearOperator, cg

from napari_cpam_stroke.core.arrays import Floats, Floats32, Region
from napari_cpam_stroke.core.brain import BONE_HU
from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.core.volume import CTVolume
from napari_cpam_stroke.prompting.answers import Answers
from napari_cpam_stroke.prompting.engine import PromptRequest
from napari_cpam_stroke.prompting.network_input import zoomed_maps
from napari_cpam_stroke.prompting.settlement import settle
from napari_cpam_stroke.prompting.zoom import Zoom

SIZE = 128
"""Edge of the grid the walkers move on."""

SOFT_HU = (-10, 95)
"""Fluid to fresh blood; where a source keeps 8 bits of a window, bone stands at its upper end, often 100 HU."""

SMALLEST_MM = 80.0
"""Edge of the square around a point: nine in ten lesions of a slice are less than half as wide."""

SMOOTHING_MM = {LesionClass.ISCHEMIA: 1.6, LesionClass.HEMORRHAGE: 0.8}
"""Sigma over which HU are averaged: noise (5 HU) is as large as the contrast of an infarct, not of blood."""

STEP_HU = {LesionClass.ISCHEMIA: 1.5, LesionClass.HEMORRHAGE: 4.0}
"""Difference of smoothed neighbours at which a step gets hard: the edge of an infarct is fainter than that of blood."""

USUAL_DIFFERENCE_HU = {LesionClass.ISCHEMIA: -8.0, LesionClass.HEMORRHAGE: 25.0}
"""Lesion less brain, where nothing was marked inside a lesion that shows it."""

PRIOR_WEIGHT = 0.05
"""How much a pixel's own HU counts beside its neighbours, whose weights are 0 to 1."""

PRIOR_WEIGHT_WITHOUT_MARKS = 1.0
"""The same where a box or the mask so far is all there is: no walker could end in a lesion otherwise."""

RING_SHARE = 0.95
"""Around points alone, what lies farther from the middle of the square than this share of half its edge is brain."""

FAR_MM = {LesionClass.ISCHEMIA: 20.0, LesionClass.HEMORRHAGE: 10.0}
"""Distance from points alone at which a lesion is as likely to have ended as not."""

BOX_ODDS = 4.0
"""By how much the middle of a box is likelier than its edge, as log odds: what is surrounded fills most of it."""

KEPT_ODDS = 0.8
"""How likely a pixel of the mask so far belongs to the lesion, before anything is looked at."""

TOLERANCE = 1e-3
"""Of the solution, relative; the answer is cut at a half."""

MOST_ROUNDS = 400


class RandomWalkerEngine:
    """Answers from HU and marks alone; where a model has been run, its probability counts as well."""

    name = "random walker"

    def __init__(self) -> None:
        self._answers = Answers()

    def prepare(self, volume: CTVolume, slice_index: int) -> None:
        """Do nothing: all there is to compute depends on the prompts."""

    def answer(self, request: PromptRequest) -> Region:
        """Return the lesion meant, bool (Y, X) of the slice.

        Raises
        ------
        InputError
            As `admission.admit`.
        """
        return self._answers.answer(
            request, lambda asked: settle(asked, _walk, earlier=self.answer, smallest_mm=SMALLEST_MM, size=SIZE)
        )


@dataclass(frozen=True, eq=False)
class _Scene:
    """A request on the walkers' grid, all (size, size)."""

    hu: Floats32
    tissue: Region
    wanted: Region
    refused: Region
    surrounded: Region
    before: Region
    ai: Floats32 | None
    pixel_mm: float
    lesion_class: LesionClass


def _walk(request: PromptRequest, so_far: Region, zoom: Zoom) -> Region:
    scene = _scene(request, so_far, zoom)
    lesion, brain = _seeds(scene)
    weight = PRIOR_WEIGHT if lesion.any() else PRIOR_WEIGHT_WITHOUT_MARKS
    reached = reach_probability(
        scene.hu, lesion, brain, _prior(scene), step_hu=STEP_HU[scene.lesion_class], prior_weight=weight
    )
    drawn = _held(reached >= 0.5, scene)
    return np.asarray(zoom.put_back(drawn, request.before.shape) >= 0.5)


def _scene(request: PromptRequest, so_far: Region, zoom: Zoom) -> _Scene:
    hu = request.volume.hu[request.slice_index]
    taken = zoom.take(np.clip(hu, SOFT_HU[0] - 20, BONE_HU), outside=SOFT_HU[0] - 20)
    tissue = (taken > SOFT_HU[0]) & (taken < SOFT_HU[1])

    maps = zoomed_maps(request.prompts, zoom)
    ai = None if request.probabilities is None else zoom.take(request.probabilities) / np.float32(255)
    return _Scene(
        _smoothed(taken, tissue, SMOOTHING_MM[request.lesion_class] / zoom.pixel_mm),
        tissue,
        maps.wanted,
        maps.refused,
        maps.surrounded,
        np.asarray(zoom.take(so_far.astype(np.float32)) >= 0.5),
        ai,
        zoom.pixel_mm,
        request.lesion_class,
    )


def _smoothed(hu: Floats32, tissue: Region, sigma: float) -> Floats32:
    """Return HU averaged over soft tissue only, so that bone and air do not run into the brain beside them."""
    weight = ndimage.gaussian_filter(tissue.astype(np.float32), sigma)
    total = ndimage.gaussian_filter(np.where(tissue, hu, 0), sigma)
    return np.where(tissue, total / np.maximum(weight, 1e-3), hu).astype(np.float32)


def _seeds(scene: _Scene) -> tuple[Region, Region]:
    """Return what is lesion and what is not, for certain."""
    brain = scene.refused | ~scene.tissue
    if scene.surrounded.any():
        brain |= ~scene.surrounded
    elif not scene.before.any():
        half = len(scene.hu) / 2
        brain |= _from_middle(len(scene.hu)) > RING_SHARE * half
    return scene.wanted, brain & ~scene.wanted


def _prior(scene: _Scene) -> Floats32:
    """Return how likely each pixel is lesion by its own HU, the mask so far, how far it lies, and a model's word."""
    lesion_hu, brain_hu = _levels(scene)
    difference = lesion_hu - brain_hu
    evidence = 4 * (scene.hu - (lesion_hu + brain_hu) / 2) / difference
    log_odds = np.clip(evidence, -3, 3)
    if scene.before.any():
        log_odds = log_odds + np.where(scene.before, 1, -1) * np.log(KEPT_ODDS / (1 - KEPT_ODDS))
    elif scene.surrounded.any():
        inside = ndimage.distance_transform_edt(scene.surrounded)
        log_odds = log_odds + BOX_ODDS * (2 * inside / max(inside.max(), 1) - 0.5)
    elif scene.wanted.any():
        away = ndimage.distance_transform_edt(~scene.wanted) * scene.pixel_mm
        far = FAR_MM[scene.lesion_class]
        log_odds = log_odds - 3 * (away / far - 1)
    if scene.ai is not None:
        known = np.clip(scene.ai, 0.05, 0.95)
        log_odds = log_odds + np.log(known / (1 - known))
    return np.asarray(1 / (1 + np.exp(-log_odds)), dtype=np.float32)


def _levels(scene: _Scene) -> tuple[float, float]:
    """Return HU of lesion and of brain; where marks do not tell them apart the class's usual difference stands in."""
    usual = USUAL_DIFFERENCE_HU[scene.lesion_class]
    inside = scene.wanted if scene.wanted.any() else scene.before
    around = scene.tissue & ~(inside | scene.before | scene.surrounded)
    brain_hu = float(np.median(scene.hu[around])) if around.any() else 32.0
    if inside.any():
        lesion_hu = float(np.median(scene.hu[inside]))
    else:
        box = scene.hu[scene.surrounded & scene.tissue]
        share = 25 if usual < 0 else 75
        lesion_hu = float(np.percentile(box, share)) if box.size else brain_hu + usual
    if (lesion_hu - brain_hu) / usual < 1 / 4:
        return brain_hu + usual, brain_hu
    return lesion_hu, brain_hu


def _from_middle(size: int) -> Floats:
    place = np.arange(size) - (size - 1) / 2
    return np.asarray(np.hypot(place[:, None], place[None, :]))


def _held(drawn: Region, scene: _Scene) -> Region:
    """Return the parts of an answer that someone pointed at, holes filled: others are noise."""
    parts, _ = ndimage.label(drawn)
    meant = np.unique(parts[(scene.wanted | scene.before | scene.surrounded) & drawn])
    if scene.surrounded.any() and not scene.wanted.any() and meant.any():
        sizes = np.bincount(parts.ravel())
        meant = meant[(meant > 0) & (sizes[meant] >= sizes[meant[meant > 0]].max() / 8)]
    held = np.isin(parts, meant[meant > 0])
    return np.asarray(ndimage.binary_fill_holes(held) & ~scene.refused)


def reach_probability(
    hu: Floats32, lesion: Region, brain: Region, prior: Floats32, *, step_hu: float, prior_weight: float
) -> Floats32:
    """Return the share of walkers from each pixel that end in the lesion, float32 (Y, X) in [0, 1].

    Parameters
    ----------
    hu
        (Y, X), smoothed.
    lesion, brain
        Where walkers end: seeds, which keep 1 and 0.
    prior
        (Y, X) in [0, 1]: on the way a walker is stopped with weight `prior_weight` and counted by this.
    step_hu
        Difference of neighbours at which the weight of a step has fallen to exp(-1).
    """
    free = ~(lesion | brain)
    down = np.exp(-np.square(np.diff(hu, axis=0) / step_hu)).astype(np.float64) + 1e-4
    right = np.exp(-np.square(np.diff(hu, axis=1) / step_hu)).astype(np.float64) + 1e-4
    down, right = np.pad(down, ((0, 1), (0, 0))), np.pad(right, ((0, 0), (0, 1)))
    above, left = np.roll(down, 1, axis=0), np.roll(right, 1, axis=1)
    degree = down + right + above + left + prior_weight
    fixed = lesion.astype(np.float64)
    goal = prior_weight * prior.astype(np.float64) + _neighbours(fixed, down, right, above, left)
    start = np.where(free, prior, 0.0).ravel()
    matrix = _system(free, degree, down, right)
    diagonal = matrix.diagonal()
    inverse = LinearOperator(matrix.shape, matvec=lambda v: v / diagonal, dtype=np.float64)
    solved, _ = cg(matrix, np.where(free, goal, 0.0).ravel(), x0=start, rtol=TOLERANCE, maxiter=MOST_ROUNDS, M=inverse)
    return np.where(free, solved.reshape(hu.shape), fixed).astype(np.float32)


def _neighbours(values: Floats, down: Floats, right: Floats, above: Floats, left: Floats) -> Floats:
    """Return the weighted sum of each pixel's four neighbours; weights beyond the border are 0."""
    return np.asarray(
        down * np.roll(values, -1, axis=0)
        + right * np.roll(values, -1, axis=1)
        + above * np.roll(values, 1, axis=0)
        + left * np.roll(values, 1, axis=1)
    )


def _system(free: Region, degree: Floats, down: Floats, right: Floats) -> dia_array:
    """Return the Laplacian of the free pixels, the prior on its diagonal; rows of seeds are those of the identity."""
    width, pixels = free.shape[1], free.size
    main = np.where(free, degree, 1.0).ravel()
    to_right = -np.where(free & np.roll(free, -1, axis=1), right, 0.0).ravel()
    to_below = -np.where(free & np.roll(free, -1, axis=0), down, 0.0).ravel()
    bands = np.zeros((5, pixels))
    bands[0] = main
    bands[1, 1:], bands[2, :-1] = to_right[:-1], to_right[:-1]
    bands[3, width:], bands[4, :-width] = to_below[:-width], to_below[:-width]
    return dia_array((bands, [0, 1, -1, width, -width]), shape=(pixels, pixels))
