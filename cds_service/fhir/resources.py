"""Every resource that came with a call, found by reference: prefetch, the draft bundle, and contained resources."""

from cds_service.fhir.shapes import Json, as_object, as_text, objects


class ResourceIndex:
    """The resources of one call.

    A relative reference finds a resource by type and id; an absolute one by the entry's `fullUrl`, or below the
    call's own `fhirServer`. A reference to another server finds nothing.
    """

    def __init__(self, prefetch: Json, draft_orders: Json, fhir_server: str | None) -> None:
        self._base = fhir_server.rstrip("/") + "/" if fhir_server else None
        self._by_reference: dict[str, Json] = {}
        self._prefetched: dict[str, list[Json]] = {}
        self._containers: dict[int, Json] = {}
        for entry in objects(draft_orders.get("entry")):
            self._add(entry.get("resource"), entry.get("fullUrl"))
        self._prefetch = prefetch
        for value in prefetch.values():
            self._add_prefetched(value)

    def _add_prefetched(self, value: object) -> None:
        if not isinstance(value, dict):
            return
        if value.get("resourceType") != "Bundle":
            self._add(value, None, self._prefetched)
            return
        for entry in objects(value.get("entry")):
            self._add(entry.get("resource"), entry.get("fullUrl"), self._prefetched)

    def _add(self, resource: object, full_url: object, by_type: dict[str, list[Json]] | None = None) -> None:
        if not isinstance(resource, dict):
            return
        kind, identity = resource.get("resourceType"), resource.get("id")
        if not isinstance(kind, str):
            return
        if by_type is not None:
            by_type.setdefault(kind, []).append(resource)
        if isinstance(identity, str) and identity:
            self._by_reference.setdefault(f"{kind}/{identity}", resource)
        if isinstance(full_url, str) and full_url:
            self._by_reference.setdefault(full_url, resource)

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
        """The resource that a Reference names, or None when it did not come with the call.

        Args:
            reference: a FHIR Reference, or its `reference` string.
            holder: the resource that holds the reference, for `#contained` ones.
        """
        target = reference if isinstance(reference, str) else as_text(as_object(reference).get("reference"))
        if target is None:
            return None
        if target.startswith("#"):
            return self._find_contained(holder, target[1:])
        found = self._by_reference.get(target.split("/_history/", 1)[0])
        if found is not None:
            return found
        relative = self.relative(target)
        return self._by_reference.get(relative) if relative is not None else None

    def _find_contained(self, holder: Json | None, identity: str) -> Json | None:
        """A contained resource; one that is contained itself looks among its container's."""
        container = self._containers.get(id(holder), holder)
        for resource in objects(as_object(container).get("contained")):
            if container is not None and resource.get("id") == identity:
                self._containers[id(resource)] = container
                return resource
        return None

    def relative(self, target: str) -> str | None:
        """The `Type/id` form of a reference, or None when it names another server or no resource."""
        path = target.split("/_history/", 1)[0]
        if "://" in path:
            below_base = self._base is not None and path.startswith(self._base)
            return path[len(self._base or "") :] if below_base else None
        return None if path.startswith("urn:") else path


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
    # Without `fhirServer` nobody can say whose server an absolute reference names: its end must do.
    return not index.knows_its_server and target.split("/_history/", 1)[0].endswith(f"/{own}")
