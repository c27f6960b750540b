"""Hypothesis over the request of a hook call and of feedback: spoilt structure, spoilt bytes, spoilt headers.

The examples are the same on each run. What once failed is in `corpus/`.
"""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_fixtures import JsonObject, expectations, feedback, hook_call
from tests.conftest import SERVICE, InProcess
from tests.contract.test_mutated_calls import Path
from tests.fuzz.conftest import (
    FEEDBACK,
    assert_the_red_flag_is_shown,
    assert_well_answered,
    documented,
    emergencies,
    fuzz,
    send,
)
from tests.fuzz.mutations import mutated, nested

CALLS = sorted({row.file for row in expectations()})
FEEDBACKS = feedback()
ORDER: Path = ("context", "draftOrders", "entry", 0, "resource")

calls = st.sampled_from(CALLS).flatmap(lambda file: mutated(hook_call(file)))


@given(body=calls)
@fuzz(500)
def test_a_spoilt_call_is_well_answered(service: InProcess, body: JsonObject) -> None:
    """Cards that obey the rules, or an outcome that says what to mend; never a defect."""
    assert_well_answered(send(service, body))


def what_the_emergency_rests_on(call: JsonObject) -> list[Path]:
    """The places of a call without which its order is no live, selected MSK order for suspected cauda equina."""
    order = call["context"]["draftOrders"]["entry"][0]["resource"]
    members = [
        name for name in ("resourceType", "id", "status", "code", "reasonCode", "reasonReference") if name in order
    ]
    places: list[Path] = [("hook",), *((*ORDER, name) for name in members)]
    places += [("context", "selections")] if "selections" in call["context"] else []
    conditions = call.get("prefetch", {}).get("conditions")
    if "reasonReference" in order and isinstance(conditions, dict):
        places.append(("prefetch", "conditions"))
    return places


emergency_calls = st.sampled_from(emergencies()).flatmap(
    lambda file: mutated(hook_call(file), what_the_emergency_rests_on(hook_call(file)))
)


@given(body=emergency_calls)
@fuzz(600)
def test_no_spoilt_neighbour_hides_a_coded_emergency(service: InProcess, body: JsonObject) -> None:
    """Fact 1: whatever else is spoilt, no evidence of secondary care can come of it."""
    answer = send(service, body)

    assert_the_red_flag_is_shown(answer)
    assert_well_answered(answer)


def test_the_emergencies_are_many_and_show_themselves(service: InProcess) -> None:
    """So that the test above means something."""
    assert len(emergencies()) > 8
    for file in emergencies():
        assert [card["indicator"] for card in service.cards(hook_call(file))] == ["critical"], file


@given(
    files=st.lists(st.sampled_from(CALLS), min_size=2, max_size=4),
    hook=st.sampled_from(["order-sign", "order-select"]),
)
@fuzz(60)
def test_drafts_of_several_calls_hide_no_emergency(service: InProcess, files: list[str], hook: str) -> None:
    """Beside orders of any other kind, before or behind it, with ids in common."""
    call = hook_call("nwl-gp-lumbar-mri-ces--ces.json")
    entries = call["context"]["draftOrders"]["entry"]
    for number, file in enumerate(files):
        others = copy.deepcopy(hook_call(file)["context"]["draftOrders"]["entry"])
        entries[:] = [*others, *entries] if number % 2 else [*entries, *others]
    call["hook"] = hook

    answer = send(service, call)

    assert_the_red_flag_is_shown(answer)
    assert_well_answered(answer)


BODY = json.dumps(hook_call("nwl-gp-knee-mri-pain--redirect.json")).encode()


