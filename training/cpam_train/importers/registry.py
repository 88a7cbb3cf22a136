"""Every CT format by its name, and what finds its cases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cpam_train.importers.aisd import find_aisd
from cpam_train.importers.ct_ich import find_ct_ich
from cpam_train.importers.ct_ich_nifti import find_ct_ich_nifti
from cpam_train.importers.dicom_seg import find_dicom_seg
from cpam_train.importers.nifti_pairs import find_bhsd, find_instance, find_nifti, find_nnunet
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.pairs import find_cpaisd, find_mbh
from cpam_train.importers.record import Candidate
from cpam_train.importers.rsna import find_rsna
from cpam_train.importers.teknofest import find_teknofest

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
    "nnunet": find_nnunet,
    "nifti": find_nifti,
    "dicom-seg": find_dicom_seg,
}
"""What each format consists of; the name is also the `source` of its cases."""
