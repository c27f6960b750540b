"""Who asks, and from where: the order of evidence of the domain notes (§2.2), with disagreement read as unknown.

1. `requester` as a PractitionerRole; 2. as a Practitioner, through its PractitionerRoles; 3. the hook's user;
4. `requester` as an Organization, or the encounter's service provider. The setting comes from the organisation and
never from the role (fact 3).
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from cds_service.directory.model import Directory, Organisation
from cds_service.fhir.organisations import NOTHING_SENT, OrganisationEvidence, organisations_of
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json, as_object, as_text, codings_of, objects
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
    NONE = "none"


class Requester(NamedTuple):
    """The requester as far as the evidence goes.

    Attributes:
        setting: where they work; unknown also when the evidence disagrees.
        setting_source: the evidence it rests on, or why there is none.
        organisations: the listed organisations of the winning evidence (one, unless several roles were found).
        organisation_sent: whether any organisation was named, listed or not.
        fcp_listing: the state on the assured-FCP register for ordering from here.
        category: the kind of role, for the log alone.
    """

    setting: Setting
    setting_source: SettingSource
    organisations: tuple[Organisation, ...]
    organisation_sent: bool
    fcp_listing: FcpListing
    category: str


class _Person(NamedTuple):
    """A person behind a reference: their roles among the call's resources, and their identifiers."""

    roles: tuple[Json, ...]
    practitioner: str | None
    identifiers: tuple[tuple[str, str], ...]


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
        self._followed: dict[str, OrganisationEvidence] = {}

    def read(self, order: Json, user_id: str, encounter_id: str | None) -> Requester:
        """Read the requester of one order.

        Args:
            order: the ServiceRequest.
            user_id: the hook's `context.userId`, for example `PractitionerRole/123`.
            encounter_id: the hook's `context.encounterId`, when there is one.
        """
        stated = as_object(order.get("requester"))
        requester = self._person(stated, order)
        is_the_user = stated.get("reference") == user_id
        user = requester if is_the_user else self._person({"reference": user_id}, order)
        encounter = self._encounter_evidence(order, encounter_id)
        found = self._winning(stated, order, requester, user, encounter)
        contradicting = set(_settings(encounter))
        if _kind(stated) == "Organization":
            contradicting |= _settings(self._organisations(stated, order))
        elif found.source in _FROM_REQUESTER and _adds_evidence(user, requester):
            contradicting |= _settings(self._of_roles(user.roles, SettingSource.USER_ROLE).evidence)
        setting, source = _agreed(found, contradicting)
        return Requester(
            setting=setting,
            setting_source=source,
            organisations=found.evidence.listed,
            organisation_sent=found.evidence.sent,
            fcp_listing=self._fcp_listing(requester if stated else user, found),
            category=self._category((requester if stated else user).roles),
        )

    def works_for_a_specialist_service(self, order: Json) -> bool:
        """Whether an order's own requester belongs to a community MSK or secondary care organisation (A38)."""
        stated = as_object(order.get("requester"))
        if _kind(stated) == "Organization":
            settings = _settings(self._organisations(stated, order))
        else:
            found = self._of_roles(self._person(stated, order).roles, SettingSource.REQUESTER_ROLE)
            settings = _settings(found.evidence) if found.every_role_listed else set()
        return bool(settings) and settings <= {Setting.COMMUNITY_MSK, Setting.SECONDARY_CARE}

    def _winning(
        self, stated: Json, order: Json, requester: _Person, user: _Person, encounter: OrganisationEvidence
    ) -> _Found:
        """The first evidence, in the order of the module's docstring, that names an organisation at all."""
        source = SettingSource.REQUESTER_ROLE if _kind(stated) == "PractitionerRole" else SettingSource.REQUESTER_ROLES
        candidates = [
            self._of_roles(requester.roles, source),
            self._of_roles(user.roles, SettingSource.USER_ROLE),
        ]
        if _kind(stated) == "Organization":
            organisation = self._organisations(stated, order)
            candidates.append(_Found(SettingSource.REQUESTER_ORGANISATION, organisation))
        candidates.append(_Found(SettingSource.ENCOUNTER, encounter))
        return next((found for found in candidates if found.evidence.sent), _NOTHING_FOUND)

    def _of_roles(self, roles: tuple[Json, ...], source: SettingSource) -> _Found:
        """The organisations of several roles, and whether each role was placed in a listed one."""
        if not roles:
            return _NOTHING_FOUND
        each = [self._organisations(role.get("organization"), role) for role in roles]
        if len(each) == 1:
            return _Found(source, each[0], every_role_listed=bool(each[0].listed))
        listed = tuple(dict.fromkeys(organisation for evidence in each for organisation in evidence.listed))
        evidence = OrganisationEvidence(sent=any(evidence.sent for evidence in each), listed=listed)
        return _Found(source, evidence, every_role_listed=all(evidence.listed for evidence in each))

    def _organisations(self, reference: object, holder: Json) -> OrganisationEvidence:
        """The organisation behind a reference; one that several resources of a call name is followed once."""
        target = reference.get("reference") if isinstance(reference, dict) and "identifier" not in reference else None
        if not isinstance(target, str) or target.startswith("#"):
            return organisations_of(reference, holder, self._index, self._directory)
        found = self._followed.get(target)
        if found is None:
            found = self._followed[target] = organisations_of(reference, holder, self._index, self._directory)
        return found

    def _encounter_evidence(self, order: Json, encounter_id: str | None) -> OrganisationEvidence:
        reference: object = {"reference": f"Encounter/{encounter_id}"} if encounter_id else order.get("encounter")
        encounter = self._index.find(reference, holder=order)
        if encounter is None or encounter.get("resourceType") != "Encounter":
            return NOTHING_SENT
        return self._organisations(encounter.get("serviceProvider"), encounter)

    def _person(self, reference: Json, holder: Json) -> _Person:
        """The person behind a reference to a PractitionerRole or Practitioner; nobody for anything else."""
        if not reference or _kind(reference) == "Organization":
            return _NOBODY
        resource = self._index.find(reference, holder=holder) or self._role_by_identifier(reference)
        if resource is not None and resource.get("resourceType") == "PractitionerRole":
            practitioner = as_object(resource.get("practitioner"))
            identity = self._practitioner_identity(practitioner)
            return _Person((resource,), identity, self._identifiers(practitioner, resource))
        if _kind(reference) == "PractitionerRole":
            return _NOBODY
        identity = self._practitioner_identity(reference)
        identifiers = self._identifiers(reference, holder)
        roles = tuple(
            role
            for role in self._index.prefetched("PractitionerRole")
            if role.get("active") is not False and self._is_role_of(role, identity, identifiers)
        )
        return _Person(roles, identity, identifiers)

    def _role_by_identifier(self, reference: Json) -> Json | None:
        """The PractitionerRole that a logical reference names by the role's own identifier."""
        if _kind(reference) != "PractitionerRole":
            return None
        stated = set(_identifier_pairs([as_object(reference.get("identifier"))]))
        roles = self._index.prefetched("PractitionerRole")
        return next((r for r in roles if stated & set(_identifier_pairs(objects(r.get("identifier"))))), None)

    def _is_role_of(self, role: Json, identity: str | None, identifiers: tuple[tuple[str, str], ...]) -> bool:
        practitioner = as_object(role.get("practitioner"))
        if identity is not None and self._practitioner_identity(practitioner) == identity:
            return True
        return not set(identifiers).isdisjoint(self._identifiers(practitioner, role))

    def _practitioner_identity(self, reference: Json) -> str | None:
        target = as_text(reference.get("reference"))
        relative = self._index.relative(target) if target is not None else None
        return relative if relative is not None and relative.startswith("Practitioner/") else None

    def _identifiers(self, practitioner: Json, holder: Json) -> tuple[tuple[str, str], ...]:
        """A practitioner's identifiers, from the resource and from the reference itself."""
        found = [as_object(practitioner.get("identifier"))]
        resource = self._index.find(practitioner, holder=holder)
        if resource is not None and resource.get("resourceType") == "Practitioner":
            found += objects(resource.get("identifier"))
        return _identifier_pairs(found)

    def _fcp_listing(self, person: _Person, found: _Found) -> FcpListing:
        """The listing that holds at every organisation the order may come from: the least of them."""
        if not person.identifiers or not found.evidence.listed or not found.every_role_listed:
            return FcpListing.UNKNOWN
        states = {
            FcpListing(self._directory.fcp_listing(person.identifiers, organisation, self._today))
            for organisation in found.evidence.listed
        }
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


