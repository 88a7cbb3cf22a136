"""The one table of words and codes by which labels name ischemia, hemorrhage, or something that is neither.

English, German, French, Spanish and Turkish. Words are folded as `label_words.fold` does: lower case, no accents,
dotless i as i, and the spellings of `SPELLINGS` as one. A star stands for any letters: at the start for the place in a
compound ("Thalamusblutung"), at the end for inflection.
"""

from __future__ import annotations

from enum import Enum, auto


class Sign(Enum):
    """What one word, or one code, stands for."""

    HEMORRHAGE = auto()
    BLEEDING = auto()
    """Hemorrhage as an adjective: "hemorrhagic infarct" is one finding, "hemorrhage and infarct" are two."""
    ISCHEMIA = auto()
    STROKE = auto()
    """Ischemia, unless something else says that it bled."""
    ANATOMY = auto()
    """A normal part; beside a lesion it only says where that is."""
    OTHER = auto()
    """A finding that is neither class."""
    NEUTRAL = auto()
    """Place, side, age, number: says nothing of what it is."""
    SPOILER = auto()
    """Beside it the name of a lesion does not say that one was drawn."""
    BLOOD = auto()
    """Hemorrhage where only neutral words stand beside it: a blood vessel is none."""
    CORE = auto()
    """Of an infarct where only neutral words stand beside it: a tumor has one too."""
    AROUND = auto()
    """The next word is the neighbor of what is drawn."""
    NOT_NEXT = auto()
    """Negates the next word for a lesion alone: "non-hemorrhagic infarct" is an infarct."""
    NOT_AFTER = auto()
    """Negates what follows, as far as "or" leads."""
    NOT_BEFORE = auto()
    """Negates what stands before."""
    NOT_BESIDE = auto()
    """Negates what follows, or where nothing follows what stands before."""
    OR = auto()
    """Joins two findings."""
    BREAK = auto()
    """Ends what a negation reaches."""


SPELLINGS = (
    (r"ha?em+(?=or|at)|ham(?=or|at)", "hem"),
    (r"hemor+h?ag", "hemorrhag"),
    (r"hemor+aj", "hemoraj"),
    (r"is(?:ch|k|qu)(?:ae|a|e)m", "ischem"),
    (r"(?:oe|o|e)dem(?=a|e|i|s|$)", "edem"),
    (r"tumour|tumeur", "tumor"),
    (r"h[yi]podens", "hypodens"),
    (r"infarkt|enfarkt", "infarct"),
)
"""British, German, French, Spanish and Turkish spellings of one stem, and the stem."""

