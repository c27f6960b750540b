"""Every resource that came with a call, found by reference: prefetch, the draft bundle, and contained resources."""

from collections.abc import Iterator
from typing import Any

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
        for resource, full_url in _entries(draft_orders):
            self._add(resource, full_url)
        for value in prefetch.values():
            for resource, full_url in _resources_of(value):
                self._prefetched.setdefault(resource["resourceType"], []).append(resource)
                self._add(resource, full_url)

    def _add(self, resource: Json, full_url: str | None) -> None:
        identity = as_text(resource.get("id"))
        if identity is not None:
            self._by_reference.setdefault(f"{resource['resourceType']}/{identity}", resource)
        if full_url is not None:
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


def _entries(bundle: object) -> Iterator[tuple[Json, str | None]]:
    for entry in objects(as_object(bundle).get("entry")):
        resource = entry.get("resource")
        if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
            yield resource, as_text(entry.get("fullUrl"))


def _resources_of(value: Any) -> Iterator[tuple[Json, str | None]]:
    if not isinstance(value, dict):
        return
    kind = value.get("resourceType")
    if kind == "Bundle":
        yield from _entries(value)
    elif isinstance(kind, str) and kind != "OperationOutcome":
        yield value, None


def is_complete_answer(value: object) -> bool:
    """Whether a prefetch value is a whole search answer: a Bundle with no further page and no failed entry.

    An absent key, null, an OperationOutcome or junk is not an answer, and a page is not a whole one.
    """
    bundle = as_object(value)
    if bundle.get("resourceType") != "Bundle":
        return False
    if any(link.get("relation") == "next" for link in objects(bundle.get("link"))):
        return False
    resources = [resource for resource, _ in _entries(bundle)]
    if any(resource["resourceType"] == "OperationOutcome" for resource in resources):
        return False
    total = bundle.get("total")
    return not isinstance(total, int) or total <= len(resources)


def same_patient(reference: object, patient_id: str, index: ResourceIndex) -> bool:
    """Whether a reference to a patient may mean this patient; one that names nobody does not contradict it."""
    target = as_text(as_object(reference).get("reference"))
    if target is None:
        return True
    return index.relative(target) == f"Patient/{patient_id}"
