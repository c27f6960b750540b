"""Where the order is made and where the patient is registered: organisations of the directory that fit what was chosen.

A practitioner on the register of assured First Contact Practitioners is somebody: only an identifier of the invented
range is ever shown. Where the register has none that fits, a stand-in is used, whose listing this room alone knows.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from cds_service.directory.model import Directory, FcpState, Organisation, RegisterEntry
from cds_service.directory.vocabulary import identifier_key
from cds_service.pathway.facts import OUTSIDE, UNRESOLVED, Setting

CONFLICT = "conflict"
"""Chosen as the setting: the requester's role and the encounter disagree."""

SDS_USER_ID = "https://fhir.nhs.uk/Id/sds-user-id"

INVENTED = "999"
"""What the identifier of an invented practitioner begins with."""

UNLISTED = "999000000900"
"""The user id of the practitioner who stands on no register."""

STAND_INS: dict[str, str] = {
    "current": "999000000901",
    "current-not-spine": "999000000902",
    "expired": "999000000903",
}
"""User ids of practitioners who are listed for this room alone, by the state of their listing."""

_LONG_AGO = date(2000, 1, 1)


class NoSuchPlaceError(Exception):
    """Nothing in the directory fits what was chosen.

    Attributes:
        field: the field of the form to which it applies.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Wish(NamedTuple):
    """What was chosen of the place.

    Attributes:
        practice: an ODS code, or empty to choose by region and setting.
        region: a region's id, `other` or `unresolved`.
        setting: a setting, or `conflict`.
        home: empty for where the order is made, a region's id, `other`, or `unknown`.
        register: the state of the requester's listing; empty for none.
    """

    practice: str
    region: str
    setting: str
    home: str
    register: str


class Place(NamedTuple):
    """Where an order comes from.

    Attributes:
        organisation: the requester's, or None when the call names none.
        contradicting: the organisation of the encounter, where it is another; else None.
        home: the patient's registered practice, or None when the call names none.
        user_id: the requester's SDS user id.
        is_listed: whether the register says of that user id what was chosen.
    """

    organisation: Organisation | None
    contradicting: Organisation | None
    home: Organisation | None
    user_id: str
    is_listed: bool


def find_place(wish: Wish, directory: Directory, day: date) -> Place:
    """Find organisations that fit.

    Args:
        wish: what was chosen.
        directory: the configuration folder's.
        day: the date in Europe/London on which the register is read.

    Raises:
        NoSuchPlaceError: the directory holds none, or the choices contradict each other.
    """
    organisations = sorted(directory.organisations.values(), key=lambda organisation: organisation.ods_code)
    organisation = _requesting(wish, organisations, directory, day)
    contradicting = None
    if not wish.practice and wish.setting == CONFLICT and organisation is not None:
        contradicting = _contradicting(organisation, organisations)
    user_id, is_listed = _requester(wish.register, organisation, directory, day)
    return Place(organisation, contradicting, _home(wish, organisation, organisations), user_id, is_listed)


def _requesting(wish: Wish, organisations: list[Organisation], directory: Directory, day: date) -> Organisation | None:
    if wish.practice:
        return directory.organisation(wish.practice)
    if wish.region == UNRESOLVED and wish.setting != Setting.UNKNOWN:
        raise NoSuchPlaceError(
            "setting",
            "A setting comes from an organisation, and an organisation lies in a region: where the region is not "
            "known, choose 'not known' for the setting as well.",
        )
    if wish.setting == Setting.UNKNOWN:
        return None
    setting = Setting.GENERAL_PRACTICE if wish.setting == CONFLICT else wish.setting
    fitting = [one for one in organisations if _lies_in(one, wish.region) and one.setting == setting]
    if not fitting:
        raise NoSuchPlaceError(
            "setting",
            f"organisations.csv lists no organisation of this setting in this region ('{setting}', '{wish.region}'). "
            "Choose another setting, or a practice by name.",
        )
    if wish.register:
        listed = (one for one in fitting if _invented_listing(wish.register, one, directory, day) is not None)
        return next(listed, fitting[0])
    return fitting[0]


def _contradicting(organisation: Organisation, organisations: Iterable[Organisation]) -> Organisation:
    """Another organisation of the same region with another setting, a hospital first."""
    others = [one for one in organisations if one.region == organisation.region and one.setting != organisation.setting]
    others.sort(key=lambda one: one.setting != Setting.SECONDARY_CARE)
    if not others:
        raise NoSuchPlaceError(
            "setting",
            "organisations.csv lists one kind of organisation alone in this region, so that no evidence can "
            "contradict. Choose another setting.",
        )
    return others[0]


def _home(wish: Wish, organisation: Organisation | None, organisations: Iterable[Organisation]) -> Organisation | None:
    """The patient's practice: the requester's own, else one of the same borough, else one of the region."""
    if wish.home == "unknown" or (not wish.home and organisation is None and wish.region == UNRESOLVED):
        return None
    practices = [one for one in organisations if one.setting == Setting.GENERAL_PRACTICE]
    if wish.home:
        region = wish.home
    elif organisation is None:
        region = wish.region
    elif organisation.setting == Setting.GENERAL_PRACTICE:
        return organisation
    else:
        region = organisation.region or OUTSIDE
    fitting = [one for one in practices if _lies_in(one, region)]
    if not fitting:
        raise NoSuchPlaceError(
            "home", f"organisations.csv lists no practice in region '{region}'. Choose 'not known' or another region."
        )
    borough = organisation.borough if organisation is not None else None
    return next((one for one in fitting if borough is not None and one.borough == borough), fitting[0])


def _lies_in(organisation: Organisation, region: str) -> bool:
    return (organisation.region or OUTSIDE) == region


def _requester(state: str, organisation: Organisation | None, directory: Directory, day: date) -> tuple[str, bool]:
    if not state:
        return UNLISTED, True
    if organisation is None:
        raise NoSuchPlaceError(
            "register",
            "A listing counts at its own practice or network: choose a practice, or a region and a setting, or "
            "'None, or not listed'.",
        )
    found = _invented_listing(state, organisation, directory, day)
    return (STAND_INS[state], False) if found is None else (found, True)


def _invented_listing(state: str, organisation: Organisation, directory: Directory, day: date) -> str | None:
    for system, value in directory.fcp_register:
        if value.startswith(INVENTED) and identifier_key(SDS_USER_ID, value) == (system, value):
            found: FcpState = directory.fcp_listing([(system, value)], organisation, day)
            if found == state:
                return value
    return None


def with_stand_ins(directory: Directory) -> Directory:
    """The directory as this room asks it: each stand-in is listed at every organisation, the rest as it is."""
    listings = {
        "current": (None, True),
        "current-not-spine": (None, False),
        "expired": (_LONG_AGO, True),
    }
    register = {
        identifier_key(SDS_USER_ID, STAND_INS[state]): tuple(
            RegisterEntry(code, _LONG_AGO, valid_to, spine) for code in directory.organisations
        )
        for state, (valid_to, spine) in listings.items()
    }
    return replace(directory, fcp_register={**directory.fcp_register, **register})


def specialist_of(place: Place, directory: Directory) -> Organisation:
    """A specialist service that may have asked for the scan, one of the same region first.

    Raises:
        NoSuchPlaceError: the directory lists none.
    """
    region = place.organisation.region if place.organisation is not None else None
    specialists = [
        one
        for one in directory.organisations.values()
        if one.setting in {Setting.SECONDARY_CARE, Setting.COMMUNITY_MSK}
    ]
    if not specialists:
        raise NoSuchPlaceError("asked", "organisations.csv lists no specialist service. Choose 'No'.")
    return min(specialists, key=lambda one: (one.region != region, one.setting != Setting.SECONDARY_CARE, one.ods_code))
