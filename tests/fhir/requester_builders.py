"""Ann, Bob and their roles, and what is known of where a requester works."""

from fhir_builders import UNLISTED, by_ods, ref, role

from cds_service.directory.model import Organisation
from cds_service.fhir.requester import Requester, SettingSource
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import Setting

ANN, BOB = ref("Practitioner/ann"), ref("Practitioner/bob")
ANNS_ROLE, BOBS_ROLE = ref("PractitionerRole/ann-role"), ref("PractitionerRole/bob-role")
AT_PRACTICE, AT_TRUST, AT_MSK = by_ods("Z99101"), by_ods("Z99130"), by_ods("Z99120")
NOWHERE = by_ods(UNLISTED)

GP, HOSPITAL, MSK, UNKNOWN = Setting.GENERAL_PRACTICE, Setting.SECONDARY_CARE, Setting.COMMUNITY_MSK, Setting.UNKNOWN


def anns_role(at: Json | None = AT_PRACTICE, identity: str = "ann-role", **elements: object) -> Json:
    """A role of Ann's."""
    return role(identity, ANN, at, **elements)


def bobs_role(at: Json | None = AT_TRUST, identity: str = "bob-role", **elements: object) -> Json:
    """A role of Bob's, at the trust unless said otherwise."""
    return role(identity, BOB, at, **elements)


def place(found: Requester) -> tuple[Setting, SettingSource, tuple[Organisation, ...], bool]:
    """What is known of where the requester works."""
    return found.setting, found.setting_source, found.organisations, found.organisation_sent


def placed(
    setting: Setting, source: SettingSource, *organisations: Organisation, sent: bool = True
) -> tuple[Setting, SettingSource, tuple[Organisation, ...], bool]:
    """The same, as expected."""
    return setting, source, organisations, sent


NOT_PLACED = placed(UNKNOWN, SettingSource.NONE, sent=False)
NOT_LISTED = placed(UNKNOWN, SettingSource.NOT_LISTED)
