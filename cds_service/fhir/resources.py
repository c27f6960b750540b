"""Every resource that came with a call, found by reference: prefetch, the draft bundle, and contained resources."""

import re
from functools import cached_property

from cds_service.fhir.shapes import Json, as_object, as_text, objects


class ResourceIndex:
    """The resources of one call.

    A relative reference finds a resource by type and id; an absolute one by the entry's `fullUrl`, or below the
    call's own `fhirServer`. A reference to another server finds nothing. Copies under one name that differ are all
    kept: nobody can tell which is meant.

    Attributes:
        draft_orders: `context.draftOrders`.
    """

    def __init__(self, prefetch: Json, draft_orders: Json, fhir_server: str | None) -> None:
        self._base = fhir_server.rstrip("/") + "/" if fhir_server else None
        self._base_form = _one_form(self._base) if self._base is not None else None
        self.draft_orders = draft_orders
        self._prefetch = prefetch
        self._prefetched: dict[str, list[Json]] = {}
        self._by_id: dict[str, dict[str, list[Json]]] = {}
        self._found: dict[str, list[Json]] = {}
        self._containers: dict[int, Json] = {}
        self._contained: dict[int, dict[str, list[Json]]] = {}
        for group in self._drafts_of_type("RequestGroup"):  # orders that it contains refer to what it contains
            self._containers.update((id(contained), group) for contained in objects(group.get("contained")))
        for value in prefetch.values():
            if not isinstance(value, dict):
                continue
            if value.get("resourceType") == "Bundle":
                for entry in objects(value.get("entry")):
                    self._add_prefetched(entry.get("resource"))
            else:
                self._add_prefetched(value)

    def _add_prefetched(self, resource: object) -> None:
        if isinstance(resource, dict) and isinstance(kind := resource.get("resourceType"), str):
            self._prefetched.setdefault(kind, []).append(resource)

    @cached_property
    def _by_full_url(self) -> dict[str, list[Json]]:
        """Every entry's resources by their `fullUrl`, drafts first; made when a reference first asks for it."""
        found: dict[str, list[Json]] = {}
        for bundle in (self.draft_orders, *self._prefetch.values()):
            for entry in objects(as_object(bundle).get("entry")):
                resource, full_url = entry.get("resource"), entry.get("fullUrl")
                if (
                    _type_of(entry) is not None
                    and isinstance(resource, dict)
                    and isinstance(full_url, str)
                    and full_url
                ):
                    _add_copy(found, full_url, resource)
        return found

    @property
    def knows_its_server(self) -> bool:
        """Whether the call said which FHIR server its references belong to."""
        return self._base is not None

    def prefetched(self, resource_type: str) -> list[Json]:
        """The resources of a type that prefetch brought, under whichever key."""
        return self._prefetched.get(resource_type, [])

    def answered(self, key: str) -> bool:
        """Whether a prefetch key brought a whole search answer (`is_complete_answer`)."""
        return is_complete_answer(self._prefetch.get(key))

    def came_whole(self, resource_type: str) -> bool:
        """Whether every prefetch answer that brought this type was a whole one, and not a page of it."""
        return all(
            is_complete_answer(value)
            for value in self._prefetch.values()
            if any(_type_of(entry) == resource_type for entry in objects(as_object(value).get("entry")))
        )

    def find(self, reference: object, *, holder: Json | None = None) -> Json | None:
        """The first resource that a Reference names, or None when none came with the call (see `find_all`)."""
        found = self.find_all(reference, holder=holder)
        return found[0] if found else None

    def find_all(self, reference: object, *, holder: Json | None = None) -> list[Json]:
        """The resources that a Reference names: one, or several that differ under one name; none when none came.

        Args:
            reference: a FHIR Reference, or its `reference` string.
            holder: the resource that holds the reference, for `#contained` ones.
        """
        target = reference if isinstance(reference, str) else as_text(as_object(reference).get("reference"))
        if target is None:
            return []
        if target.startswith("#"):
            return self._find_contained(holder, target[1:])
        found = self._found.get(target)
        if found is None:  # the resources of one call name the same few others
            found = self._found[target] = self._find_by_name(target)
        return found

    def find_meant(self, reference: object, *, holder: Json) -> list[Json]:
        """The resources that a Reference may mean: as `find_all`, and without `fhirServer` an absolute one by its end.

        By its end only where just one resource can be meant: one of that name came, and not under another address.
        It is for what may raise a concern; nothing that exempts is found by it.

        Args:
            reference: a FHIR Reference.
            holder: the resource that holds it.
        """
        found = self.find_all(reference, holder=holder)
        target = as_text(as_object(reference).get("reference"))
        if found or target is None or "://" not in target or self.knows_its_server:
            return found
        name = self.may_mean(target) or ""
        kind, _, identity = name.partition("/")
        meant = self._of_type(kind, identity)
        addresses = self._addresses.get(name)
        lives_elsewhere = addresses is not None and _one_form(target.split("/_history/", 1)[0]) not in addresses
        return meant if len(meant) == 1 and not lives_elsewhere else []

    @cached_property
    def _addresses(self) -> dict[str, set[str]]:
        """For each `Type/id` at the end of an entry's absolute `fullUrl`, where such resources live."""
        found: dict[str, set[str]] = {}
        for full_url in self._by_full_url:
            if "://" in full_url and (name := self.may_mean(full_url)) is not None:
                found.setdefault(name, set()).add(_one_form(full_url))
        return found

    def _find_by_name(self, target: str) -> list[Json]:
        unversioned = target.split("/_history/", 1)[0]
        if ":" in unversioned and (found := self._by_full_url.get(unversioned)) is not None:
            return found
        relative = self.relative(unversioned)
        kind, _, identity = relative.partition("/") if relative is not None else ("", "", "")
        return self._of_type(kind, identity) if identity else []

    def _of_type(self, kind: str, identity: str) -> list[Json]:
        """The resources of a type with this id, drafts first; a type is indexed when it is first asked for."""
        by_id = self._by_id.get(kind)
        if by_id is None:
            by_id = self._by_id[kind] = {}
            for resource in (*self._drafts_of_type(kind), *self._prefetched.get(kind, ())):
                if isinstance(resource_id := resource.get("id"), str):
                    _add_copy(by_id, resource_id, resource)
        return by_id.get(identity, [])

    def _drafts_of_type(self, kind: str) -> list[Json]:
        drafts = [as_object(entry.get("resource")) for entry in objects(self.draft_orders.get("entry"))]
        return [draft for draft in drafts if draft.get("resourceType") == kind]

    def _find_contained(self, holder: Json | None, identity: str) -> list[Json]:
        """Contained resources; one that is contained itself looks among its container's."""
        container = self._containers.get(id(holder), holder)
        if container is None:
            return []
        by_id = self._contained.get(id(container))
        if by_id is None:
            by_id = self._contained[id(container)] = {}
            for resource in objects(container.get("contained")):
                self._containers[id(resource)] = container
                if isinstance(resource_id := resource.get("id"), str):
                    _add_copy(by_id, resource_id.removeprefix("#"), resource)  # some write it as it is referred to
        return by_id.get(identity, [])

    def relative(self, target: str) -> str | None:
        """The `Type/id` form of a reference, or None when it names another server or no resource."""
        path = target.split("/_history/", 1)[0]
        if "://" in path:
            if self._base is None or self._base_form is None:
                return None
            if path.startswith(self._base):
                return path[len(self._base) :]
            form = _one_form(path)
            return form[len(self._base_form) :] if form.startswith(self._base_form) else None
        return None if path.startswith("urn:") else path

    def may_mean(self, target: str) -> str | None:
        """The `Type/id` that a reference may mean: the relative form, or the end of an absolute one.

        The end counts only where the call does not say its server, so that nobody can tell whose server is named.
        """
        relative = self.relative(target)
        if relative is not None or self.knows_its_server or "://" not in target:
            return relative
        *_, kind, identity = target.split("/_history/", 1)[0].split("/")
        return f"{kind}/{identity}"


