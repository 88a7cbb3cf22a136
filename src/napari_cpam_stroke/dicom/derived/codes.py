"""Coded terms of segmentations and reports: one place for every code."""

from __future__ import annotations

from highdicom.sr import CodedConcept

from napari_cpam_stroke.core import LesionClass

ABNORMAL_STRUCTURE = CodedConcept("49755003", "SCT", "Morphologically Abnormal Structure")
BRAIN = CodedConcept("12738006", "SCT", "Brain")
VOLUME = CodedConcept("118565006", "SCT", "Volume")
MILLILITRE = CodedConcept("mL", "UCUM", "milliliter")
PERCENT = CodedConcept("%", "UCUM", "Percent")
NO_UNITS = CodedConcept("1", "UCUM", "no units")
CERTAINTY = CodedConcept("111012", "DCM", "Certainty of Finding")
MEAN = CodedConcept("373098007", "SCT", "Mean")
CT_OF_HEAD = CodedConcept("24725-4", "LN", "CT Head")
ARTIFICIAL_INTELLIGENCE = CodedConcept("123110", "DCM", "Artificial Intelligence")

PRIVATE_SCHEME = "99CPAM"
"""Coding scheme of what no standard scheme has a term for."""

PRIVATE_SCHEME_NAME = "Terms of napari-cpam-stroke"


def _private(value: str, meaning: str) -> CodedConcept:
    return CodedConcept(value, PRIVATE_SCHEME, meaning)


FIRST_SLICE = _private("first-slice", "First slice, counted from 0 along the normal")
LAST_SLICE = _private("last-slice", "Last slice, counted from 0 along the normal")
PIXEL_THRESHOLD = _private("pixel-threshold", "Probability from which a pixel is marked")
SMALLEST_LESION = _private("smallest-lesion", "Smallest volume that is kept")
SERIES_THRESHOLD = _private("series-threshold", "Probability from which a series is above threshold")
REFER_FROM = _private("refer-from", "Lowest probability at which a reader must decide")
REFER_TO = _private("refer-to", "Highest probability at which a reader must decide")

SEGMENT_TYPE = {
    LesionClass.ISCHEMIA: CodedConcept("55641003", "SCT", "Infarct"),
    LesionClass.HEMORRHAGE: CodedConcept("50960005", "SCT", "Hemorrhage"),
}
"""What a segment shows. Infarct extends the DICOM context group."""

FINDING = {
    LesionClass.ISCHEMIA: CodedConcept("432504007", "SCT", "Cerebral infarction"),
    LesionClass.HEMORRHAGE: CodedConcept("1386000", "SCT", "Intracranial hemorrhage"),
}
"""What a report says was found."""
