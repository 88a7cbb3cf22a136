"""Mutants that behave like the module itself, each with the reason; they are neither tried nor counted."""

from __future__ import annotations

PLUGIN = "src/napari_cpam_stroke"
TRAINER = "training/cpam_train"

EQUIVALENT: dict[str, dict[str, str]] = {
    f"{PLUGIN}/core/geometry.py": {
        "tilt_degrees: if self.slices < 2: -> if self.slices < 1:": (
            "the path of a single slice has no length, and the next condition returns 0 as well"
        ),
        "_origin_at: return np.asarray(self.positions_mm[0] + z[:, None] * self.thickness_mm[0] * self.normal) -> "
        "return np.asarray(self.positions_mm[-1] + z[:, None] * self.thickness_mm[0] * self.normal)": (
            "of a single slice the first position is the last"
        ),
    },
    f"{PLUGIN}/core/head.py": {
        "sample: if order and (blur := ((frame.side / size - 1) / 2)) > 0: -> "
        "if order and (blur := ((frame.side / size - 1) / 2)) > -1:": (
            "scipy's gaussian_filter leaves an axis alone whose sigma is not positive"
        ),
    },
    f"{PLUGIN}/dicom/pixels/hounsfield.py": {
        "_padded: if not found.any(): -> pass": "a shortcut: an empty region of padding changes nothing",
        "_padded: if high < info.min or low > info.max: -> if high < info.min:": (
            "a shortcut: no pixel has such a value, and the region is empty"
        ),
        "_lowest_hu: highest = lowest + (1 << pixels.stored) - 1 -> highest = lowest + (2 << pixels.stored) - 1": (
            "a bound: below what the bits can mean nothing is found either"
        ),
        "_lowest_hu: highest = lowest + (1 << pixels.stored) - 1 -> highest = lowest + (1 << pixels.stored) - 0": (
            "a bound: below what the bits can mean nothing is found either"
        ),
        "_range_of: return (-half, half - 1) if pixels.signed else (0, 2 * half - 1) -> "
        "return (-half, half - 1) if pixels.signed else (0, 2 * half - 0)": (
            "a wider range is only calculated with floating point, to the same result"
        ),
        "_range_of: return (-half, half - 1) if pixels.signed else (0, 2 * half - 1) -> "
        "return (-half, half - 0) if pixels.signed else (0, 2 * half - 1)": (
            "a wider range is only calculated with floating point, to the same result"
        ),
    },
    f"{PLUGIN}/dicom/series/stacking.py": {
        "geometry_notices: if tilt >= TILT_FROM_DEGREES: -> if tilt > TILT_FROM_DEGREES:": (
            "a tilt found from positions is never a fifth of a degree to the last bit"
        ),
        "stack_geometry: return VolumeGeometry(positions_mm=np.array([f.position for f in frames], dtype=np.float64), "
        "row_direction=row, column_direction=column / np.linalg.norm(column), pixel_spacing_mm=spacing, "
        "thickness_mm=thickness, frame_of_reference_uid=frames[0].frame_of_reference_uid) -> "
        "return VolumeGeometry(positions_mm=np.array([f.position for f in frames], dtype=np.float64), "
        "row_direction=row, column_direction=column / np.linalg.norm(column), pixel_spacing_mm=spacing, "
        "thickness_mm=thickness, frame_of_reference_uid=frames[-1].frame_of_reference_uid)": (
            "frames of one group share their frame of reference"
        ),
    },
    f"{PLUGIN}/annotations/splits.py": {
        "_checked: if len(fractions) != len(SPLITS) or min(fractions) < 0 or abs(total - 1) > 1e-06: -> "
        "if len(fractions) != len(SPLITS) or min(fractions) < 0 or abs(total - 1) >= 1e-06:": (
            "no sum of three shares differs from 1 by a millionth to the last bit"
        ),
        "_most_needed: return max(candidates, key=lambda split: (round(lack(split), 9), -inside[split], wanted[split]))"
        " -> return max(candidates, key=lambda split: (round(lack(split), 10), -inside[split], wanted[split]))": (
            "either rounding takes away the last bits of a sum and nothing else"
        ),
    },
    f"{TRAINER}/metrics/counts.py": {
        "_ratio: valid = below > 0 if where is None else (below > 0) & where -> "
        f"valid = below > 0 if where is None else (below {bound}) & where": (
            "where there is a reference the denominator is positive anyway"
        )
        for bound in (">= 0", "> -1")
    },
    f"{TRAINER}/operating/pixel_threshold.py": {
        "most_sensitive: return int(np.argmax(np.where(self.allowed & (self.found >= enough), self.mean_dice, -1.0))) "
        "-> return int(np.argmax(np.where(self.allowed & (self.found > enough), self.mean_dice, -1.0)))": (
            "the bound lies 1e-9 below a share of slices, so that no share is equal to it"
        ),
        "most_sensitive: return int(np.argmax(np.where(self.allowed & (self.found >= enough), self.mean_dice, -1.0))) "
        "-> return int(np.argmax(np.where(self.allowed & (self.found >= enough), self.mean_dice, -1.5)))": (
            "any number below 0 is below every Dice"
        ),
        "most_sensitive: return int(np.argmax(np.where(self.allowed & (self.found >= enough), self.mean_dice, -1.0))) "
        "-> return int(np.argmax(np.where(self.allowed & (self.found >= enough), self.mean_dice, -0.5)))": (
            "any number below 0 is below every Dice"
        ),
    },
}
"""By module: name of the mutant, and why no test can tell it apart."""
