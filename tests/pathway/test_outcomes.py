"""The outcomes in the order of precedence, and the vocabulary of a decision."""

from cds_service.pathway.model import OUTCOME_OF
from cds_service.pathway.outcomes import Indicator, Outcome, RuleId, TextKey


def test_outcomes_stand_in_the_order_of_precedence() -> None:
    """The order of docs/outcomes.md; `specialist_exempt` stands at its first place, secondary care."""
    assert [outcome.value for outcome in Outcome] == [
        "not_applicable",
        "specialist_exempt",
        "ces",
        "mscc",
        "outside_footprint",
        "not_effective",
        "could_not_evaluate",
        "suspected_sarcoma",
        "suspected_cancer",
        "oncology",
        "urgent_msk",
        "lump",
        "out_of_policy",
        "fcp_exempt",
        "paediatric",
        "redirect_unknown_setting",
        "redirect",
    ]


def test_rules_stand_in_the_same_order_as_their_outcomes() -> None:
    """Community MSK shares an outcome with secondary care and has its own, later place."""
    single = [rule for rule in RuleId if rule not in {RuleId.COMMUNITY_MSK, RuleId.SYMPTOMS}]

    assert [OUTCOME_OF[rule] for rule in single] == list(Outcome)
    assert list(RuleId).index(RuleId.COMMUNITY_MSK) == list(RuleId).index(RuleId.FCP_EXEMPT) - 1


def test_every_rule_has_an_outcome_but_the_one_that_only_says_whether_symptoms_count() -> None:
    """`OUTCOME_OF` is whole."""
    assert set(OUTCOME_OF) == set(RuleId)
    assert [rule for rule, outcome in OUTCOME_OF.items() if outcome is None] == [RuleId.SYMPTOMS]


def test_indicators_are_cds_hooks_own_loudest_first() -> None:
    """Cards are sorted by this order."""
    assert [indicator.value for indicator in Indicator] == ["critical", "warning", "info"]


def test_a_rule_with_one_card_text_shares_its_name() -> None:
    """The outcomes with a card are spoken for."""
    several = {Outcome.ONCOLOGY}
    speaking = [
        Outcome.CES,
        Outcome.MSCC,
        Outcome.SUSPECTED_SARCOMA,
        Outcome.SUSPECTED_CANCER,
        Outcome.LUMP,
        Outcome.PAEDIATRIC,
        Outcome.REDIRECT_UNKNOWN_SETTING,
        Outcome.REDIRECT,
        Outcome.COULD_NOT_EVALUATE,
    ]

    assert all(outcome.value in set(TextKey) for outcome in speaking)
    assert not any(outcome.value in set(TextKey) for outcome in several)
