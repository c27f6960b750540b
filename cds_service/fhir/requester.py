"""Who asks, and from where: the order of evidence of the domain notes (§2.2), with disagreement read as unknown.

1. `requester` as a PractitionerRole; 2. as a Practitioner, through its PractitionerRoles; 3. the hook's user;
4. `requester` as an Organization, or the encounter's service provider. The setting comes from the organisation and
never from the role (fact 3). Where the order names somebody else than the user and no organisation came of them, the
user's place and the encounter's exempt nobody (fact 2).
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from cds_service.directory.model import Directory, Organisation
from cds_service.fhir.organisations import (
    NOTHING_SENT,
    ODS_ORGANISATION,
    ODS_SITE,
    OrganisationEvidence,
    organisations_of,
)
from cds_service.fhir.practitioner_roles import MOST_ROLES, PractitionerRoles
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json, as_object, as_text, codings_of, reference_kind
from cds_service.pathway.facts import FcpListing, Setting
from cds_service.terminology.value_sets import Terminology

UNKNOWN_CATEGORY = "unknown"


class SettingSource(StrEnum):
    """The evidence that the setting rests on; it is kept in the card log."""

    REQUESTER_ROLE = "requester-role"
    REQUESTER_ROLES = "requester-roles"
    USER_ROLE = "user-role"
    REQUESTER_ORGANISATION = "requester-organisation"
    ENCOUNTER = "encounter"
    CONFLICT = "conflict"
    NOT_LISTED = "not-listed"
    REQUESTER_NOT_PLACED = "requester-not-placed"
    NONE = "none"


class Requester(NamedTuple):
    """The requester as far as the evidence goes.

    Attributes:
        setting: where they work; unknown also when the evidence disagrees.
        setting_source: the evidence it rests on, or why there is none.
        organisations: the listed organisations of the winning evidence (one, unless several roles were found).
        organisation_sent: whether any organisation was named, listed or not.
        every_organisation_listed: whether each role of the requester was placed in a listed organisation; false where
            the organisations are somebody else's.
        fcp_listing: the state on the assured-FCP register for ordering from here.
        category: the kind of role, for the log alone.
    """

    setting: Setting
    setting_source: SettingSource
    organisations: tuple[Organisation, ...]
    organisation_sent: bool
    every_organisation_listed: bool
    fcp_listing: FcpListing
    category: str


class _Person(NamedTuple):
    """A person behind a reference: their roles among the call's resources, and their identifiers."""

    roles: tuple[Json, ...]
    practitioner: str | None
    identifiers: tuple[tuple[str, str], ...]
    is_one_role: bool = False


_NOBODY = _Person((), None, ())


class _Found(NamedTuple):
    """Organisations found by one kind of evidence, and whether every role behind it was placed in a listed one."""

    source: SettingSource
    evidence: OrganisationEvidence
    every_role_listed: bool = True


_NOTHING_FOUND = _Found(SettingSource.NONE, NOTHING_SENT)


