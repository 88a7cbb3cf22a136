"""What labels say, in five languages; negations, neighbors and words of everyday speech say nothing."""

from __future__ import annotations

import pytest

from napari_cpam_stroke.core.label_names import CodedName, Meaning, meaning_of_name, meaning_of_segment

HEMORRHAGE = """
ICH; ich; Hemorrhage; haemorrhage; Intracerebral haematoma; IPH; IVH; SAH; SDH; EDH; SAHs; left_ich; ICH_1; ich 2
ICH-seg; \uff29\uff23\uff28; bleeding; subarachnoid bleed; blood; acute blood; microbleeds; chronic SDH
epidural hematoma (left); PH2; hemorrhage no 2; Hemorrhage No. 2; IntraparenchymalHemorrhage; cerebellar hemorrhage
brain hemorrhage; intraventricular hemorrhage; hemorrhagic stroke; Hemorrhagic infarct; hemorrhagic transformation
Stroke, hemorrhagic; infarct with hemorrhagic transformation; hemorrhage, non-traumatic; non-ischemic hemorrhage
Hirnblutung; Blutung; Einblutung; Hämatom; Ha\u0308matom; Subduralhämatom; Thalamusblutung; ICB; SAB; Haemorrhagie
Blut; hämorrhagischer Infarkt; Intrazerebrale Blutung; hémorragie; hématome sous-dural; saignement; AVC hémorragique
HSA; hemorragia; hematoma; sangrado; ictus hemorrágico; Hemorragia intracerebral; kanama; KANAMA; kanamas\u0131
hemorrhagicinfarct; haemorrhagicstroke; Hämorrhagieinfarkt; Infarkteinblutung; Einblutungsinfarkt
eingebluteter Mediainfarkt; aneurysmal SAH; infarct w/ hemorrhage; ICH+; AVC avec saignement; no infarct, hemorrhage
kanamal\u0131; İNTRAKRANİYAL KANAMA; hemorajik inme; hemorajik enfarkt; SAK"""
ISCHEMIA = """
ischemia; Ischaemia; infarct; infarction; stroke; AIS; ischemic core; ischaemic core; core; infarct core; Penumbra
hypodensity; hypodense area; brain infarct; MCA infarct; lacunar infarct; acute ischemic lesion
non-hemorrhagic infarct; nonhemorrhagic infarct; NonHemorrhagicInfarct; infarct without hemorrhage
infarct, no hemorrhage; stroke without hemorrhage; ischemic stroke no bleed; Infarkt; Hirninfarkt; Mediainfarkt
Infarktkern; Ischämie; ischaemischer Schlaganfall; Schlaganfall; Hypodensität; nicht-hämorrhagischer Infarkt
nicht hämorrhagischer Schlaganfall; infarctus; ischémie; AVC ischémique; pénombre; AVC non hémorragique
infarctus sans hémorragie; infarto; isquemia; ictus isquémico; infarto no hemorrágico; infarto sin hemorragia
enfarkt; enfarktüs; iskemi; İSKEMİ; ISKEMI; \u0131skem\u0131; iskemik inme; inme; hipodens
nonhemorrhagicinfarct; ischemicstroke; Posteriorinfarkt; Ischämiekern; hemorrhage-free infarct; no bleed infarct
hemorajik olmayan enfarkt; kanamas\u0131z enfarkt"""
NO_LESION = """
brain; normal brain; ventricle; ventricles; lateral ventricle left; skull; background; CSF; midline; midline shift
white matter; edema; oedema; perihematomal edema; perihaematomal oedema; PHE; perihemorrhagic edema; calcification
Gehirn; Hintergrund; Ödem; Hirnödem; cerveau; œdème; cráneo; beyin; arka plan; ödem; no hemorrhage; NoHemorrhage
nohemorrhage; no_stroke; no infarct; no hemorrhage or infarct; without hemorrhage; hemorrhage absent
negative for hemorrhage; not hemorrhage or infarct; free of hemorrhage; all but hemorrhage; excluding hemorrhage
ICH_neg; post-op cavity; cyst; perifokales Ödem; craniectomy; white matter disease
non-hemorrhagic; keine Blutung; kein Infarkt; blutungsfrei; sans hémorragie
pas d'hémorragie; sin hemorragia; kanama yok; inme yok; İnme Yok; kanamas\u0131z"""
NOT_UNDERSTOOD = """
Segment_1; Segment 1; lesion; brain lesion; ventricle lesion; label1; 1; tissue; foo; unknown; ignore; HIV
hyperdensity; such; which; ich habe; ich sah nichts; richness; lichen; sandwich; hemorrhoid; hemangioma
ICH?; no hemorrhage?; rule out hemorrhage; r/o ICH; V.a. Blutung; exclude bleed; hemorrhage: no; hemorrhage=0; ICH-
scalp hematoma; Galeahämatom; cephalhematoma; extracranial hemorrhage; retinal hemorrhage; myocardial infarction
pituitary apoplexy; transient ischemic attack; small vessel ischemic disease; contrast or hemorrhage; infarct with HT
Infarct (hem. transf.); Tumorblutung; perihemorrhagicischemia; pseudosubarachnoid hemorrhage
mirror of infarct; contralateral to infarct; evacuated hematoma; false positive hemorrhage; other than hemorrhage
Durchblutung; Minderdurchblutung; blood flow; blood volume; blood vessel; tumor core; bleedthrough; hemorrhage mimic
possible hemorrhage; non-ischemic stroke; infarct or hemorrhage; infarct and hematoma; hemorrhage/infarct
ischemic and hemorrhagic stroke; hemorrhage and edema; hemorrhage edema; perihematomal region
perihematomal hypodensity"""


