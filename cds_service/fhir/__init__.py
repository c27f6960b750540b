"""From FHIR R4 resources to facts."""