class RequesterReader:
    """Reads requesters out of one call's resources."""

    def __init__(self, index: ResourceIndex, directory: Directory, terminology: Terminology, today: date) -> None:
        self._index = index
        self._directory = directory
        self._terminology = terminology
        self._today = today
        self._roles = PractitionerRoles(index, today)
        self._followed: dict[tuple[str | None, ...], OrganisationEvidence] = {}
        self._read: dict[tuple[str | None, ...], Requester] = {}
        self._specialists: dict[int, bool] = {}

    def read(self, order: Json, user_id: str, encounter_id: str | None) -> Requester:
        """Read the requester of one order.

        Args:
            order: the ServiceRequest.
            user_id: the hook's `context.userId`, for example `PractitionerRole/123`.
            encounter_id: the hook's `context.encounterId`, when there is one.
        """
        named = (user_id, encounter_id, *_names_of(order.get("requester")), *_names_of(order.get("encounter")))
        if any(name is not None and name.startswith("#") for name in named):
            return self._read_anew(order, user_id, encounter_id)
        found = self._read.get(named)
        if found is None:  # the orders of one call are nearly always one person's
            found = self._read[named] = self._read_anew(order, user_id, encounter_id)
        return found

    def _read_anew(self, order: Json, user_id: str, encounter_id: str | None) -> Requester:
        stated = as_object(order.get("requester"))
        organisation = self._requesting_organisation(stated, order)
        requester = self._person(stated, order) if organisation is None else _NOBODY
        user = requester if stated.get("reference") == user_id else self._person({"reference": user_id}, order)
        encounters = self._encounter_evidence(order, encounter_id)
        found = self._winning(requester, user, organisation, encounters)
        others = list(encounters)
        if organisation is not None:
            others.append(organisation)
        elif found.source in _FROM_REQUESTER and _adds_evidence(user, requester):
            others.append(self._of_roles(user, SettingSource.USER_ROLE).evidence)
        if organisation is not None:
            is_placed = bool(organisation.listed)
        else:
            is_placed = found.source in _FROM_REQUESTER or self._is_the_user(stated, requester, user, user_id)
        setting, source = _agreed(found, others)
        if not is_placed and setting in _SPECIALIST:
            setting, source = Setting.UNKNOWN, SettingSource.REQUESTER_NOT_PLACED
        person = requester if stated else user
        return Requester(
            setting=setting,
            setting_source=source,
            organisations=found.evidence.listed,
            organisation_sent=found.evidence.sent,
            every_organisation_listed=found.every_role_listed and is_placed,
            fcp_listing=self._fcp_listing(person, found, others) if is_placed else FcpListing.UNKNOWN,
            category=self._category(person.roles),
        )

    def _is_the_user(self, stated: Json, requester: _Person, user: _Person, user_id: str) -> bool:
        """Whether it is the user who asks: the order names nobody, or the user in one form or another."""
        target = as_text(stated.get("reference"))
        if not stated or (target is not None and self._index.may_mean(target) == user_id):
            return True
        return not _adds_evidence(user, requester)

    def works_for_a_specialist_service(self, order: Json) -> bool:
        """Whether an order's own requester belongs to a community MSK or secondary care organisation (A38)."""
        known = self._specialists.get(id(order))
        if known is None:
            known = self._specialists[id(order)] = self._is_of_a_specialist_service(order)
        return known

    def _is_of_a_specialist_service(self, order: Json) -> bool:
        stated = as_object(order.get("requester"))
        organisation = self._requesting_organisation(stated, order)
        if organisation is not None:
            settings = _settings(organisation)
        else:
            found = self._of_roles(self._person(stated, order), SettingSource.REQUESTER_ROLE)
            settings = _settings(found.evidence) if found.every_role_listed else set()
        return bool(settings) and settings <= _SPECIALIST

    def _requesting_organisation(self, stated: Json, order: Json) -> OrganisationEvidence | None:
        """The organisation when `requester` names one rather than a person: by form, by what it finds, or by system."""
        resource = self._index.find(stated, holder=order)
        kind = resource.get("resourceType") if resource is not None else reference_kind(stated)
        is_ods = as_text(as_object(stated.get("identifier")).get("system")) in {ODS_SITE, ODS_ORGANISATION}
        if kind == "Organization" or (kind is None and is_ods):
            return self._organisations(stated, order)
        return None

    def _winning(
        self,
        requester: _Person,
        user: _Person,
        organisation: OrganisationEvidence | None,
        encounters: list[OrganisationEvidence],
    ) -> _Found:
        """The first evidence, in the order of the module's docstring, that names an organisation at all."""
        source = SettingSource.REQUESTER_ROLE if requester.is_one_role else SettingSource.REQUESTER_ROLES
        candidates = [self._of_roles(requester, source), self._of_roles(user, SettingSource.USER_ROLE)]
        if organisation is not None:
            candidates.append(_Found(SettingSource.REQUESTER_ORGANISATION, organisation))
        candidates += [_Found(SettingSource.ENCOUNTER, encounter) for encounter in encounters]
        return next((found for found in candidates if found.evidence.sent), _NOTHING_FOUND)

    def _of_roles(self, person: _Person, source: SettingSource) -> _Found:
        """The organisations of a person's roles, and whether each role was placed in a listed one."""
        if not person.roles:
            return _NOTHING_FOUND
        each = [self._organisations(role.get("organization"), role) for role in person.roles]
        whole = person.is_one_role or (len(each) <= MOST_ROLES and self._index.came_whole("PractitionerRole"))
        if len(each) == 1:
            return _Found(source, each[0], every_role_listed=whole and bool(each[0].listed))
        listed = tuple(dict.fromkeys(organisation for evidence in each for organisation in evidence.listed))
        evidence = OrganisationEvidence(sent=any(evidence.sent for evidence in each), listed=listed)
        return _Found(source, evidence, every_role_listed=whole and all(evidence.listed for evidence in each))

    def _organisations(self, reference: object, holder: Json) -> OrganisationEvidence:
        """The organisation behind a reference; one that several resources of a call name is followed once."""
        stated = as_object(reference)
        identifier = as_object(stated.get("identifier"))
        named = (as_text(stated.get("reference")), as_text(identifier.get("system")), as_text(identifier.get("value")))
        if named[0] is None or named[0].startswith("#"):
            return organisations_of(reference, holder, self._index, self._directory)
        found = self._followed.get(named)
        if found is None:
            found = self._followed[named] = organisations_of(reference, holder, self._index, self._directory)
        return found

    def _encounter_evidence(self, order: Json, encounter_id: str | None) -> list[OrganisationEvidence]:
        """The service providers of the call's encounter and of the order's, where they came and name one."""
        of_call = {"reference": f"Encounter/{encounter_id}"} if encounter_id else None
        found: list[Json] = []
        for reference in (of_call, order.get("encounter")):
            for encounter in self._index.find_all(reference, holder=order):
                if encounter.get("resourceType") == "Encounter" and encounter not in found:
                    found.append(encounter)
        evidence = [self._organisations(encounter.get("serviceProvider"), encounter) for encounter in found]
        return [provider for provider in evidence if provider.sent]

    def _person(self, reference: Json, holder: Json) -> _Person:
        """The person behind a reference to a PractitionerRole or Practitioner; nobody for anything else."""
        if not reference:
            return _NOBODY
        resources = self._index.find_all(reference, holder=holder) or self._roles.named_by_identifier(reference)
        if resources and resources[0].get("resourceType") == "PractitionerRole":
            held = tuple(role for role in resources if self._roles.is_held(role))
            if not held:
                return _NOBODY
            practitioner = as_object(held[0].get("practitioner"))
            identity = self._roles.practitioner_identity(practitioner)
            identifiers = self._roles.identifiers(practitioner, held[0])
            return _Person(held, identity, identifiers, is_one_role=len(resources) == 1)
        if reference_kind(reference) == "PractitionerRole":
            return _NOBODY
        identity = self._roles.practitioner_identity(reference)
        identifiers = self._roles.identifiers(reference, holder)
        return _Person(self._roles.roles_of(identity, identifiers), identity, identifiers)

    def _fcp_listing(self, person: _Person, found: _Found, others: list[OrganisationEvidence]) -> FcpListing:
        """The listing that holds at every organisation the order may come from: the least of them (NEL E5)."""
        places = [*found.evidence.listed, *(place for evidence in others for place in evidence.listed)]
        all_listed = found.every_role_listed and all(evidence.listed for evidence in others if evidence.sent)
        if not person.identifiers or not places or not all_listed:
            return FcpListing.UNKNOWN
        states = {FcpListing(self._directory.fcp_listing(person.identifiers, place, self._today)) for place in places}
        return next(state for state in _LEAST_FIRST if state in states)

    def _category(self, roles: Iterable[Json]) -> str:
        for role in roles:
            for system, code in codings_of(role.get("code")):
                category = self._terminology.requester_category(system, code)
                if category not in {None, UNKNOWN_CATEGORY}:
                    return str(category)
        return UNKNOWN_CATEGORY


