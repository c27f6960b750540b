"""The threat model: each control has a test, each attack is spoken of, and each number is the code's."""

import ast
import re

import pytest

from cds_service import limited_http, server
from cds_service.cards import escape
from cds_service.fhir import fetching, missing
from cds_service.hooks import responses
from cds_service.protocol import feedback, hook_request, json_body, messages
from cds_service.security import client_token, clients, jwks, key_sources, outbound, strict_yaml
from cds_service.settings import Settings
from cds_service.wiring import guarded_edge
from tests.docs.conftest import ROOT, chapter, in_backticks, page, table_rows

PAGE = page("docs/security.md")
THREATS = chapter(PAGE, "## Threats, controls and tests")
LIMITS = {row[0]: " ".join(row[1:]) for row in table_rows(chapter(PAGE, "## Limits"))}
TESTS_NAMED = {word for word in in_backticks(PAGE) if re.fullmatch(r"tests/[\w/]+\.py::\w+", word)}


def test_every_control_names_its_tests() -> None:
    """Each row of the threat table; that the tests exist is checked for every page."""
    unproven = [
        row[0] for row in table_rows(THREATS) if not set(in_backticks(row[2])) <= TESTS_NAMED or "`" not in row[2]
    ]
    assert unproven == []


def test_every_attack_of_the_suite_is_spoken_of() -> None:
    """A test of `tests/attacks` stands on the page."""
    attacks = {
        f"tests/attacks/{path.name}::{node.name}"
        for path in (ROOT / "tests" / "attacks").glob("test_*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert attacks - TESTS_NAMED == set()


KIB, MIB = 1024, 1024 * 1024

BUDGET = Settings.model_fields["fhir_budget_ms"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            "request line and headers",
            [f"{limited_http.LARGEST_HEAD // KIB} KiB", f"{limited_http.LONGEST_HEAD:g} seconds"],
        ),
        ("a whole request on the wire", [f"{limited_http.LARGEST_MESSAGE // MIB} MiB"]),
        ("body", [f"{responses.LONGEST_BODY // MIB} MiB", f"{responses.LONGEST_WAIT:g} seconds"]),
        ("nesting of the body", [f"{json_body.DEEPEST_NESTING} levels"]),
        ("draft orders, and selections, of a call", [f"{hook_request.MOST_ENTRIES} each"]),
        (
            "feedback entries of a post; accepted suggestions of an entry",
            [f"{feedback.MOST_FEEDBACK}; {feedback.MOST_SUGGESTIONS} "],
        ),
        ("problems told of one message", [f"{messages.MOST_PROBLEMS} "]),
        ("connections of one process", [f"{limited_http.MOST_CONNECTIONS:,}"]),
        ("a connection between requests", [f"{server.KEEP_ALIVE} seconds"]),
        ("answers under way when the process is stopped", [f"{server.LONGEST_GOODBYE} seconds"]),
        (
            "token",
            [
                f"{client_token.LONGEST_TOKEN} bytes",
                f"{client_token.MOST_BRACKETS} lists and objects",
                f"{client_token.LONGEST_JTI} characters",
                f"{client_token.MOST_AUDIENCES} audiences",
            ],
        ),
        ("life of a token", [f"{clients.ANYONE.maximum_life} seconds", f"to {clients.LONGEST_LIFE}"]),
        ("clock skew", [f"{clients.ANYONE.clock_skew} seconds", f"up to {clients.MOST_SKEW}"]),
        (
            "key set",
            [
                f"{guarded_edge.LARGEST_KEY_SET // KIB} KiB",
                f"{jwks.MOST_KEYS} keys",
                f"{guarded_edge.KEY_SERVER_SECONDS:g} seconds",
                f"every {key_sources.PAUSE_SECONDS:g} seconds",
                f"{key_sources.KEPT_SECONDS / 3600:g} hours",
            ],
        ),
        ("RSA key", [f"{jwks.SMALLEST_RSA_KEY} bits"]),
        ("reading from a FHIR server, all together", [f"{BUDGET.default} milliseconds", "50 to 450"]),
        (
            "reads of one call",
            [f"{missing.MOST_READS}, then {missing.MOST_ORGANISATIONS} ", f"{fetching.MOST_PAGES} pages"],
        ),
        ("one answer of a FHIR server", [f"{fetching.LONGEST_RESPONSE // MIB} MiB"]),
        ("connections to one FHIR server or key server", [f"{outbound._MOST_CONNECTIONS} "]),
        ("words of a call on a card", [f"{escape.LONGEST} characters"]),
        ("`clients.yaml`", [f"{strict_yaml.LARGEST_FILE // MIB} MiB"]),
    ],
)
def test_a_limit_of_the_page_is_the_codes(row: str, words: list[str]) -> None:
    """A security team can rely on the number."""
    assert [word for word in words if word not in LIMITS[row]] == []
