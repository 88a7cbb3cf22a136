"""Every CT format by its name, and what finds its cases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cpam_train.importers.formats.aisd import find_aisd
from cpam_train.importers.formats.bids import find_bids
from cpam_train.importers.formats.coco import find_coco
from cpam_train.importers.formats.csv_labels import find_csv
from cpam_train.importers.formats.ct_ich import find_ct_ich
from cpam_train.importers.formats.ct_ich_nifti import find_ct_ich_nifti
from cpam_train.importers.formats.dicom_seg import find_dicom_seg
from cpam_train.importers.formats.image_label_list import find_monai, find_msd
from cpam_train.importers.formats.nifti_pairs import find_bhsd, find_instance, find_nifti, find_nnunet
from cpam_train.importers.formats.pairs import find_cpaisd, find_mbh
from cpam_train.importers.formats.png_pairs import find_png
from cpam_train.importers.formats.rsna import find_rsna
from cpam_train.importers.formats.rsna_pictures import find_rsna_hu, find_rsna_slices
from cpam_train.importers.formats.teknofest import find_teknofest
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate

FINDERS: dict[str, Callable[[Path, ImportOptions], list[Candidate]]] = {
    "teknofest": find_teknofest,
    "ct-ich": find_ct_ich,
    "ct-ich-nifti": find_ct_ich_nifti,
    "cpaisd": find_cpaisd,
    "instance": find_instance,
    "bhsd": find_bhsd,
    "mbh": find_mbh,
    "aisd": find_aisd,
    "rsna": find_rsna,
    "rsna-slices": find_rsna_slices,
    "rsna-hu": find_rsna_hu,
    "nnunet": find_nnunet,
    "nifti": find_nifti,
    "dicom-seg": find_dicom_seg,
    "monai": find_monai,
    "msd": find_msd,
    "bids": find_bids,
    "coco": find_coco,
    "png": find_png,
    "csv": find_csv,
}
"""What each format consists of; the name is also the `source` of its cases."""
