"""From decisions to cards, with suggestions built as FHIR."""
