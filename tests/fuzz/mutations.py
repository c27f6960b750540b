"""Ways to spoil a good call: what a careless EHR, a broken proxy or somebody hostile makes of it.

A mutation changes one place of a body: it drops it, repeats it, gives it another type, nests it, puts an odd value
there, or puts a copy of another part of the same body there. `protected` places, what holds them and what they hold
stay as they are.
"""

import copy
from collections.abc import Collection, Iterator
from typing import Any

from hypothesis import strategies as st

from tests.conftest import JsonObject
from tests.contract.test_mutated_calls import Path, paths

ODD_TEXTS = [
    "",
    " ",
    "#",
    "#x",
    "/",
    "//",
    "/_history/",
    "x/_history/1",
    "Practitioner/_history/1",
    "http://",
    "http://[",
    "https://ehr.example.org/fhir/Patient/a/_history/1",
    "urn:uuid:",
    "urn:oid:1.2",
    "Patient/../Organization/x",
    "ServiceRequest/",
    "{{context.patientId}}",
    "%00%0d%0a",
    "a\r\nX-Injected: yes",
    "<img src=x onerror=alert(1)>",
    "![x](https://x.example.org) [y](javascript:alert(1)) `z` | **b**",
    "\u202egnp.exe\u2066\u200b\ufeff",
    "\u2028\u2029\x85\x1f",
    "\U0010ffff\ufffe",
    "\x00",
    "\ud800",
    "nan",
    "-1",
    "9" * 400,
    "99999-13-32",
    "0000-00-00",
    "2026-02-30",
    "x" * 5000,
    "x/" * 3000,
    "entered-in-error",
    "inactive",
]

ODD_NUMBERS = [0, -1, 2**53 + 1, 2**63, 2**64, 10**30, 10**400, -0.0, 5e-324, 1e308, True, False]

ODD_STRUCTURES: list[object] = [
    None,
    [],
    {},
    [None],
    [[]],
    [{}],
    {"": None},
    {"reference": "#"},
    {"reference": "x/_history/1"},
    {"reference": {}},
    {"identifier": {"system": [], "value": {}}},
    {"coding": [{"system": {}, "code": []}]},
    {"coding": {}},
    {"resourceType": []},
    {"resourceType": "Bundle", "entry": {}},
    {"resourceType": "Bundle", "entry": [{"resource": None}, None, 7]},
    {"resourceType": "OperationOutcome", "issue": []},
    {"resourceType": "Parameters"},
]


def nested(depth: int, *, in_arrays: bool) -> object:
    """So many objects or arrays in each other."""
    value: object = 1
    for _ in range(depth):
        value = [value] if in_arrays else {"x": value}
    return value


odd_values: st.SearchStrategy[object] = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.sampled_from(ODD_NUMBERS),
    st.sampled_from(ODD_STRUCTURES),
    st.text(max_size=20),
    st.builds(lambda target: {"reference": target}, st.sampled_from(ODD_TEXTS)),
    st.builds(nested, st.integers(1, 70), in_arrays=st.booleans()),
)

KINDS: list[object] = ["Organization", "PractitionerRole", "Condition", "Patient", None, []]
MUTATIONS = ("drop", "repeat", "retype", "put", "graft", "contain")


TELLING = frozenset(
    {"reference", "requester", "organization", "practitioner", "userId", "patientId", "encounterId", "fhirServer", "id"}
    | {"resourceType", "system", "value", "coding", "code", "status", "birthDate", "generalPractitioner", "resource"}
    | {"entry", "prefetch", "subject", "serviceProvider", "selections", "fullUrl", "identifier", "bodySite", "basedOn"}
)
"""Members that decide something: half of the mutations are of them."""


@st.composite
def mutated(draw: st.DrawFn, body: JsonObject, protected: Collection[Path] = (), most: int = 4) -> JsonObject:
    """Draw a copy of a body with one to four mutations."""
    spoilt = copy.deepcopy(body)
    held = _Held(spoilt, protected)
    for _ in range(draw(st.integers(1, most))):
        free = list(held.free_places(spoilt))
        telling = [path for path in free if path[-1] in TELLING]
        if not free:
            break
        prefers_telling: bool = draw(st.booleans())
        _mutate(draw, spoilt, draw(st.sampled_from(telling if telling and prefers_telling else free)))
    return spoilt


class _Held:
    """The protected values of a body, found again by identity wherever they come to lie."""

    def __init__(self, body: JsonObject, protected: Collection[Path]) -> None:
        values = [_steps_into(body, path) for path in protected]
        self._whole = {id(each[-1]) for each in values if isinstance(each[-1], dict | list)}
        self._on_the_way = {id(one) for each in values for one in each[:-1]}
        self._members = {(id(each[-2]), path[-1]) for path, each in zip(protected, values, strict=True)}
        self._alive = values  # an id means something only while its value lives

    def free_places(self, value: object, path: Path = ()) -> Iterator[Path]:
        """Every place that neither is protected, nor holds what is, nor lies in it."""
        members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for name, member in members:
            if id(member) in self._whole or (id(value), name) in self._members:
                continue
            is_structure = isinstance(member, dict | list)
            if not (is_structure and id(member) in self._on_the_way):
                yield (*path, name)
            if is_structure:
                yield from self.free_places(member, (*path, name))


def _steps_into(body: object, path: Path) -> list[object]:
    """The values on the way to a place, the body first and its own value last."""
    values = [body]
    for step in path:
        values.append(values[-1][step])  # type: ignore[index]  # the place is there
    return values


def _mutate(draw: st.DrawFn, body: JsonObject, path: Path) -> None:
    holder: Any = body
    for step in path[:-1]:
        holder = holder[step]
    last, value = path[-1], holder[path[-1]]
    match draw(st.sampled_from(MUTATIONS)):
        case "drop":
            del holder[last]
        case "repeat" if isinstance(holder, list):
            copies = [copy.deepcopy(value) for _ in range(draw(st.sampled_from([1, 2, 3, 210])))]
            holder.extend(copies)  # at the end: what is protected keeps its place
        case "retype":
            holder[last] = draw(st.sampled_from([[value], {"value": value}, str(value)[:200], [value, None]]))
        case "graft":
            holder[last] = copy.deepcopy(_steps_into(body, draw(st.sampled_from(list(paths(body)))))[-1])
        case "contain" if isinstance(value, dict):
            loop = {
                "resourceType": draw(st.sampled_from(KINDS)),
                "id": "x",
                "partOf": {"reference": "#x"},
                "organization": {"reference": "#x"},
            }
            value["contained"] = [loop]
            value[draw(st.sampled_from(["requester", "subject", "encounter", "serviceProvider"]))] = {"reference": "#x"}
        case _:
            holder[last] = copy.deepcopy(draw(odd_values))
