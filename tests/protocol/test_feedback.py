from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.protocol.feedback import Feedback, parse_feedback
from cds_service.protocol.operation_outcome import ProtocolError
from fhir_fixtures import JsonObject, feedback

CARD = "9368d37b-283f-44a0-93ea-547cebab93ed"
HL7 = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
WHEN = datetime(2026, 11, 20, 9, 26, 31, tzinfo=UTC)


def an_entry(**changes: Any) -> JsonObject:  # noqa: ANN401 - any member of an entry
    """A card dismissed without a reason, changed as the keywords say; None takes a member away."""
    entry = {"card": CARD, "outcome": "overridden", "outcomeTimestamp": "2026-11-20T09:26:31Z", **changes}
    return {name: value for name, value in entry.items() if value is not None}


def a_post(*entries: JsonObject) -> JsonObject:
    """Entries as a client posts them."""
    return {"feedback": list(entries)}


def kept(**changes: Any) -> Feedback:  # noqa: ANN401 - any field of the entry kept
    """What is kept of `an_entry()`, changed as the keywords say."""
    values: dict[str, Any] = {
        "card": CARD,
        "outcome": "overridden",
        "suggestion_accepted": False,
        "suggestion_id": None,
        "override_code": None,
        "override_system": None,
        "had_comment": False,
        "outcome_timestamp": WHEN,
    }
    return Feedback(**{**values, **changes})


def refusal(body: JsonObject) -> list[tuple[str | None, str]]:
    """The fields at fault, each with its issue type."""
    with pytest.raises(ProtocolError) as caught:
        parse_feedback(body)
    assert caught.value.status == 400
    return [(issue.field, issue.code) for issue in caught.value.issues]


@pytest.mark.parametrize("name", sorted(feedback()))
def test_every_form_of_feedback_is_read(name: str) -> None:
    """The specification's, the sandbox's, several at once, contradictory ones."""
    body = feedback()[name]

    entries = parse_feedback(body)

    assert [(entry.card, entry.outcome) for entry in entries] == [
        (sent["card"], sent["outcome"]) for sent in body["feedback"]
    ]
    assert [entry.had_comment for entry in entries] == [
        "userComment" in sent.get("overrideReason", {}) for sent in body["feedback"]
    ]


def test_an_accepted_suggestion_is_kept_as_accepted() -> None:
    """With the id of the first: a card of ours has one."""
    accepted = [{"id": "s1"}, {"id": "s2"}]
    (entry,) = parse_feedback(a_post(an_entry(outcome="accepted", acceptedSuggestions=accepted)))

    assert entry == kept(outcome="accepted", suggestion_accepted=True, suggestion_id="s1")


@pytest.mark.parametrize("suggestions", [None, []])
def test_acceptance_names_its_suggestions(suggestions: list[object] | None) -> None:
    """The specification requires them; without, nobody knows what was accepted."""
    body = a_post(an_entry(), an_entry(outcome="accepted", acceptedSuggestions=suggestions))

    assert refusal(body) == [("feedback[1].acceptedSuggestions", "required")]


def test_a_dismissal_needs_no_reason() -> None:
    """The sandbox's Dismiss button sends none."""
    assert parse_feedback(a_post(an_entry())) == [kept()]


def test_a_coded_reason_is_kept_with_its_system() -> None:
    """The system tells our codes from HL7's."""
    reason = {"reason": {"code": "patient-ineligible", "system": HL7, "display": "Not eligible"}}

    assert parse_feedback(a_post(an_entry(overrideReason=reason))) == [
        kept(override_code="patient-ineligible", override_system=HL7)
    ]


def test_a_reason_may_lack_its_system() -> None:
    """As the sandbox sends it when the card gave none."""
    (entry,) = parse_feedback(a_post(an_entry(overrideReason={"reason": {"code": "other"}})))

    assert (entry.override_code, entry.override_system) == ("other", None)


@pytest.mark.parametrize(
    ("comment", "had_comment"), [("Patient asked for it", True), ("", False), (" \n", False), (None, False), (5, False)]
)
def test_a_comment_is_reduced_to_whether_there_was_one(comment: object, had_comment: bool) -> None:
    """Free text is about a patient; there is no place to keep it."""
    (entry,) = parse_feedback(a_post(an_entry(overrideReason={"userComment": comment})))

    assert entry.had_comment is had_comment
    assert "asked" not in repr(entry)


