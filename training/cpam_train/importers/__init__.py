"""Bring public data sets, and masks of the usual formats, into the annotation store."""

from cpam_train.importers.fill import fill_store
from cpam_train.importers.options import ImportOptions, import_options
from cpam_train.importers.record import ImportSummary, SkippedCase
from cpam_train.importers.registry import FINDERS

__all__ = ["FINDERS", "ImportOptions", "ImportSummary", "SkippedCase", "fill_store", "import_options"]
