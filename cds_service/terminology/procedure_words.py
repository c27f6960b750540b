"""The words by which the text of an order tells what is imaged, and the words that forbid telling.

Data only; `procedure_text` reads them. Every phrase is lower case, its words parted by one space, since the
text is brought into that form first (`U/S` is read as `u s`). A plural in -s need not be listed.

When in doubt a word stands among those that exclude: an order that goes unrecognised is left alone, while a
leg Doppler or a baby's hip scan taken for an MSK scan would be sent the wrong way.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from cds_service.terminology.vocabulary import (
    LOWER_LIMB,
    MRI,
    OTHER,
    SACROILIAC_JOINT,
    SPINE,
    UPPER_LIMB,
    USS,
    WHOLE_SPINE,
)

MODALITY_PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    MRI: ("mri", "nmr", "mra", "mrv", "mrcp", "magnetic resonance", "mr imaging"),
    USS: (
        "uss",
        "u s",
        "u sound",
        "usg",
        "ultrasound",
        "ultra sound",
        "ultrasonic",
        "ultrasonogram",
        "ultrasonograph",
        "ultrasonography",
        "sonogram",
        "sonography",
        "echography",
    ),
    OTHER: (
        "x ray",
        "xray",
        "xr",
        "radiograph",
        "plain film",
        "ct",
        "cat scan",
        "dexa",
        "dxa",
        "bone scan",
        "isotope",
        "fluoroscopy",
        "mammogram",
        "mammography",
    ),
}
"""Words that name the modality wherever they stand; `other` keeps a stray "us" from naming one."""

BARE_MODALITIES: Final[Mapping[str, str]] = {"mr": MRI, "us": USS}
"""Abbreviations that are also plain words ("Mr Jones", "ask us").