@st.composite
def spoilt_bytes(draw: st.DrawFn, whole: bytes = BODY) -> bytes:
    """Draw a body cut short, with bytes put in, taken out or repeated, or in another encoding."""
    at = draw(st.integers(0, len(whole)))
    until = min(len(whole), at + draw(st.sampled_from([1, 2, 16, 400])))
    junk = draw(
        st.binary(min_size=1, max_size=8)
        | st.sampled_from(
            [b"\x00", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\\u0000", b"\\ud800", b"\r\n0\r\n"]
        )
    )
    return draw(
        st.sampled_from(
            [
                whole[:at],
                whole[at:],
                whole[:at] + junk + whole[at:],
                whole[:at] + whole[until:],
                whole[:until] + whole[at:],
                whole[:at] + junk + whole[until:],
                junk + whole,
                whole + junk,
                whole + whole,
                whole.decode().encode("utf-16"),
            ]
        )
    )


@given(content=spoilt_bytes() | st.binary(max_size=64))
@fuzz(250)
def test_spoilt_bytes_are_well_answered(service: InProcess, content: bytes) -> None:
    """Read as far as they are JSON, refused by the place where they are not."""
    answer = service.send("POST", SERVICE, content=content, headers={"Content-Type": "application/json"})

    assert_well_answered(answer)


@given(content=spoilt_bytes(json.dumps(FEEDBACKS["several-cards.json"]).encode()))
@fuzz(60)
def test_spoilt_bytes_of_feedback_are_well_answered(service: InProcess, content: bytes) -> None:
    """Stored whole or not at all."""
    answer = service.send("POST", FEEDBACK, content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code in documented(FEEDBACK) - {412}, answer.text
    if answer.status_code == 200:
        assert answer.json() == {}
    else:
        assert_well_answered(answer, FEEDBACK)


@given(body=st.sampled_from(sorted(FEEDBACKS)).flatmap(lambda name: mutated(FEEDBACKS[name])))
@fuzz(120)
def test_spoilt_feedback_is_stored_or_refused(service: InProcess, body: JsonObject) -> None:
    """Nothing between."""
    answer = send(service, body, FEEDBACK)

    assert answer.status_code in {200, 400}, answer.text
    if answer.status_code == 400:
        assert_well_answered(answer, FEEDBACK)


odd_media_types = st.sampled_from(
    [
        b"application/json",
        b'APPLICATION/JSON ; charset="UTF-8"',
        b"application/json;;;",
        b"application/json; charset=utf-16",
        b"application/json, text/html",
        b"application/+json",
        b"/+json",
        b"+json",
        b"text/plain",
        b"",
        b";",
        b"application/json; " * 200,
        b"\xff\xfe",
        b"multipart/form-data; boundary=x",
    ]
)
odd_headers = st.lists(
    st.tuples(
        st.sampled_from(
            [b"Accept", b"Origin", b"Authorization", b"X-Correlation-ID", b"X-Forwarded-For", b"Cookie", b"Forwarded"]
        ),
        st.sampled_from(
            [b"", b"*", b"null", b"\xe9\xff", b"x" * 4000, b"Bearer x", b"a, b;c=d", b"https://x.example.org"]
        ),
    ),
    max_size=4,
)


@given(
    media_type=odd_media_types,
    encoding=st.sampled_from([None, b"", b"identity", b"gzip", b"GZIP, br", b"\xff", b"deflate"]),
    others=odd_headers,
    path=st.sampled_from([SERVICE, FEEDBACK]),
)
@fuzz(150)
def test_odd_headers_are_well_answered(
    service: InProcess, media_type: bytes, encoding: bytes | None, others: list[tuple[bytes, bytes]], path: str
) -> None:
    """By what they say, or as if they were not there; a repeated header is no defect either."""
    headers = [(b"Content-Type", media_type), *others]
    headers += [(b"Content-Encoding", encoding)] if encoding is not None else []
    content = BODY if path == SERVICE else json.dumps(FEEDBACKS["accepted.json"]).encode()

    answer = service.send("POST", path, content=content, headers=headers)

    assert answer.status_code in {200, 415}, answer.text
    assert "x-injected" not in answer.headers
    if answer.status_code == 415:
        assert_well_answered(answer, path)


@pytest.mark.parametrize("in_arrays", [True, False], ids=["arrays", "objects"])
@pytest.mark.parametrize(
    "place", [("prefetch",), ("context",), ORDER, (*ORDER, "code")], ids=lambda place: str(place[-1])
)
@pytest.mark.parametrize(("spare", "status"), [(0, 200), (1, 400)], ids=["the deepest", "one deeper"])
def test_nesting_up_to_the_limit_hides_no_emergency(
    service: InProcess, place: Path, in_arrays: bool, spare: int, status: int
) -> None:
    """Sixty-four levels wherever they stand; one more is refused, and not passed over."""
    call = hook_call("nwl-gp-lumbar-mri-ces--ces.json")
    holder: object = call
    for step in place:
        holder = holder[step]  # type: ignore[index]  # the fixture has it
    holder["extension"] = nested(64 - len(place) - 1 + spare, in_arrays=in_arrays)  # type: ignore[index]  # an object

    answer = send(service, call)

    assert answer.status_code == status
    assert_the_red_flag_is_shown(answer)


@pytest.mark.parametrize(("drafts", "status"), [(200, 200), (201, 413)])
@pytest.mark.parametrize("at_end", [True, False], ids=["last", "first"])
def test_the_most_drafts_hide_no_emergency(service: InProcess, drafts: int, status: int, at_end: bool) -> None:
    """Neither as the first of two hundred nor as the last."""
    call = hook_call("nwl-gp-lumbar-mri-ces--ces.json")
    entries = call["context"]["draftOrders"]["entry"]
    knee = hook_call("nwl-gp-knee-mri-pain--redirect.json")["context"]["draftOrders"]["entry"][0]
    others = []
    for number in range(drafts - 1):
        other = copy.deepcopy(knee)
        other["resource"]["id"] = f"other-{number}"
        other.pop("fullUrl", None)
        others.append(other)
    entries[:] = [*others, *entries] if at_end else [*entries, *others]
    call["hook"] = "order-sign"

    answer = send(service, call)

    assert answer.status_code == status
    assert_the_red_flag_is_shown(answer)
    assert_well_answered(answer)


@pytest.mark.parametrize("member", ["userId", "patientId", "encounterId"])
def test_an_id_without_end_is_no_defect(service: InProcess, member: str) -> None:
    """A million characters where FHIR allows sixty-four."""
    call = hook_call("nwl-gp-lumbar-mri-ces--ces.json")
    call["context"][member] = "x" * 1_000_000

    answer = send(service, call)

    assert_the_red_flag_is_shown(answer)
    assert_well_answered(answer)
