"""The pathways as FHIR R4 resources, for engines that load PlanDefinitions, and the terminology beside them.

Nothing here decides: `decide.py` does. What is written here is proved to agree with it by `tests/exchange`.
"""
