"""The demo: a deployment's configuration folder and a FHIR server over the invented charts."""