def test_a_client_cannot_say_by_our_name_that_there_was_a_comment() -> None:
    """The member is `userComment`."""
    (entry,) = parse_feedback(a_post(an_entry(overrideReason={"had_comment": "yes"})))

    assert entry.had_comment is False


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("2026-11-20T09:26:31Z", WHEN),
        ("2026-11-20T10:26:31+01:00", WHEN),
        ("2026-11-20T09:26:31.250Z", WHEN + timedelta(milliseconds=250)),
    ],
)
def test_a_timestamp_has_an_offset(sent: str, meant: datetime) -> None:
    """RFC 3339."""
    assert parse_feedback(a_post(an_entry(outcomeTimestamp=sent)))[0].outcome_timestamp == meant


@pytest.mark.parametrize("sent", ["2026-11-20T09:26:31", "2026-11-20", "yesterday", "", {}, 1795166791, "1795166791"])
def test_what_is_no_rfc_3339_timestamp_is_refused(sent: object) -> None:
    """Neither a time without an offset, nor a count of seconds."""
    assert refusal(a_post(an_entry(outcomeTimestamp=sent))) == [("feedback[0].outcomeTimestamp", "value")]


@pytest.mark.parametrize("member", ["card", "outcome", "outcomeTimestamp"])
def test_an_entry_is_whole(member: str) -> None:
    """Its three required members are named when they are missing."""
    assert refusal(a_post(an_entry(**{member: None}))) == [(f"feedback[0].{member}", "required")]


@pytest.mark.parametrize(
    ("member", "value", "field"),
    [
        ("card", "", "card"),
        ("card", 5, "card"),
        ("outcome", "ignored", "outcome"),
        ("outcome", "Accepted", "outcome"),
        ("acceptedSuggestions", {}, "acceptedSuggestions"),
        ("acceptedSuggestions", [{}], "acceptedSuggestions[0].id"),
        ("overrideReason", "other", "overrideReason"),
        ("overrideReason", {"reason": "other"}, "overrideReason.reason"),
        ("overrideReason", {"reason": {"system": HL7}}, "overrideReason.reason.code"),
    ],
)
def test_a_member_of_the_wrong_kind_is_named(member: str, value: object, field: str) -> None:
    """With its entry."""
    ((named, _),) = refusal(a_post(an_entry(**{member: value})))

    assert named == f"feedback[0].{field}"


@pytest.mark.parametrize("body", [{}, {"feedback": None}, {"feedback": []}, {"feedback": {}}, {"feedback": "none"}])
def test_a_post_has_entries(body: JsonObject) -> None:
    """At least one."""
    ((field, _),) = refusal(body)

    assert field == "feedback"


def test_one_broken_entry_refuses_the_whole_post() -> None:
    """So that a client which sends it again does not store the good ones twice."""
    assert refusal(a_post(an_entry(), an_entry(outcome="ignored"))) == [("feedback[1].outcome", "value")]


def test_a_refusal_does_not_repeat_a_comment() -> None:
    """Whatever is wrong beside it."""
    entry = an_entry(outcome="Mr Test-adult", overrideReason={"userComment": "Mr Test-adult asked"})

    with pytest.raises(ProtocolError) as caught:
        parse_feedback(a_post(entry))

    assert "Test-adult" not in str(caught.value)


def test_unknown_members_are_ignored() -> None:
    """Extensions, and whatever a later version adds."""
    assert parse_feedback({**a_post(an_entry(extension={"com.example": 1}, invented=[])), "extension": {}}) == [kept()]


@given(comment=st.text(min_size=1), code=st.none() | st.text(min_size=1, max_size=20))
def test_no_comment_ever_gets_through(comment: str, code: str | None) -> None:
    """Whatever stands in it, what is kept is the same but for one yes or no."""
    reason = {"reason": {"code": code}} if code is not None and code.strip() else {}
    with_comment = parse_feedback(a_post(an_entry(overrideReason={**reason, "userComment": comment})))
    without = parse_feedback(a_post(an_entry(overrideReason=reason)))

    (entry,) = with_comment
    assert entry.had_comment == bool(comment.strip())
    assert [(one.override_code, one.card, one.outcome) for one in with_comment] == [
        (one.override_code, one.card, one.outcome) for one in without
    ]
