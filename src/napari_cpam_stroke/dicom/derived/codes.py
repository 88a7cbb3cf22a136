"""Coded terms of segmentations and reports: one place for every code."""

from __future__ import annotations

from highdicom.sr import CodedConcept

from napari_cpam_stroke.core import LesionClass

ABNORMAL_STRUCTURE = CodedConcept("49755003", "SCT", "Morphologically Abnormal Structure")
BRAIN = CodedConcept("12738006", "SCT", "Brain")
VOLUME = CodedConcept("118565006", "SCT", "Volume")
MILLILITRE = CodedConcept("mL", "UCUM", "milliliter")
CT_OF_HEAD = CodedConcept("24725-4", "LN", "CT Head")
ARTIFICIAL_INTELLIGENCE = CodedConcept("123110", "DCM", "Artificial Intelligence")

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