def rows(text, meaning):
    return [(name.strip(), meaning) for line in text.splitlines() for name in line.split(";") if name.strip()]


@pytest.mark.parametrize(
    ("name", "meaning"),
    rows(HEMORRHAGE, Meaning.HEMORRHAGE)
    + rows(ISCHEMIA, Meaning.ISCHEMIA)
    + rows(NO_LESION, Meaning.IGNORE)
    + rows(NOT_UNDERSTOOD, Meaning.UNKNOWN)
    + [("", Meaning.UNKNOWN), ("\u200b", Meaning.UNKNOWN)],
)
def test_names(name, meaning):
    assert meaning_of_name(name) is meaning


def test_a_run_of_words_of_any_length_ends():
    assert meaning_of_name("infarct" * 2000) is Meaning.UNKNOWN


BLEED, INFARCT = CodedName("50960005", "SCT", "Hemorrhage"), CodedName("55641003", "SCT", "Infarct")
SNOMED_OF_2003 = CodedName("M-54700", "99SDM", "")
STROKE, BRAIN = CodedName("230690007", "SCT", "Stroke"), CodedName("12738006", "SCT", "Brain")
TISSUE, OLD_BLEED = CodedName("85756007", "SCT", "Tissue"), CodedName("M-37000", "SRT", "")


@pytest.mark.parametrize(
    ("label", "kind", "meaning"),
    [
        ("Segment_1", BLEED, Meaning.HEMORRHAGE),
        ("Segment_1", OLD_BLEED, Meaning.HEMORRHAGE),
        ("Segment_1", SNOMED_OF_2003, Meaning.ISCHEMIA),
        ("Segment_1", CodedName("50960005", "99LOCAL", ""), Meaning.UNKNOWN),
        ("Segment_1", CodedName("x", "99LOCAL", "Intracerebral haematoma"), Meaning.HEMORRHAGE),
        ("Segment_1", CodedName("I61.0", "I10", ""), Meaning.HEMORRHAGE),
        ("Segment_1", TISSUE, Meaning.UNKNOWN),
        ("Segment_1", BRAIN, Meaning.IGNORE),
        ("lesion", BRAIN, Meaning.UNKNOWN),
        ("lesion 3", INFARCT, Meaning.ISCHEMIA),
        ("ICH", TISSUE, Meaning.HEMORRHAGE),
        ("ICH", BRAIN, Meaning.HEMORRHAGE),
        ("ICH", STROKE, Meaning.HEMORRHAGE),
        ("stroke", BLEED, Meaning.HEMORRHAGE),
        ("hemorrhagic infarct", INFARCT, Meaning.HEMORRHAGE),
        ("ICH", INFARCT, Meaning.UNKNOWN),
        ("infarct", BLEED, Meaning.UNKNOWN),
        ("edema", BLEED, Meaning.UNKNOWN),
        ("ICH", CodedName("79654002", "SCT", "Edema"), Meaning.UNKNOWN),
        ("no hemorrhage", BLEED, Meaning.UNKNOWN),
        ("infarct or hemorrhage", BLEED, Meaning.UNKNOWN),
        ("Segment_1", CodedName("50960005", "SCT", "Infarct"), Meaning.UNKNOWN),
        ("Brain", TISSUE, Meaning.IGNORE),
    ],
)
def test_label_and_code_together(label, kind, meaning):
    assert meaning_of_segment(label, kind) is meaning
