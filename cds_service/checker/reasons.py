"""The reasons that can be chosen: one or more for each meaning that a code can have, in clinical words."""

from typing import NamedTuple

SNOMED_CT = "http://snomed.info/sct"

FREE_TEXT = "free-text"
"""Stands for a reason that was typed and has no code."""

RULED_OUT = "ruled-out"
"""Stands for a Condition of cauda equina syndrome that is marked as refuted."""

CAUDA_EQUINA = ("192970008", "Cauda equina syndrome")
"""What the Condition of `RULED_OUT` says."""


class Reason(NamedTuple):
    """A coded reason.

    Attributes:
        code: the SNOMED CT code, from the packaged value set of `group`.
        words: its display there.
        heading: what it stands under on the page.
        group: the value set that gives it its meaning.
    """

    code: str
    words: str
    heading: str
    group: str


REASONS = (
    Reason("30989003", "Knee pain", "Pain", "ind_pain"),
    Reason("49218002", "Hip pain", "Pain", "ind_pain"),
    Reason("279039007", "Low back pain", "Pain", "back_pain_or_sciatica"),
    Reason("23056005", "Sciatica", "Pain", "back_pain_or_sciatica"),
    Reason("12584003", "Bone pain", "Pain", "ind_suspicious_pain"),
    Reason(
        "307945003", "Current tear of medial cartilage AND/OR meniscus of knee", "A stated cause", "ind_benign_cause"
    ),
    Reason("57406009", "Carpal tunnel syndrome", "A stated cause", "ind_benign_cause"),
    Reason("73589001", "Intervertebral disc prolapse", "A stated cause", "ind_benign_cause"),
    Reason(*CAUDA_EQUINA, "Cauda equina and spinal cord", "ind_cauda_equina"),
    Reason("449813001", "Numbness of saddle area", "Cauda equina and spinal cord", "ind_ces_symptom_strong"),
    Reason("267064002", "Retention of urine", "Cauda equina and spinal cord", "ind_ces_symptom_strong"),
    Reason("165232002", "Urinary incontinence", "Cauda equina and spinal cord", "ind_ces_symptom_weak"),
    Reason("6077001", "Foot-drop", "Cauda equina and spinal cord", "ind_ces_symptom_weak"),
    Reason("71286001", "Spinal cord compression", "Cauda equina and spinal cord", "ind_cord_compression"),
    Reason("202664003", "Cervical myelopathy", "Cauda equina and spinal cord", "ind_cord_compression"),
    Reason("162572001", "Suspected malignancy", "Cancer and lumps", "ind_suspected_cancer"),
    Reason("363346000", "Malignant neoplastic disease", "Cancer and lumps", "malignancy"),
    Reason("94602001", "Secondary malignant neoplasm of vertebral column", "Cancer and lumps", "metastasis"),
    Reason("424413001", "Sarcoma", "Cancer and lumps", "ind_sarcoma"),
    Reason("444905003", "Mass of soft tissue", "Cancer and lumps", "ind_soft_tissue_lump"),
    Reason("2304001", "Discitis", "Cannot wait", "ind_urgent_same_day"),
    Reason("42942008", "Compression fracture of vertebral column", "Cannot wait", "ind_urgent"),
    Reason("69896004", "Rheumatoid arthritis", "Cannot wait", "ind_rheumatology"),
    Reason("422868009", "Unexplained weight loss", "Cannot wait", "ind_red_flag_symptom"),
    Reason("386661006", "Fever", "Cannot wait", "ind_red_flag_symptom"),
)
"""Every group of docs/outcomes.md, "What a coded reason means", has one at least."""

REASON_BY_CODE = {reason.code: reason for reason in REASONS}
