"""What the service says of itself: one id on two hooks (specification 2.0, "Discovery"; 3.0 adds the versions)."""

from cds_service.protocol.card import Service, Services

SERVICE_ID = "msk-imaging-pathway"
SPECIFICATION_VERSION = "2.0.0"

_ROLE_INCLUDES = "_include=PractitionerRole:practitioner&_include=PractitionerRole:organization"

PREFETCH = {
    "patient": "Patient/{{context.patientId}}",
    "user": f"PractitionerRole?_id={{{{userPractitionerRoleId}}}}&{_ROLE_INCLUDES}",
    "userRoles": f"PractitionerRole?practitioner={{{{userPractitionerId}}}}&{_ROLE_INCLUDES}",
    "encounter": "Encounter?_id={{context.encounterId}}&_include=Encounter:service-provider",
    "conditions": "Condition?patient={{context.patientId}}&clinical-status=active,recurrence,relapse",
    "pastConditions": "Condition?patient={{context.patientId}}&clinical-status=inactive,remission,resolved",
    "episodes": "EpisodeOfCare?patient={{context.patientId}}&status=active",
    "careTeams": "CareTeam?patient={{context.patientId}}&status=active",
}
"""Only what the rules read, each key for one reason; the service works with any of them missing.

`patient`: age and registered practice. `user`, `userRoles`: the requester's organisation, for either kind of user
id. `encounter`: evidence that may contradict it. The rest: cancer history and oncology care.
"""

_DESCRIPTION = (
    "Holds MSK MRI and ultrasound orders against the region's own imaging pathway and answers with cards that "
    "redirect: community MSK, suspected cancer, cauda equina syndrome, oncology, sarcoma, lumps."
)

_USAGE = (
    "Send the requester's organisation with its ODS code (ServiceRequest.requester, the user's PractitionerRole, or "
    "Encounter.serviceProvider): without it an order may not be evaluated, and the answer is then HTTP 412. Send coded "
    "reasons: free text is not read."
)

_HOOKS = (("order-sign", "1.0"), ("order-select", "1.0"))
"""`order-select` comes last: of two entries with one id the public sandbox keeps the last."""


def _service(hook: str, hook_version: str) -> Service:
    return {
        "hook": hook,
        "id": SERVICE_ID,
        "title": "MSK imaging pathway",
        "description": _DESCRIPTION,
        "version": SPECIFICATION_VERSION,
        "hookVersion": hook_version,
        "prefetch": PREFETCH,
        "usageRequirements": _USAGE,
    }


DISCOVERY: Services = {"services": [_service(hook, version) for hook, version in _HOOKS]}
"""The answer to `GET /cds-services`."""
