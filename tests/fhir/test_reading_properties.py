"""Whatever a client sends in place of what it should: no failure but the two that are meant, and no exemption."""

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from fhir_builders import TERMINOLOGY, TODAY, Reading, read_orders
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.directory import Directory, load_directory
from cds_service.fhir.orders import SelectionError
from cds_service.fhir.reading import HookContext, OrderReader, ReadOrder
from cds_service.fhir.requester import SettingSource
from cds_service.fhir.shapes import Json, MalformedOrderError
from cds_service.pathway.facts import Facts, FcpListing, Oncology, Setting
from cds_service.protocol.hook_request import HookRequest, parse_hook_request
from cds_service.protocol.operation_outcome import ProtocolError
from fhir_fixtures import expectations, hook_call

FILES = sorted({expectation.file for expectation in expectations()})
FOOTPRINTS = {"W2U3Z": "nwl", "QRV": "nwl", "A3A8R": "nel", "QMF": "nel"}
EXEMPT = {Setting.SECONDARY_CARE, Setting.COMMUNITY_MSK}
LISTED = {FcpListing.CURRENT, FcpListing.CURRENT_NOT_SPINE}

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8))
NAMES = st.sampled_from(
    ["resourceType", "id", "reference", "identifier", "system", "value", "coding", "code", "entry", "resource", "x"]
)
JSON = st.recursive(
    st.one_of(SCALARS, st.sampled_from(["Bundle", "Patient", "PractitionerRole", "Condition", "OperationOutcome"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)
STARK: list[object] = [None, True, 10**400, -1, "", "#", "text", [], [[]], [None], {}, {"x": {}}, [{"coding": [[]]}]]
"""One of each kind, put everywhere in turn."""


@cache
def directory() -> Directory:
    """The demo's, to which the fixtures belong."""
    with resources.as_file(resources.files("cds_service.demo") / "configuration") as folder:
        return load_directory(Path(folder), FOOTPRINTS)


@cache
def text_of(file: str) -> str:
    """A fixture call as JSON text: each use parses it afresh, so that no test sees another's changes."""
    return json.dumps(hook_call(file))


def call_of(file: str) -> Json:
    """A fixture call."""
    read: Json = json.loads(text_of(file))
    return read


def reading_of(body: Json) -> Reading:
    """Read a call as the hook does."""
    return read_orders(OrderReader(directory(), TERMINOLOGY), context_of(parse_hook_request(body)), TODAY)


def read(body: Json) -> list[ReadOrder]:
    """The MSK orders of a call all of whose orders can be read."""
    reading = reading_of(body)
    assert reading.malformed == []
    return reading.orders


def context_of(request: HookRequest) -> HookContext:
    """A call's context, for a client without a default region."""
    sent = request.context
    return HookContext(
        user_id=sent.userId,
        patient_id=sent.patientId,
        encounter_id=sent.encounterId,
        draft_orders=sent.draftOrders,
        selections=sent.selections if request.hook == "order-select" else None,
        prefetch=request.prefetch or {},
        fhir_server=request.fhirServer,
    )


def places(value: object, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a JSON value, from the outermost in."""
    if here:
        yield here
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, element in inner:
        yield from places(element, (*here, name))


def replaced(value: Any, place: tuple[str | int, ...], by: object) -> Any:  # noqa: ANN401 - any JSON
    """The value with another at a place; what lies beside the way is shared, not copied."""
    if not place:
        return by
    changed = value.copy()
    changed[place[0]] = replaced(value[place[0]], place[1:], by)
    return changed


def attempt(body: Json) -> Reading | None:
    """Read a call, or None for one of the failures that are meant (the hook answers those with a 4xx)."""
    try:
        reading = reading_of(body)
    except (ProtocolError, SelectionError, MalformedOrderError):
        return None
    assert all(error.path.startswith("context.draftOrders.entry[") for error in reading.malformed)
    return reading


@settings(max_examples=300)
@given(data=st.data(), file=st.sampled_from(FILES), junk=JSON)
def test_arbitrary_json_anywhere_in_a_call_never_breaks_the_reader(
    data: st.DataObject, file: str, junk: object
) -> None:
    """Nothing but a missing selection or a bundle that is none is ever raised; a malformed order is named."""
    body = call_of(file)
    place = data.draw(st.sampled_from(list(places(body))))
    attempt(replaced(body, place, junk))


@pytest.mark.parametrize(
    "file",
    [
        "nel-assured-fcp-knee-mri-pain--fcp-exempt.json",
        "nwl-conflict-knee-mri-pain--redirect-unknown-setting.json",
        "nwl-gp-lumbar-mri-ces-by-reference-order-sign--ces.json",
        "nwl-gp-knee-mri-asked-for-by-consultant--redirect.json",
        "nwl-nurse-hip-mri-bone-pain-under-oncology-care-team--oncology.json",
        "sandbox/pama-lumbar-mri-cauda-equina--ces.json",
    ],
)
def test_one_kind_of_junk_after_another_in_every_place_of_a_call_never_breaks_the_reader(file: str) -> None:
    """The same, without luck: every element of six calls."""
    broken = []
    body = call_of(file)
    for place in places(body):
        for junk in STARK:
            try:
                attempt(replaced(call_of(file), place, junk))
            except Exception as error:  # noqa: BLE001 - whatever is raised is collected and shown
                broken.append((place, junk, repr(error)))
    assert broken == []


def exemptions(facts: Facts) -> set[str]:
    """What the setting and the register would excuse the order from."""
    setting = {facts.setting.value} if facts.setting in EXEMPT else set()
    return setting | ({"fcp"} if facts.fcp_listing in LISTED else set())


def agreed(file: str) -> bool:
    """Whether the call's evidence of the setting does not contradict itself."""
    return all(order.requester.setting_source is not SettingSource.CONFLICT for order in read(call_of(file)))


PREFETCHED = [file for file in FILES if hook_call(file).get("prefetch") and agreed(file)]


@settings(max_examples=200)
@given(data=st.data(), file=st.sampled_from(PREFETCHED), junk=JSON)
def test_junk_for_prefetch_never_makes_an_exemption(data: st.DataObject, file: str, junk: object) -> None:
    """Missing evidence never exempts: what is known of setting, age, place and cancer stays, or becomes unknown."""
    body = call_of(file)
    keys = data.draw(st.sets(st.sampled_from(sorted(body["prefetch"])), min_size=1))
    before = read(body)
    after = attempt(
        body | {"prefetch": {name: junk if name in keys else value for name, value in body["prefetch"].items()}}
    )
    assert after is not None
    assert after.malformed == []
    for was, now in zip((order.facts for order in before), (order.facts for order in after.orders), strict=True):
        assert exemptions(now) <= exemptions(was)
        assert now.setting in {was.setting, Setting.UNKNOWN}
        assert now.oncology is not Oncology.NONE or was.oncology is Oncology.NONE
        assert now.age in {was.age, None}
        assert now.body_region is was.body_region
        assert now.patient_region in {was.patient_region, None}


@pytest.mark.parametrize("file", FILES)
def test_a_call_without_prefetch_is_excused_from_nothing(file: str) -> None:
    """The fixtures' drafts name nobody's employer, so nothing is left to rest an exemption on."""
    assert [
        exemptions(order.facts) for order in read(call_of(file) | {"prefetch": {}}) if exemptions(order.facts)
    ] == []


@pytest.mark.parametrize("file", FILES)
def test_reading_a_call_changes_nothing_in_it_and_says_the_same_twice(file: str) -> None:
    """Facts depend on the call alone."""
    body = call_of(file)
    first = read(body)
    assert json.dumps(body) == text_of(file)
    assert read(body) == first