WORDS: dict[Sign, str] = {
    Sign.HEMORRHAGE: """
        *hemorrhage *hemorrhages *hemorrhagie *hemorrhagien *hemorrhagies *hemorrhagia *hemorrhagias hemorrhaging
        *hemoraji hemorajisi hemorajiler *hematom *hematoma *hematomas *hematome *hematomes *hematomen *hematoms
        *hematomal *hematomu hematomlar *blutung *blutungen *blutungsareal bleed bleeds bleeding bleedings microbleed
        microbleeds saignement saignements sangrado sangrados kanama kanamasi kanamalar kanamalari""",
    Sign.BLEEDING: """
        *hemorrhagic *hemorrhagico *hemorrhagica *hemorrhagicos *hemorrhagicas *hemorrhagique *hemorrhagiques
        *hemorrhagisch *hemorrhagische *hemorrhagischer *hemorrhagisches *hemorrhagischen *hemorajik kanamali
        eingeblutet eingeblutete eingebluteter eingeblutetes sangrante""",
    Sign.ISCHEMIA: """
        *infarct *infarcts *infarcted *infarction *infarctions *infarctus *infarcto *infarctos *infarto *infartos
        *infarcte *infarcten *infarctes *infarctkern *ischemiekern *infarctareal *infarctgebiet *infarctvolumen
        infarctusu infarcti infarctlar *ischemia *ischemias *ischemie *ischemien *ischemies *ischemic *ischemico
        *ischemica *ischemicos *ischemicas *ischemique *ischemiques *ischemisch *ischemische *ischemischer *ischemisches
        *ischemischen ischemi ischemik ischemisi penumbra penumbrae penombre hypodens* hypoattenuat* hipodansite* lacune
        lacunes""",
    Sign.STROKE: """
        *stroke *strokes schlaganfall schlaganfalle hirnschlag hirninsult insult apoplex apoplexie apoplexy ictus inme
        felc""",
    Sign.ANATOMY: """
        brain brains cerebrum hirn gehirn grosshirn cerveau encephale cerebro encefalo beyin parenchyma parenchym
        parenquima head kopf tete cabeza kafa skull cranium schadel crane craneo kafatasi bone bones knochen kemik hueso
        calvari* dura air luft background hintergrund fond fondo arkaplan arka plan csf liquor lcr bos cerebrospinal
        fluid *ventricle *ventricles *ventrikel *ventrikels *ventrikelsystem system ventricule ventricules ventriculo
        ventriculos ventrikul cistern cisterns sulcus sulci gyrus gyri sinus sinuses falx tentorium midline mittellinie
        ligne mediane linea media orta hat cerebell* kleinhirn cervelet beyincik brainstem stem hirnstamm pons thalam*
        caudate putamen insula capsule cortex white grey gray matter wm gm hemisphere hemispheres lobe lobes ganglia
        basal choroid plexus pineal vessel vessels artery arteries vein veins gefass gefasse vaisseau vaisseaux vaso
        vasos damar damarlar normal healthy gesund sain sano saglikli table couch tisch""",
    Sign.OTHER: """
        *edema *edemas *edem *edeme *edemes *edematous edemi edemli phe *calcifi* *kalzifi* *kalsifi* *verkalk* calcium
        kalk *tumor* glioma* gliom *meningiom* *metasta* *neoplas* hydroceph* hidrosef* hidrocef* herniation shift
        pneumoceph* thromb* embol* occlusion occlusions aneurysm aneurysms aneurysma aneurysmen aneurism aneurisma*
        anevri* avm mls cavity cavities cyst cysts zyste zysten kist abscess* abszess* apse absces* *hygrom* *higrom*
        encephalomalac* enzephalomalaz* porenceph* craniotom* craniectom* kraniotom* kraniektom* hemicrani* disease
        diseases microangiopath* mikroangiopath* evd electrode* elektrode* catheter* katheter drain drains shunt shunts
        coil coils clip clips implant implants artifact* artefact* artefakt* fracture* fraktur* fractura atroph* atrofi*
        gliosis leukoaraiosis wmh scalp kopfhaut kopfschwarte skin haut eye eyes orbit* retina* netzhaut vitreous galea*
        *subgaleal* extracrani* extrakrani* cephal kephal kopfschwarten subcutan* subkutan* muscle muskel pituitary
        hypophys* myocard* myokard* cardiac heart herz kalp spinal""",
    Sign.SPOILER: """
        mimic mimics risk prob probability score threshold error uncertainty unsure uncertain unclear unknown suspected
        suspicion possible probable questionable ? versus vs candidate* verdacht fraglich* unklar* suspect* suphe*
        sospech* douteu* pseudo* exclude ignore ignored false fp fps fn fns tp missed than mirror* spiegel* opposite
        contralateral* kontralateral* contralesion* gegenseit* evacuat* resolved attack attacks tia tias ht *like hem
        hemorr* hemat* blutig* *geblut* einblut* bleed* kanam* sangr* saign* infarc* ischem*""",
    Sign.NEUTRAL: """
        l r lt rt left right bilateral link* recht* gauche droit droite izquierd* derech* sag sol acute hyperacute
        subacute akut* subakut* agudo aguda aigu aigue chronic* kronik cronic* old new early late recent fresh alt alte
        alter altes *cerebral* *cranial* *axial* *dural *durale *arachnoid* *ventricular* *parenchym* *tentorial lateral
        medial anterior posterior superior inferior frontal temporal parietal occipital third fourth first second
        segment* seg label labels mask masks maske class klasse roi object structure tissue region area areal manual
        auto automatic final gt ground truth reference ref edited copy total whole all small large main of the a an in
        on at for to de des du d la le l les el los der die das dem im am von var is evidence sign signs any effect mass
        transformation transformed type grade i ii iii iv spontaneous traumatic aneurysmal op postop* surgical
        resection* vasogen* vazojen* cytotox*""",
    Sign.BLOOD: "blood blut sang sangre kan",
    Sign.CORE: "core kern noyau nucleo cekirdek",
    Sign.AROUND: """
        peri perifocal surrounding around adjacent post umgebend* perifokal* autour alrededor etrafi etrafinda""",
    Sign.NOT_NEXT: "non not nicht",
    Sign.NOT_AFTER: """
        no without kein keine keinen keinem keiner keines ohne sans pas aucun aucune absence sin ningun ninguna ausencia
        neither never minus except excluding excl""",
    Sign.NOT_BEFORE: "yok degil olmayan haric ausgeschlossen excluded ruled nein absente ausente frei free",
    Sign.NOT_BESIDE: "absent neg negative negativ negativo negativa negatif none fehlend fehlt",
    Sign.OR: "or nor and und oder et ou y o e u ni ve veya plus & + /",
    Sign.BREAK: "but aber mais pero ama with mit avec con ile contrast ct ncct , ; ( ) :",
}
"""Whole words and what they stand for; a word that stands in two rows counts as the first of them."""

