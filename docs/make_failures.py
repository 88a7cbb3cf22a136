"""Show a model synthetic heads it may get wrong, and keep those it does: the known failures of its card, with pictures.

    python docs/make_failures.py MODEL OUT

writes OUT/failures.json and OUT/failures/*.png, which `cpam-train promote ... --failures OUT` takes. No picture shows a
patient; a head the model reads rightly is left out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cpam_train.evaluation.model import opened_model
from napari_cpam_stroke.config import BRAIN
from napari_cpam_stroke.core import CTVolume, LesionClass, apply_window, measure_lesions
from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.inference import Prediction
from napari_cpam_stroke.samples.phantom import HeadPhantom, PhantomLesion
from napari_cpam_stroke.samples.shapes import Ellipsoid, Wedge
from napari_cpam_stroke.samples.stroke import stroke_geometry

MATRIX = 256
DPI = 90
FALSE_ML = 1.0
"""More than this, marked where nothing is to be marked, is a failure."""

FOUND_SHARE = 0.3
"""Less than this of a lesion marked is a failure."""

BRAIN_MM = (66.0, 84.0)


@dataclass(frozen=True)
class Scene:
    """A synthetic head, and what a reader would say of it."""

    name: str
    title: str
    what: str
    phantom: HeadPhantom


def ball(centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Ellipsoid:
    return Ellipsoid(centre, radii)


def lesion(kind: LesionClass, solid: Ellipsoid | Wedge, hu: float) -> PhantomLesion:
    centre = solid.centre_mm if isinstance(solid, Ellipsoid) else solid.centroid_mm()
    return PhantomLesion(kind, solid, hu, centre)


def territory(inner: float, outer: float) -> Wedge:
    return Wedge((0.0, 0.0, 9.0), BRAIN_MM, inner, outer, 8.0, 24.0, 22.0)


SCENES: Sequence[Scene] = (
    Scene(
        "calcium",
        "Calcium taken for blood.",
        "a calcified basal ganglion of 110 HU, which is no hemorrhage",
        HeadPhantom((), {"calcium": (ball((-24.0, -4.0, 9.0), (6.0, 9.0, 7.0)), 110.0)}),
    ),
    Scene(
        "old-infarct",
        "An old infarct taken for a new one.",
        "an old defect of 10 HU, as dark as fluid, which is no acute ischemia",
        HeadPhantom((), {"defect": (ball((34.0, 34.0, 9.0), (14.0, 20.0, 14.0)), 10.0)}),
    ),
    Scene(
        "wide-sulcus",
        "A wide sulcus taken for ischemia.",
        "a cyst of 5 HU beside one temporal lobe, which is no ischemia",
        HeadPhantom((), {"cyst": (ball((52.0, -28.0, 4.0), (8.0, 14.0, 12.0)), 5.0)}),
    ),
    Scene(
        "faint-infarct",
        "A faint infarct missed.",
        "an early infarct of 31 HU, a few HU below the brain around it",
        HeadPhantom((lesion(LesionClass.ISCHEMIA, territory(0.42, 0.92), 31.0),)),
    ),
    Scene(
        "lacune",
        "A small deep infarct missed.",
        "a lacunar infarct of 12 mm and 22 HU",
        HeadPhantom((lesion(LesionClass.ISCHEMIA, ball((24.0, -2.0, 9.0), (6.0, 6.0, 6.0)), 22.0),)),
    ),
    Scene(
        "thin-subdural",
        "A thin bleed along the skull missed.",
        "a subdural bleed of 4 mm and 62 HU",
        HeadPhantom((lesion(LesionClass.HEMORRHAGE, territory(0.935, 0.99), 62.0),)),
    ),
    Scene(
        "noise",
        "Noise taken for a finding.",
        "a very noisy scan (12 HU) without any finding",
        HeadPhantom((), noise_hu=12.0),
    ),
)


def main(model: str, out: Path) -> None:
    (out / "failures").mkdir(parents=True)
    kept = []
    with opened_model(model, device="cpu") as predictor:
        predictions = [predictor.predict(rendered(scene)[0]) for scene in SCENES]
    for scene, prediction in zip(SCENES, predictions, strict=True):
        volume, truth = rendered(scene)
        told = judged(scene, volume, truth, prediction)
        print(f"{scene.name}: {'fails' if told else 'read rightly'} {told or ''}")
        if told:
            picture = f"failures/{scene.name}.png"
            draw(volume, truth, prediction.mask, out / picture)
            kept.append({"title": scene.title, "text": told, "picture": picture})
    (out / "failures.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def rendered(scene: Scene) -> tuple[CTVolume, NDArray[np.uint8]]:
    geometry = stroke_geometry(MATRIX)
    hu = scene.phantom.render(geometry, (MATRIX, MATRIX))
    return CTVolume(hu, geometry, scene.name), scene.phantom.truth_mask(geometry, (MATRIX, MATRIX))


def judged(scene: Scene, volume: CTVolume, truth: NDArray[np.uint8], prediction: Prediction) -> str:
    """Return a sentence on what went wrong, empty where nothing did."""
    marked = measure_lesions(prediction.mask, volume).volumes_ml
    wanted = {kind.label: int((truth == kind).sum()) for kind in LesionClass}
    missed = [
        f"{100 * share:.0f} % of it"
        for kind in LesionClass
        if wanted[kind.label] and (share := float((prediction.mask[truth == kind] == kind).mean())) < FOUND_SHARE
    ]
    false = [
        f"{marked[name]:.1f} ml of {name}" for name, size in wanted.items() if not size and marked[name] > FALSE_ML
    ]
    said = [f"marks {part}" for part in (missed if any(wanted.values()) else false)]
    return f"On a synthetic head with {scene.what}, the model {' and '.join(said)}." if said else ""


def draw(volume: CTVolume, truth: NDArray[np.uint8], mask: NDArray[np.uint8], path: Path) -> None:
    """Draw the slice as it is, with what is to be marked, and with what was."""
    z = shown_slice(truth, mask)
    image = apply_window(volume.hu[z], BRAIN)
    figure = Figure(figsize=(7.5, 2.8))
    for axis, title, own in zip(
        figure.subplots(1, 3), ("slice", "to be marked", "marked"), (None, truth[z], mask[z]), strict=True
    ):
        axis.imshow(image, cmap="gray", vmin=0, vmax=1)
        axis.set_title(title, fontsize=8)
        axis.set_axis_off()
        for kind in LesionClass:
            if own is not None and (own == kind).any():
                axis.contour(own == kind, levels=[0.5], colors=[CLASS_COLOURS[kind.label]], linewidths=1.2)
    figure.tight_layout(pad=0.3)
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=DPI)


def shown_slice(truth: NDArray[np.uint8], mask: NDArray[np.uint8]) -> int:
    """Return the slice with the most of the finding; where none is to be marked, with the most marked."""
    shown = truth if truth.any() else mask
    return int((shown > 0).sum(axis=(1, 2)).argmax())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
