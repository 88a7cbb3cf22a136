"""Words by which computed pictures are told from plain CT, and words that only look like them."""

import pytest

from napari_cpam_stroke.dicom.headers.computed_picture import find_computed

TYPES = [
    "DE IODINE MAP", "IODINE_MAP", "IODINEMAP", "WATER_IODINE", "SUBTRACT", "SUBTRACTION", "CTA_SUB", "MIN IP", "MIP",
    "MAX_IP", "THICKMIP", "VRT", "VOLUME_RENDERED", "PROJECTION IMAGE", "CBF", "RCBV", "TMAX", "MONOENERGETIC", "VMI",
    "MAT_SPECIFIC", "EFF_ATOMIC_NUM", "ELECTRON_DENSITY", "COLORMAP", "STD_DEVIATION", "FUSION", "DISTORTED",
]  # fmt: skip
DESCRIPTIONS = [
    "DE Iodine Map", "Monoenergetic Plus 40 keV", "VMI 40KEV", "VMI_190", "GSI MONO 50", "sMonoE 40keV", "VNC Head",
    "Virtual Non-Contrast", "MD Iodine(Water)", "Rho/Z", "Z-eff", "Subtraction CTA-NC", "Neuro BoneRemoval",
    "Head MIPs", "Brain Tmax", "CTP rCBF map", "CT Perfusion", "Synthetic CT", "pseudo-CT", "Head overlay",
    "Dual Energy Head", "Virtuelle Nativserie", "sans contraste virtuel", "sanal kontrasts\u0131z", "VNI",
    "İyot haritas\u0131", "Z Effective", "Compton Scatter", "SURESubtraction", "soustraction", "sustracción", "SubCTA",
    "DE_BrainHem",
    "VR Head", "Cinematic Rendering", "temporal average", "Perfusionskarte", "RAPID Summary", "PURE Lumen",
]  # fmt: skip
PLAIN = [
    "HEAD 5mm", "Head 5.0 H31s", "non-subtracted", "UNSUBTRACTED", "Head w/o subtraction", "Head for CTA subtraction",
    "SUB-ACUTE stroke", "Head roadmap", "MPR axial", "Average 5mm", "True non contrast", "Spiral SCT", "Calcium score",
    "iodine contrast allergy", "MONOCHROME2", "CT Stroke mit Perfusion nativ", "Stroke_Perfusion NCCT", "SUBDURAL F/U",
    "BRAIN PERFUSION PROTOCOL NON CON", "SMART MAR", "Monoclonal trial",
]  # fmt: skip
PLAIN_TYPES = [
    "DERIVED", "PRIMARY", "AXIAL", "REFORMATTED", "AVERAGE", "MEAN", "RESAMPLED", "CSA MPR", "CT_SOM5 SPI", "ADD",
]  # fmt: skip


@pytest.mark.parametrize("value", TYPES)
def test_a_word_inside_a_value_of_image_type_counts(value):
    found = find_computed(["DERIVED", "PRIMARY", "AXIAL", value], ["Head"])
    assert found is not None
    assert not found.plain


@pytest.mark.parametrize("words", DESCRIPTIONS)
def test_a_word_of_the_description_counts(words):
    found = find_computed(["ORIGINAL", "PRIMARY", "AXIAL"], [words])
    assert found is not None
    assert not found.plain


@pytest.mark.parametrize("words", PLAIN)
def test_false_friends_are_plain_ct(words):
    assert find_computed(["DERIVED", "PRIMARY", "AXIAL"], [words]) is None


@pytest.mark.parametrize("value", PLAIN_TYPES)
def test_derived_axial_reconstructions_are_plain_ct(value):
    assert find_computed(["DERIVED", "PRIMARY", "AXIAL", value], []) is None


@pytest.mark.parametrize(
    ("energy", "plain"), [(40, False), (64, False), (65, True), (70, True), (75, True), (76, False)]
)
def test_the_usual_virtual_energies_come_near_plain_ct(energy, plain):
    found = find_computed([], [f"MonoE {energy} keV"])
    assert (found.energy_kev, found.plain) == (energy, plain)
    assert find_computed([], [], float(energy)).plain is plain


def test_mixed_energies_come_near_plain_ct_and_a_map_of_a_usual_energy_does_not():
    assert find_computed(["DUAL ENERGY"], ["Head mixed 0.6"]).plain
    assert find_computed([], ["Spectral head conventional"]).plain
    assert not find_computed([], ["Iodine map 70 keV"]).plain
