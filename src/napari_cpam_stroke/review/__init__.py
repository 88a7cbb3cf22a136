"""The state of one case while a reader works on it: no Qt, no torch, no napari."""

from napari_cpam_stroke.review.autosave import Autosave
from napari_cpam_stroke.review.case import CaseReview
from napari_cpam_stroke.review.draft import Draft, Saved, Stored

__all__ = ["Autosave", "CaseReview", "Draft", "Saved", "Stored"]
