import pytest

from cds_service.security.urls import same_base

LISTED = ["https://ehr.example.org/fhir/R4", "http://127.0.0.1:8000/fhir/", "https://[2A00:2381::7]:8443"]


@pytest.mark.parametrize(
    ("sent", "base"),
    [
        ("https://ehr.example.org/fhir/R4", "https://ehr.example.org/fhir/R4"),
        ("https://ehr.example.org/fhir/R4/", "https://ehr.example.org/fhir/R4"),
        ("HTTPS://EHR.Example.Org:443/fhir/R4", "https://ehr.example.org/fhir/R4"),
        ("http://127.0.0.1:8000/fhir", "http://127.0.0.1:8000/fhir"),
        ("https://[2a00:2381::7]:8443/", "https://[2a00:2381::7]:8443"),
    ],
)
def test_a_listed_base_is_given_in_its_plain_form(sent: str, base: str) -> None:
    """Case of scheme and host, default port and one closing slash make no difference."""
    assert same_base(sent, LISTED) == base


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "https://ehr.example.org",
        "https://ehr.example.org/fhir",
        "https://ehr.example.org/fhir/r4",
        "https://ehr.example.org/fhir/R4/Patient",
        "https://ehr.example.org/fhir/R4//",
        "https://ehr.example.org//fhir/R4",
        "https://ehr.example.org/fhir/x/../R4",
        "https://ehr.example.org/fhir/%2e%2e/fhir/R4",
        "https://ehr.example.org/fhir/./R4",
        "https://ehr.example.org/fhir%2fR4",
        "https://ehr.example.org/fhir/R4?",
        "https://ehr.example.org/fhir/R4?x=1",
        "https://ehr.example.org/fhir/R4#",
        "https://ehr.example.org:8443/fhir/R4",
        "http://ehr.example.org/fhir/R4",
        "http://ehr.example.org:443/fhir/R4",
        "https://somebody@ehr.example.org/fhir/R4",
        "https://@ehr.example.org/fhir/R4",
        "https://ehr.example.org.evil.example/fhir/R4",
        "https://ehr.example.org@evil.example/fhir/R4",
        "https://evil.example/https://ehr.example.org/fhir/R4",
        "https://ehr.example.org\\fhir\\R4",
        "https://ehr.example.org/fhir/R4\n",
        " https://ehr.example.org/fhir/R4",
        "https://ehr.example.org./fhir/R4",
        "https://ehr.example.org:x/fhir/R4",
        "https://[::1/fhir/R4",
        "https://[v1.a:b]/fhir/R4",
        "//ehr.example.org/fhir/R4",
        "javascript:alert(1)",
    ],
)
def test_any_other_base_is_none_of_those_listed(sent: str) -> None:
    """Compared whole: no prefix, no other path, no trick."""
    assert same_base(sent, LISTED) is None


def test_a_listed_url_that_is_no_plain_base_matches_nothing() -> None:
    """Not even itself."""
    for url in ("https://ehr.example.org/fhir?x", "https://u@ehr.example.org/", "https://ehr.example.org/../fhir"):
        assert same_base(url, [url]) is None