ABBREVIATIONS: dict[Sign, str] = {
    Sign.HEMORRHAGE: """
        ich iph ivh sah sdh edh ichs sahs sdhs edhs asah asdh csdh ssdh icb sab ivb hic hsa hsd hed sak ivk""",
    Sign.ISCHEMIA: "ais",
    Sign.STROKE: "avc acv cva svo",
}
"""Count in capitals, or where every word beside them is known: German "ich" is no bleed."""

HEMORRHAGE_GRADES = frozenset({("hi", "1"), ("hi", "2"), ("ph", "1"), ("ph", "2")})
"""Hemorrhagic infarction and parenchymal hematoma of the ECASS classification."""

NEGATING_PREFIXES = ("non", "nicht")
"""Begin a compound that is turned down; so does a whole negation before it ("nohemorrhage")."""
AROUND_PREFIXES = ("peri", "post", "pseudo", "para")
"""Begin a compound that lies beside a lesion, where they are no part of a place ("posterior")."""

NO_COMPOUNDS = ("durch",)
"""Before "blutung" it makes a word for perfusion."""
JOINTS = ("ein", "s")
"""Stand between the words of a German compound: Infarkt-ein-blutung, Einblutung-s-infarkt."""
WITHOUT_ENDS = ("sfrei", "frei", "siz", "suz")
"""German and Turkish for "free of": blutungsfrei, kanamasiz."""

OLD_SNOMED_SCHEMES = ("SNM3", "99SDM")
"""Designators of SNOMED codes before SRT, with the same values."""

CODES: dict[tuple[str, str], Sign] = {
    ("SCT", "50960005"): Sign.HEMORRHAGE,  # Hemorrhage
    ("SCT", "35566002"): Sign.HEMORRHAGE,  # Hematoma
    ("SCT", "1386000"): Sign.HEMORRHAGE,  # Intracranial hemorrhage
    ("SCT", "274100004"): Sign.HEMORRHAGE,  # Cerebral hemorrhage
    ("SCT", "21454007"): Sign.HEMORRHAGE,  # Subarachnoid hemorrhage
    ("SCT", "35486000"): Sign.HEMORRHAGE,  # Subdural hemorrhage
    ("SRT", "M-37000"): Sign.HEMORRHAGE,
    ("SRT", "M-35060"): Sign.HEMORRHAGE,
    ("SRT", "D3-89100"): Sign.HEMORRHAGE,
    ("SCT", "55641003"): Sign.ISCHEMIA,  # Infarct
    ("SCT", "52674009"): Sign.ISCHEMIA,  # Ischemia
    ("SCT", "432504007"): Sign.ISCHEMIA,  # Cerebral infarction
    ("SCT", "422504002"): Sign.ISCHEMIA,  # Ischemic stroke
    ("SRT", "M-54700"): Sign.ISCHEMIA,
    ("SCT", "230690007"): Sign.STROKE,  # Cerebrovascular accident
    ("SRT", "D3-8900D"): Sign.STROKE,
    ("SCT", "12738006"): Sign.ANATOMY,  # Brain
    ("SRT", "T-A0100"): Sign.ANATOMY,
    ("SCT", "35764002"): Sign.ANATOMY,  # Brain ventricle
    ("SRT", "T-A1600"): Sign.ANATOMY,
    ("SCT", "89546000"): Sign.ANATOMY,  # Skull
    ("SRT", "T-11100"): Sign.ANATOMY,
    ("SCT", "65216001"): Sign.ANATOMY,  # Cerebrospinal fluid
    ("DCM", "125040"): Sign.ANATOMY,  # Background
    ("SCT", "79654002"): Sign.OTHER,  # Edema
    ("SRT", "M-36300"): Sign.OTHER,
}
"""(coding scheme, code value) of what a DICOM segment shows; a code that is not here is read by its meaning."""

CODE_STARTS: tuple[tuple[str, str, Sign], ...] = (
    ("I10", "I60", Sign.HEMORRHAGE),
    ("I10", "I61", Sign.HEMORRHAGE),
    ("I10", "I62", Sign.HEMORRHAGE),
    ("I10", "I63", Sign.ISCHEMIA),
    ("I10", "I64", Sign.STROKE),
)
"""ICD-10: scheme and code begin so."""
