"""The two constant answers of the stand-ins: no card, and one redirect card as large as the service's."""

import orjson

NO_CARD = b'{"cards":[]}'

_DETAIL = """**Why this card**

- Order: MRI of lumbar spine without contrast
- Requester's organisation: Larkspur Demo Surgery (general practice, Brent)
- Reason given: Chronic low back pain (278860009)
- Under oncology care: none found

**What to do**

1. Refer to the community MSK service, which can order this scan itself when it is needed.
2. Keep the order if the patient has red flags, and say which.

**Safety net**

New leg weakness, numbness around the saddle, or trouble passing urine or opening the bowels: send to the
emergency department today. Signs of infection, cancer, fracture or a lump that grows: refer urgently, by the
local urgent route, and do not wait for a scan. A draft is not sent until somebody completes and sends it.

**Where to**

Brent Demo Community MSK Service, Brent, telephone 020 7946 0001. NWL MSK imaging pathway v1.2, in force."""

_PATIENT = {"reference": "Patient/load-patient-0"}
_PRACTICE = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "Z99020"}
_REASON = {"coding": [{"system": "http://snomed.info/sct", "code": "278860009", "display": "Chronic low back pain"}]}

_REFERRAL = {
    "resourceType": "ServiceRequest",
    "status": "draft",
    "intent": "proposal",
    "category": [
        {
            "coding": [
                {
                    "system": "https://fhir.nhs.uk/CodeSystem/message-category-servicerequest",
                    "code": "referral",
                }
            ]
        }
    ],
    "code": {
        "coding": [{"system": "http://snomed.info/sct", "code": "306171006"}],
        "text": "Referral to community MSK service",
    },
    "priority": "routine",
    "subject": _PATIENT,
    "requester": {"reference": "PractitionerRole/load-gp-role"},
    "reasonCode": [_REASON],
    "performer": [{"identifier": _PRACTICE, "display": "Brent Demo Community MSK Service"}],
    "note": [{"text": "Proposed by the NWL MSK imaging pathway v1.2"}],
}

_OVERRIDE_REASONS = (
    ("specialist-or-advice-and-guidance-requested", "Asked for by a specialist or by advice and guidance"),
    ("community-msk-requested", "Asked for by the community MSK service"),
    ("red-flag-already-actioned", "Red flag already acted on"),
    ("not-an-msk-scan", "Not a musculoskeletal scan"),
    ("surveillance-or-follow-up", "Surveillance or planned follow-up scan"),
    ("service-unavailable-or-wait", "Service not available or wait too long"),
    ("patient-preference", "Patient's informed preference"),
    ("paediatric-or-out-of-area", "Child or out-of-area patient"),
    ("clinical-disagreement", "Clinical judgement differs"),
    ("other", "Other reason"),
)

ONE_CARD = orjson.dumps(
    {
        "cards": [
            {
                "uuid": "3f0c1f1e-8a53-4b5f-9a77-0d7b6f6a2c11",
                "summary": "Refer to community MSK instead of ordering this MRI, unless red flags",
                "indicator": "warning",
                "detail": _DETAIL,
                "source": {
                    "label": "NWL MSK imaging pathway v1.2",
                    "url": "https://pathways.example/nwl-msk-imaging",
                    "topic": {
                        "system": "https://cds-service.example/outcome",
                        "code": "redirect",
                        "display": "Community MSK first",
                    },
                },
                "suggestions": [
                    {
                        "label": "Refer to community MSK and remove the scan",
                        "uuid": "b7c6a1d2-53c4-4c8e-9d57-5e2f1c9e8a42",
                        "actions": [
                            {
                                "type": "create",
                                "description": "Draft a referral to Brent Demo Community MSK Service",
                                "resource": _REFERRAL,
                            },
                            {
                                "type": "delete",
                                "description": "Remove the order for MRI of lumbar spine",
                                "resourceId": ["ServiceRequest/imaging-0-0"],
                            },
                        ],
                    }
                ],
                "selectionBehavior": "at-most-one",
                "overrideReasons": [
                    {
                        "system": "https://cds-service.example/fhir/CodeSystem/msk-imaging-override-reason",
                        "code": code,
                        "display": display,
                    }
                    for code, display in _OVERRIDE_REASONS
                ],
                "links": [{"label": "The pathway", "url": "https://pathways.example/nwl", "type": "absolute"}],
            }
        ]
    }
)
"""A redirect card as compact JSON: as large as the service's own, some 4.1 kB."""
