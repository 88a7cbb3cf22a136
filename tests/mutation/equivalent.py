"""Mutants that behave like the module itself, each with the reason; they are neither tried nor counted."""

from __future__ import annotations

CORE, PIXELS = "src/napari_cpam_stroke/core", "src/napari_cpam_stroke/dicom/pixels"

OPERATING = "training/cpam_train/operating"

EQUIVALENT: dict[str, dict[str, str]] = {
    f"{CORE}/geometry.py": {
        "tilt_degrees: if self.slices < 2: -> if self.slices < 1:": (
            "the path of a single slice has no length, and the next condition returns 0 as well"
        ),
        "_origin_at: return np.asarray(self.positions_mm[0] + z[:, None] * self.thickness_mm[0] * self.normal) -> "
        "return np.asarray(self.positions_mm[-1] + z[:, None] * self.thickness_mm[0] * self.normal)": (
            "of a single slice the first position is the last"
        ),
    },
    f"{CORE}/head.py": {
        "sample: if order and (blur := ((frame.side / size - 1) / 2)) > 0: -> "
        "if order and (blur := ((frame.side / size - 1) / 2)) > -1:": (
            "scipy's gaussian_filter leaves an axis alone whose sigma is not positive"
        ),
    },
    f"{PIXELS}/hounsfield.py": {
        "_padded: if not found.any(): -> pass": "a shortcut: an empty region of padding changes nothing",
    },
    f"{OPERATING}/pixel_threshold.py": {
        "most_sensitive: return int(np.argmax(np.where(self.allowed & (self.found >= enough), self.mean_dice, -1.0))) "
        "-> return int(np.argmax(np.where(self.allowed & (self.found > enough), self.mean_dice, -1.0)))": (
            "the bound lies 1e-9 below a share of slices, so that no share is equal to it"
        ),
    },
}
"""By module: name of the mutant, and why no test can tell it apart."""