def _one_form(url: str) -> str:
    """An absolute URL with what means nothing written one way: scheme and host in small letters, no default port."""
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    host, slash, path = rest.partition("/")
    default_port = {"https": ":443", "http": ":80"}.get(scheme, "")
    return f"{scheme}://{host.lower().removesuffix(default_port)}{slash}{path}"


def _add_copy(found: dict[str, list[Json]], name: str, resource: Json) -> None:
    """Keep a resource under its name, unless it is there already: several prefetch keys often bring the same one."""
    copies = found.setdefault(name, [])
    if len(copies) < MOST_COPIES and resource not in copies:
        copies.append(resource)


MOST_COPIES = 8
"""Differing resources under one name that are looked at; two are one too many already."""


def is_complete_answer(value: object) -> bool:
    """Whether a prefetch value is a whole search answer: a Bundle with no further page and no failed entry.

    An absent key, null, an OperationOutcome or junk is not an answer, and a page is not a whole one.
    """
    if not isinstance(value, dict) or value.get("resourceType") != "Bundle":
        return False
    links, entries = value.get("link", []), value.get("entry", [])
    if not isinstance(links, list) or not isinstance(entries, list):
        return False
    if any(not isinstance(link, dict) or link.get("relation") == "next" for link in links):
        return False
    includes = 0
    for entry in entries:
        if _type_of(entry) in _NOT_A_RESULT:
            return False
        search = entry.get("search")
        if isinstance(search, dict) and search.get("mode") == "include":
            includes += 1
    total = value.get("total")
    return not isinstance(total, int) or total <= len(entries) - includes


_NOT_A_RESULT = (None, "OperationOutcome")


def _type_of(entry: object) -> object:
    """The type of an entry's resource; None for junk."""
    resource = entry.get("resource") if isinstance(entry, dict) else None
    return resource.get("resourceType") if isinstance(resource, dict) else None


def same_patient(reference: object, patient_id: str, index: ResourceIndex) -> bool:
    """Whether a reference to a patient may mean this patient; one that names nobody does not contradict it."""
    target = reference.get("reference") if isinstance(reference, dict) else None
    if not isinstance(target, str):
        return True
    own = f"Patient/{patient_id}"
    if target == own or index.relative(target) == own:
        return True
    named = index.find(target)
    if named is not None:
        return named.get("resourceType") == "Patient" and named.get("id") == patient_id
    return index.may_mean(target) == own


def another_patient(reference: object, patient_id: str, index: ResourceIndex) -> bool:
    """Whether a reference names another patient for certain: by an id of the call's own server, or a Patient that came.

    A reference that is written otherwise (another address, a URN, a contained resource) may still mean this patient.
    """
    if same_patient(reference, patient_id, index):
        return False
    target = str(as_object(reference).get("reference"))
    named = index.find(target)
    if named is not None:
        return named.get("resourceType") == "Patient"
    return _PATIENT_ID.fullmatch(index.relative(target) or "") is not None


_PATIENT_ID = re.compile(r"Patient/[A-Za-z0-9.-]{1,64}")
