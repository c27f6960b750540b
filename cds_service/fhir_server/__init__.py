"""A small read-only FHIR R4 server over resources in memory; what it serves is handed to it."""
