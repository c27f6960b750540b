"""What codes and texts mean: packaged FHIR value sets, membership in them, and the text of an order.

`load_terminology` reads the value sets once, at start; `Terminology` answers from memory for every call. The
room imports nothing else of the service: the words that it shares with the pathway rules are plain strings.
"""

from cds_service.terminology.procedure_text import TextClassification, classify_text
from cds_service.terminology.value_set_file import ValueSetError
from cds_service.terminology.value_sets import (
    ProcedureConcept,
    Terminology,
    ValueSetSummary,
    load_terminology,
)

__all__ = [
    "ProcedureConcept",
    "Terminology",
    "TextClassification",
    "ValueSetError",
    "ValueSetSummary",
    "classify_text",
    "load_terminology",
]
