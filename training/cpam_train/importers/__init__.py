"""Bring public data sets, and masks of the usual formats, into the annotation store."""

from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import ImportSummary, SkippedCase
from cpam_train.importers.registry import IMPORTERS, import_cases

__all__ = ["IMPORTERS", "ImportOptions", "ImportSummary", "SkippedCase", "import_cases"]