def _settings(evidence: OrganisationEvidence) -> set[str]:
    return {organisation.setting for organisation in evidence.listed}


def _adds_evidence(user: _Person, requester: _Person) -> bool:
    """Whether the user's roles say more than the requester's: another person, or another role of the same one.

    A bare Practitioner who is also the requester adds nothing to the one role that the order names.
    """
    same_person = requester.practitioner is not None and requester.practitioner == user.practitioner
    return not (same_person and all(role in user.roles for role in requester.roles))


def _agreed(found: _Found, contradicting: set[str]) -> tuple[Setting, SettingSource]:
    """The one setting that everything agrees on; a role that could not be placed agrees with nothing."""
    settings = _settings(found.evidence)
    if not settings:
        return Setting.UNKNOWN, SettingSource.NOT_LISTED if found.evidence.sent else SettingSource.NONE
    if len(settings) > 1 or not contradicting <= settings:
        return Setting.UNKNOWN, SettingSource.CONFLICT
    if not found.every_role_listed:
        return Setting.UNKNOWN, SettingSource.NOT_LISTED
    return Setting(settings.pop()), found.source


def _identifier_pairs(identifiers: list[Json]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (system, value)
        for identifier in identifiers
        if isinstance(system := identifier.get("system"), str) and isinstance(value := identifier.get("value"), str)
    )


def _kind(reference: Json) -> str | None:
    """The resource type that a reference says it names, by its form or its `type`."""
    target = as_text(reference.get("reference"))
    if target is not None and "/" in target:
        return target.split("/_history/", 1)[0].rsplit("/", 2)[-2]
    return as_text(reference.get("type"))
