"""BraTS 2018, for the paper's table 7: four MR channels and three tumour labels, kept apart from the CT store."""

from cpam_train.brats.dataset import BratsDataset
from cpam_train.brats.folder import BratsCase, BratsFolder
from cpam_train.brats.importer import import_brats
from cpam_train.brats.regions import CLASSES, REGIONS, region_masks

__all__ = ["CLASSES", "REGIONS", "BratsCase", "BratsDataset", "BratsFolder", "import_brats", "region_masks"]
