"""What readers and models said about each case, kept so that nothing is lost and nothing is overwritten."""

from napari_cpam_stroke.annotations.exchange import ImportSummary
from napari_cpam_stroke.annotations.listing import Answer, ListedCase
from napari_cpam_stroke.annotations.records import (
    BlindedRead,
    CaseRecord,
    ModelRecord,
    Rejection,
    Revision,
)
from napari_cpam_stroke.annotations.recovery import Journal, Pending
from napari_cpam_stroke.annotations.runs import ModelRun
from napari_cpam_stroke.annotations.store import AnnotationStore
from napari_cpam_stroke.annotations.wanted import Wanted

__all__ = [
    "AnnotationStore",
    "Answer",
    "BlindedRead",
    "CaseRecord",
    "ImportSummary",
    "Journal",
    "ListedCase",
    "ModelRecord",
    "ModelRun",
    "Pending",
    "Rejection",
    "Revision",
    "Wanted",
]
