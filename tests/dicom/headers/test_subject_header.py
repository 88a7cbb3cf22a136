"""Words of ContrastBolusAgent: an agent, or that there was none."""

import pytest
from hazard_suite.base import datasets, save_all, truth_of

from napari_cpam_stroke.dicom import scan_folder

NONE = [
    "", "NONE", "none.", "No", "NO CONTRAST", "No IV contrast", "non-contrast", "Without contrast", "w/o", "ohne KM",
    "kein KM", "Nativ", "sans contraste", "sin contraste", "kontrasts\u0131z", "-", ".", "n/a", "0 ml", "unenhanced",
]  # fmt: skip
AGENTS = [
    "Ultravist 370", "IV", "Non-ionic", "nonionic", "no i\u00f3nico", "YES", "Omnipaque", "Novopaque", "Sinerem",
    "IV CONTRAST",
]  # fmt: skip


@pytest.mark.parametrize(("words", "given"), [(w, False) for w in NONE] + [(w, True) for w in AGENTS])
def test_what_stands_where_the_agent_belongs(words, given, tmp_path):
    items = datasets(truth_of(distances=(0.0, 5.0, 10.0), spacing=(8.0, 9.0), shape=(28, 24)))
    for item in items:
        item.SpecificCharacterSet, item.ContrastBolusAgent = "ISO_IR 192", words
    save_all(tmp_path, items)
    (entry,) = scan_folder(tmp_path).series
    assert any("contrast agent" in reason.lower() for reason in entry.reasons) is given