They count beside a known word only, and "us" also as the first word.
"""

BESIDE_BARE_MODALITY: Final = frozenset(
    {
        *("left", "right", "lt", "rt", "l", "r", "both", "bilateral", "bilat"),
        *("scan", "scans", "imaging", "examination", "exam", "with", "without", "contrast", "of", "the"),
        *("arthrogram", "arthrography", "joint", "limb", "extremity", "soft", "tissue", "muscle", "tendon"),
        *("ligament", "lump", "mass", "swelling", "msk", "musculoskeletal", "lss", "lssp", "cauda"),
    }
)
"""Words that say nothing of the body but show that a bare "us" or "mr" before them means the modality."""


class Sign(StrEnum):
    """What a word other than an MSK region says of the order.

    `OUTSIDE` is something that the MSK pathways do not cover. `NEEDLE` is a procedure done under imaging.
    `UNCLEAR` is a part that may or may not be MSK.
    """

    OUTSIDE = "outside"
    NEEDLE = "needle"
    UNCLEAR = "unclear"


SIGN_PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    Sign.OUTSIDE: (
        # Vessels: a scan for a clot must never be sent to community MSK.
        *("doppler", "duplex", "dvt", "vein", "venous", "venogram", "venography", "vascular", "vessel"),
        *(
            "angio",
            "angiogram",
            "angiography",
            "arterial",
            "artery",
            "arteries",
            "aorta",
            "aortic",
            "aneurysm",
        ),
        *("carotid", "varicose", "thrombosis", "thrombus", "clot", "fistula", "mra", "mrv", "ischaemia"),
        # Babies: screening of the hips is a pathway of its own.
        *("infant", "neonatal", "neonate", "newborn", "baby", "babies", "ddh", "developmental dysplasia"),
        *("infants", "neonates", "cdh", "breech", "clicky hip", "hip screening"),
        # Head and face.
        *("brain", "head", "skull", "cranial", "intracranial", "craniocervical", "cerebral", "cerebellar"),
        *("iam", "internal auditory", "acoustic", "cochlear", "pituitary", "orbit", "orbital", "sinus"),
        *("sinuses", "face", "facial", "parotid", "salivary", "ear", "eye", "temporal", "posterior fossa"),
        *("jaw", "mandible", "mandibular", "maxilla", "dental", "fmri", "spectroscopy"),
        *("thyroid", "parathyroid", "larynx", "laryngeal", "throat", "submandibular"),
        *("supraclavicular", "lymph", "lymphatic", "lymph node", "node", "gland"),
        # Chest and breast.
        *("breast", "mammary", "heart", "cardiac", "echo", "echocardiogram", "echocardiography", "chest"),
        *("thorax", "lung", "pleura", "pleural", "mediastinum", "mediastinal"),
        # Abdomen, kidneys, genitals, pregnancy. Bladder, bowel and anus are left out on purpose: beside a
        # spine they are symptoms of the cauda equina, and such an order should keep its card's safety net.
        *("abdomen", "abdominal", "abdo", "liver", "hepatic", "gallbladder", "gall bladder", "biliary"),
        *("mrcp", "pancreas", "pancreatic", "spleen", "splenic", "adrenal", "stomach", "appendix"),
        *("enterography", "iliac fossa", "hernia", "inguinal", "umbilical", "elastography", "fibroscan"),
        *("renal", "kidney", "kub", "ureter", "ureteric", "prostatic", "trus"),
        *("scrotum", "scrotal", "testis", "testes", "testicle", "testicular", "penis", "penile"),
        *("gynae", "gynaecology", "gynaecological", "uterus", "uterine", "ovary", "ovaries", "ovarian"),
        *(
            "endometrial",
            "endometrium",
            "cervix",
            "cervical length",
            "vagina",
            "vaginal",
            "transvaginal",
            "tv",
        ),
        *("obstetric", "pregnancy", "antenatal", "fetal", "foetal", "fetus", "foetus", "gravid", "nuchal"),
        *("pelvic floor", "pelvic organ", "proctogram"),
        # The whole body and its bone density are no question about one joint.
        *("whole body", "total body", "myeloma", "marrow", "skeletal survey", "pet", "density"),
        *("bone density", "heel density", "densitometry", "quantitative"),
    ),
    Sign.NEEDLE: (
        *("guided", "guidance", "injection", "inject", "injected", "injecting", "aspiration", "aspirate"),
        *("aspirated", "biopsy", "biopsies", "drainage", "drain", "barbotage", "hydrodilatation"),
        *("hydrodistension", "nerve block", "fna", "fine needle", "ablation", "vertebroplasty"),
        *("lumbar puncture", "needling", "interventional"),
    ),
    Sign.UNCLEAR: (
        # As `imaging-ambiguous` has it: bone and joint, or gynaecology, urology and bowel.
        *("pelvis", "pelvic", "plexus", "brachial plexus", "lumbosacral plexus", "lumbar plexus"),
        *("sacral plexus", "thoracic outlet", "temporomandibular", "tmj", "groin", "axilla", "axillae"),
        *("axillary", "chest wall", "iliac spine", "ischial spine", "buttock"),
    ),
}
"""Signs win over regions: `iliac spine` is not the spine."""

SHIELDED_PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    # "Head" and "neck" of a bone. The bone alone gives a region of the same limb, so that no exclusion
    # word, added to a text, can make an MSK order of one that was not.
    "shoulder": (
        *("humeral head", "head of humerus", "head of the humerus", "humeral neck", "neck of humerus"),
        *("neck of the humerus", "head of biceps", "head of the biceps"),
    ),
    "hip": (
        *("femoral head", "head of femur", "head of the femur", "femoral neck", "neck of femur"),
        *("neck of the femur",),
    ),
    "thigh": ("head of biceps femoris", "head of the biceps femoris"),
    "lower-leg": ("fibular head", "head of fibula", "head of the fibula"),
    "foot": ("metatarsal head",),
    "hand": ("metacarpal head",),
}
"""Phrases in which a word that would exclude names a part of a bone instead."""

REGION_PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    SPINE: ("spine", "spinal", "vertebra", "vertebrae", "vertebral"),
    WHOLE_SPINE: (
        *("whole spine", "full spine", "entire spine", "complete spine", "total spine", "spine whole"),
        *("spine full", "whole spinal"),
    ),
    "cervical-spine": ("c spine", "cspine", "cx spine", "cerv spine"),
    "thoracic-spine": ("t spine", "tspine", "thor spine", "d spine", "dorsal spine", "upper back"),
    "lumbar-spine": (
        *(
            "lumbar",
            "l spine",
            "lspine",
            "lumb spine",
            "ls spine",
            "l s spine",
            "lumbosacral",
            "lumbo sacral",
        ),
        *("low back", "lower back"),
    ),
    "sacral-spine": ("sacral", "sacrum", "coccyx", "coccygeal", "sacrococcygeal", "tailbone"),
    SACROILIAC_JOINT: ("sacroiliac", "sacro iliac", "si joint", "sij"),
    # Not the chest wall: an ultrasound of it is as often about a lump near the breast.
    "chest-wall": ("rib", "ribcage", "sternum", "sternal", "costochondral"),
    "shoulder": (
        *("shoulder", "acromioclavicular", "ac joint", "acj", "sternoclavicular", "sc joint", "scj"),
        *("clavicle", "scapula", "scapular", "spine of scapula", "spine of the scapula", "glenohumeral"),
        *("rotator cuff", "supraspinatus", "infraspinatus", "subscapularis", "subacromial"),
    ),
    "upper-arm": ("upper arm", "humerus", "humeral", "biceps", "triceps"),
    "elbow": ("elbow", "olecranon", "cubital tunnel"),
    "forearm": ("forearm", "radius", "ulna"),
    "wrist": ("wrist", "carpal", "carpus", "scaphoid", "tfcc"),
    "hand": ("hand", "finger", "thumb", "metacarpal", "mcp", "mcpj"),
    UPPER_LIMB: ("arm", "upper limb", "upper extremity", "upper extremities"),
    "hip": ("hip", "acetabulum", "acetabular", "trochanter", "trochanteric", "gluteal", "gluteus"),
    "thigh": ("thigh", "femur", "femoral", "hamstring", "quadriceps", "adductor", "biceps femoris"),
    "knee": (*("knee", "patella", "patellar", "patellofemoral", "meniscus", "menisci", "meniscal", "popliteal"),),
    "lower-leg": ("tibia", "tibial", "fibula", "fibular", "tib fib", "shin"),
    "ankle": ("ankle", "achilles", "talus", "talar"),
    "foot": (
        *("foot", "feet", "forefoot", "midfoot", "hindfoot", "heel", "calcaneus", "calcaneal", "plantar"),
        *("toe", "hallux", "metatarsal"),
    ),
}
"""Words that name an MSK region whatever the modality."""

SPINE_LEVELS: Final[Mapping[str, frozenset[str]]] = {
    "thoracolumbar": frozenset({"thoracic-spine", "lumbar-spine"}),
    "thoraco lumbar": frozenset({"thoracic-spine", "lumbar-spine"}),
    "dorsolumbar": frozenset({"thoracic-spine", "lumbar-spine"}),
    "t l spine": frozenset({"thoracic-spine", "lumbar-spine"}),
    "tl spine": frozenset({"thoracic-spine", "lumbar-spine"}),
    "cervicothoracic": frozenset({"cervical-spine", "thoracic-spine"}),
    "cervico thoracic": frozenset({"cervical-spine", "thoracic-spine"}),
    "c t spine": frozenset({"cervical-spine", "thoracic-spine"}),
    "c t l spine": frozenset({"cervical-spine", "thoracic-spine", "lumbar-spine"}),
    "ctl spine": frozenset({"cervical-spine", "thoracic-spine", "lumbar-spine"}),
}
"""Words that name several levels of the spine at once."""

LEVELS_OF_A_NAMED_SPINE: Final[Mapping[str, tuple[str, ...]]] = {
    "cervical-spine": ("cervical",),
    "thoracic-spine": ("thoracic",),
}
"""Levels that count only where the spine is named too: there are cervical nodes and a thoracic outlet."""

LEG_PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    "lower-leg": ("lower leg", "calf", "calves"),
    LOWER_LIMB: ("leg", "lower limb", "lower extremity", "lower extremities"),
}
"""Regions in an MRI; in an ultrasound unclear, since "US leg" is how a scan for a clot is often asked for."""

LEVEL_COMBINATIONS: Final[Mapping[frozenset[str], str]] = {
    frozenset({"thoracic-spine", "lumbar-spine"}): "thoracolumbar-spine",
    # As SNOMED CT's "lumbar and sacral spine" is classified.
    frozenset({"lumbar-spine", "sacral-spine"}): "lumbar-spine",
    frozenset({"cervical-spine", "thoracic-spine", "lumbar-spine"}): WHOLE_SPINE,
    frozenset({"cervical-spine", "thoracic-spine", "lumbar-spine", "sacral-spine"}): WHOLE_SPINE,
}
"""Levels that have a region of their own when named together; any others together are `spine`."""


class LooseWord(StrEnum):
    """What a word means that names the spine in an MRI, and in an ultrasound names nothing or something else.

    `LUMBAR` is a name of the lumbar scan, `LUMBAR_PART` what such a scan shows or asks about: it names the scan only
    where no other part is named. `BACK` is the back, at no level, and another part's back or dorsum where that part
    is named. `NECK` is the neck, its spine or its soft parts.
    """

    LUMBAR = "lumbar"
    LUMBAR_PART = "lumbar-part"
    BACK = "back"
    NECK = "neck"


LOOSE_PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    LooseWord.LUMBAR: ("lss", "lssp"),
    LooseWord.LUMBAR_PART: ("cauda equina", "l3 l4", "l3 4", "l4 l5", "l4 5", "l5 s1"),
    LooseWord.BACK: ("back", "dorsal"),
    LooseWord.NECK: ("neck",),
}
"""Everyday names of spine scans. In an ultrasound the neck is soft tissue, glands and thyroid, and excludes."""

SIGNS_OF_THE_CAUDA_EQUINA: Final = ("rectum", "rectal", "prostate")
"""Words that exclude as those of `Sign.OUTSIDE` do, but not beside a spine in an MRI: there they are a reason.

"Reduced rectal tone" and "known prostate cancer" are no second part, and such an order should keep its card.
"""
