"""The pathway module: facts in, decision out. Pure: no FHIR, no HTTP, no clock, no I/O past loading."""
