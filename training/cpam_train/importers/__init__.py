"""Bring public data sets, and masks of the usual formats, into the annotation store."""

from cpam_train.importers.options import ImportOptions, import_options
from cpam_train.importers.record import ImportSummary, SkippedCase
from cpam_train.importers.registry import FORMATS, IMPORTERS, import_cases, import_into

__all__ = [
    "FORMATS",
    "IMPORTERS",
    "ImportOptions",
    "ImportSummary",
    "SkippedCase",
    "import_cases",
    "import_into",
    "import_options",
]
