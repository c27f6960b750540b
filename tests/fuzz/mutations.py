"""Ways to spoil a good call: what a careless EHR, a broken proxy or somebody hostile makes of it.

A mutation changes one place of a body: it drops it, repeats it, gives it another type, nests it, puts an odd value
there, or puts a copy of another part of the same body there. `protected` places, what holds them and what they hold
stay as they are.
"""

import copy
from collections.abc import Collection
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
    st.builds(nested, st.integers(1, 70), in_arrays=st.booleans()),
)

MUTATIONS = ("drop", "repeat", "retype", "put", "graft", "contain")


@st.composite
def mutated(draw: st.DrawFn, body: JsonObject, protected: Collection[Path] = (), most: int = 4) -> JsonObject:
    """Draw a copy of a body with one to four mutations."""
    spoilt = copy.deepcopy(body)
    held = [_steps_into(spoilt, path) for path in protected]
    for _ in range(draw(st.integers(1, most))):
        free = [path for path in paths(spoilt) if not _touches(spoilt, path, held)]
        if not free:
            break
        _mutate(draw, spoilt, draw(st.sampled_from(free)))
    return spoilt


Held = tuple[object, ...]
"""The values that stand on the way to a protected one, and itself: found again by identity wherever they come to lie."""


def _steps_into(body: object, path: Path) -> Held:
    values = [body]
    for step in path:
        values.append(values[-1][step])  # type: ignore[index]  # protected places are there
    return tuple(values)


def _touches(body: object, path: Path, held: Collection[Held]) -> bool:
    """Whether a place lies on the way to a protected one, or inside it."""
    values = _steps_into(body, path)
    for protected in held:
        inside = any(one is protected[-1] for one in values if isinstance(one, dict | list))
        is_scalar = not isinstance(protected[-1], dict | list)
        same_scalar = is_scalar and values[-2] is protected[-2] and values[-1] is protected[-1]
        on_the_way = isinstance(values[-1], dict | list) and any(values[-1] is one for one in protected)
        if inside or same_scalar or on_the_way:
            return True
    return False


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
            holder[last:last] = copies
        case "retype":
            holder[last] = draw(st.sampled_from([[value], {"value": value}, str(value)[:200], [value, None]]))
        case "graft":
            holder[last] = copy.deepcopy(_steps_into(body, draw(st.sampled_from(list(paths(body)))))[-1])
        case "contain" if isinstance(value, dict):
            kind = draw(st.sampled_from(["Organization", "PractitionerRole", "Condition", "Patient", None, []]))
            loop = {"resourceType": kind, "id": "x", "partOf": {"reference": "#x"}, "organization": {"reference": "#x"}}
            value["contained"] = [loop]
            value[draw(st.sampled_from(["requester", "subject", "encounter", "serviceProvider"]))] = {"reference": "#x"}
        case _:
            holder[last] = draw(odd_values)
