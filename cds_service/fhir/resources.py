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
        for entry in objects(draft_orders.get("entry")):
            self._add(entry.get("resource"), entry.get("fullUrl"))
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
        if isinstance(identity, str):
            self._by_reference.setdefault(f"{kind}/{identity}", resource)
        if isinstance(full_url, str):
            self._by_reference.setdefault(full_url, resource)

    def prefetched(self, resource_type: str) -> list[Json]:
        """The resources of a type that prefetch brought, under whichever key."""
        return self._prefetched.get(resource_type, [])

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
            return _contained(holder, target[1:])
        found = self._by_reference.get(target)
        return found if found is not None else self._by_reference.get(self.relative(target) or "")

    def relative(self, target: str) -> str | None:
        """The `Type/id` form of a reference, or None when it names another server or no resource."""
        path = target.split("/_history/", 1)[0]
        if "://" in path:
            if self._base is not None and path.startswith(self._base):
                return path[len(self._base) :]
            return "/".join(path.rsplit("/", 2)[1:]) if self._base is None else None
        return None if path.startswith("urn:") else path


def _contained(holder: Json | None, identity: str) -> Json | None:
    for resource in objects(as_object(holder).get("contained")):
        if resource.get("id") == identity:
            return resource
    return None


def is_complete_answer(value: object) -> bool:
    """Whether a prefetch value is a whole search answer: a Bundle with no further page and no failed entry.

    An absent key, null, an OperationOutcome or junk is not an answer, and a page is not a whole one.
    """
    if not isinstance(value, dict) or value.get("resourceType") != "Bundle":
        return False
    if any(link.get("relation") == "next" for link in objects(value.get("link"))):
        return False
    resources = [entry.get("resource") for entry in objects(value.get("entry"))]
    if any(as_object(resource).get("resourceType") in _NOT_A_RESULT for resource in resources):
        return False
    total = value.get("total")
    return not isinstance(total, int) or total <= len(resources)


_NOT_A_RESULT = (None, "OperationOutcome")


def same_patient(reference: object, patient_id: str, index: ResourceIndex) -> bool:
    """Whether a reference to a patient may mean this patient; one that names nobody does not contradict it."""
    target = reference.get("reference") if isinstance(reference, dict) else None
    if not isinstance(target, str):
        return True
    own = f"Patient/{patient_id}"
    return target == own or index.relative(target) == own