_LEAST_FIRST = (FcpListing.NONE, FcpListing.EXPIRED, FcpListing.CURRENT_NOT_SPINE, FcpListing.CURRENT)


_FROM_REQUESTER = frozenset({SettingSource.REQUESTER_ROLE, SettingSource.REQUESTER_ROLES})


def _names_of(reference: object) -> tuple[str | None, ...]:
    """All that a Reference says, to tell it from another."""
    stated = as_object(reference)
    identifier = as_object(stated.get("identifier"))
    anybody = "somebody" if stated else None  # a display alone names somebody, too
    texts = (anybody, stated.get("reference"), stated.get("type"), identifier.get("system"), identifier.get("value"))
    return tuple(text if isinstance(text, str) else None for text in texts)


def _settings(evidence: OrganisationEvidence) -> set[str]:
    return {organisation.setting for organisation in evidence.listed}


def _adds_evidence(user: _Person, requester: _Person) -> bool:
    """Whether the user's roles say more than the requester's: another person, or another role of the same one.

    A bare Practitioner who is also the requester adds nothing to the one role that the order names.
    """
    same_name = requester.practitioner is not None and requester.practitioner == user.practitioner
    same_person = same_name or not set(requester.identifiers).isdisjoint(user.identifiers)
    return not (same_person and all(role in user.roles for role in requester.roles))


def _agreed(found: _Found, others: list[OrganisationEvidence]) -> tuple[Setting, SettingSource]:
    """The one setting that everything agrees on.

    A role or organisation that could not be placed agrees with no exemption (fact 2): beside it a setting that would
    be exempt is unknown.
    """
    settings = _settings(found.evidence)
    if not settings:
        return Setting.UNKNOWN, SettingSource.NOT_LISTED if found.evidence.sent else SettingSource.NONE
    if len(settings) > 1 or not all(_settings(evidence) <= settings for evidence in others):
        return Setting.UNKNOWN, SettingSource.CONFLICT
    setting = Setting(settings.pop())
    some_unlisted = any(evidence.sent and not evidence.listed for evidence in others)
    if not found.every_role_listed or (some_unlisted and setting in _SPECIALIST):
        return Setting.UNKNOWN, SettingSource.NOT_LISTED
    return setting, found.source


_SPECIALIST = frozenset({Setting.COMMUNITY_MSK, Setting.SECONDARY_CARE})
