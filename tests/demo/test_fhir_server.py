"""The fixture FHIR server answers what the prefetch templates and the public sandbox ask of it."""

from typing import Any

import httpx
import pytest

from fhir_fixtures import resources

CORE_GP_INCLUDED = ["Practitioner/COREPRACTITIONER1", "Organization/org-z99001"]


def entries(bundle: dict[str, Any], mode: str) -> list[str]:
    """`Type/id` of the Bundle's entries with this search mode."""
    return [
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for entry in bundle.get("entry", [])
        if entry["search"]["mode"] == mode
    ]


def matches(fhir: httpx.Client, url: str) -> list[str]:
    """`Type/id` of what a search matches."""
    return entries(fhir.get(url).json(), "match")


def test_reading_a_resource_gives_the_fixture_as_it_is(fhir: httpx.Client) -> None:
    """`GET {Type}/{id}` is the file's own content."""
    adult = next(one for one in resources() if one["id"] == "nwl-adult")

    response = fhir.get("Patient/nwl-adult")

    assert (response.status_code, response.json()) == (200, adult)


def test_the_default_user_of_the_sandbox_is_a_gp_in_a_nwl_practice(fhir: httpx.Client) -> None:
    """COREPRACTITIONER1 has one role, in Z99001."""
    bundle = fhir.get("PractitionerRole?practitioner=COREPRACTITIONER1&_include=PractitionerRole:organization").json()

    assert bundle["total"] == 1
    assert bundle["entry"][1]["resource"]["identifier"][0]["value"] == "Z99001"


def test_the_patient_list_is_whole_so_that_the_picker_works(fhir: httpx.Client) -> None:
    """`GET Patient` gives every patient in one page."""
    bundle = fhir.get("Patient").json()

    patients = [one for one in resources() if one["resourceType"] == "Patient"]
    assert bundle["total"] == len(bundle["entry"]) == len(patients)


@pytest.mark.parametrize("accept", ["application/json", "application/json+fhir", "text/html", "*/*"])
def test_any_accept_header_gets_fhir_json(fhir: httpx.Client, accept: str) -> None:
    """A client is never told 406; `application/json+fhir` is what the sandbox asks for."""
    response = fhir.get("Patient/nwl-adult", headers={"Accept": accept})

    assert (response.status_code, response.headers["content-type"]) == (200, "application/fhir+json")


def test_a_search_by_get_and_by_post_find_the_same(fhir: httpx.Client) -> None:
    """The form of `_search` means what the URL means."""
    by_get = fhir.get("Condition?patient=nwl-adult&clinical-status=active,recurrence,relapse").json()
    by_post = fhir.post(
        "Condition/_search", data={"patient": "nwl-adult", "clinical-status": "active,recurrence,relapse"}
    ).json()

    assert by_post == by_get
    assert entries(by_get, "match") == ["Condition/nwl-adult-knee-osteoarthritis"]


def test_parameters_in_the_url_of_a_post_count_too(fhir: httpx.Client) -> None:
    """R4 lets a client split its parameters between URL and form."""
    bundle = fhir.post("Condition/_search?clinical-status=resolved", data={"patient": "nwl-adult"}).json()

    assert entries(bundle, "match") == ["Condition/nwl-adult-carpal-tunnel"]


def test_total_counts_matches_and_not_what_is_included(fhir: httpx.Client) -> None:
    """One role, with its practitioner and organisation beside it."""
    bundle = fhir.get(
        "PractitionerRole?_id=role-core-gp"
        "&_include=PractitionerRole:practitioner&_include=PractitionerRole:organization"
    ).json()

    assert (bundle["type"], bundle["total"]) == ("searchset", 1)
    assert entries(bundle, "match") == ["PractitionerRole/role-core-gp"]
    assert entries(bundle, "include") == CORE_GP_INCLUDED


def test_includes_merged_with_a_comma_mean_both(fhir: httpx.Client) -> None:
    """The sandbox merges repeated parameters into one."""
    bundle = fhir.post(
        "PractitionerRole/_search",
        data={
            "_include": "PractitionerRole:practitioner,PractitionerRole:organization",
            "_id": "role-core-gp",
        },
    ).json()

    assert entries(bundle, "include") == CORE_GP_INCLUDED


def test_an_encounter_brings_its_service_provider(fhir: httpx.Client) -> None:
    """`Encounter:service-provider` follows `serviceProvider`."""
    bundle = fhir.get("Encounter?_id=encounter-nwl-ces&_include=Encounter:service-provider").json()

    assert entries(bundle, "include") == ["Organization/org-z99001"]


def test_an_organisation_that_two_roles_share_is_included_once(fhir: httpx.Client) -> None:
    """An included resource stands in the Bundle once, whoever refers to it."""
    bundle = fhir.get("PractitionerRole?_id=role-nwl-gp,role-core-gp&_include=PractitionerRole:organization").json()

    assert (bundle["total"], entries(bundle, "include")) == (2, ["Organization/org-z99001"])


def test_an_include_that_is_not_known_is_ignored(fhir: httpx.Client) -> None:
    """A polite server does not fail a search over what it cannot add."""
    bundle = fhir.get(
        "PractitionerRole?_id=role-core-gp&_include=PractitionerRole:location&_include=Encounter:subject"
    ).json()

    assert (bundle["total"], entries(bundle, "include")) == (1, [])


@pytest.mark.parametrize(
    "url",
    [
        "PractitionerRole?_id={{userPractitionerRoleId}}&_include=PractitionerRole:organization",
        "PractitionerRole?practitioner={{userPractitionerId}}",
        "Encounter?_id={{context.encounterId}}&_include=Encounter:service-provider",
        "Encounter?_id=%7B%7Bcontext.encounterId%7D%7D",
        "Condition?patient={{context.patientId}}",
        "Condition?patient=nwl-adult&recorded-date=ge{{today() - 6 months}}",
    ],
)
def test_a_token_that_was_never_filled_in_finds_nothing(fhir: httpx.Client, url: str) -> None:
    """An unfilled query must not answer with everybody, even where its parameter is unknown."""
    response = fhir.get(url)

    bundle = response.json()
    assert (response.status_code, bundle["total"], "entry" in bundle) == (200, 0, False)


def test_a_token_never_filled_in_finds_nothing_by_post_either(fhir: httpx.Client) -> None:
    """The form is read as the URL is."""
    bundle = fhir.post("Encounter/_search", data={"_id": "{{context.encounterId}}"}).json()

    assert bundle["total"] == 0


@pytest.mark.parametrize("url", ["Encounter?_id=", "Condition?patient=", "Condition?patient=,"])
def test_a_parameter_without_a_value_finds_nothing(fhir: httpx.Client, url: str) -> None:
    """A token filled in with nothing is as good as unfilled."""
    assert fhir.get(url).json()["total"] == 0


@pytest.mark.parametrize("value", ["nwl-adult", "Patient/nwl-adult", "http://elsewhere.example/fhir/Patient/nwl-adult"])
@pytest.mark.parametrize("parameter", ["patient", "subject"])
def test_a_reference_may_be_an_id_a_relative_or_an_absolute_url(fhir: httpx.Client, parameter: str, value: str) -> None:
    """The three forms that R4 allows."""
    found = matches(fhir, f"Condition?{parameter}={value}&clinical-status=active")

    assert found == ["Condition/nwl-adult-knee-osteoarthritis"]


def test_a_reference_to_another_type_finds_nothing(fhir: httpx.Client) -> None:
    """`Group/nwl-adult` is not `Patient/nwl-adult`."""
    assert matches(fhir, "Condition?subject=Group/nwl-adult") == []


CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("active", ["Condition/nwl-adult-knee-osteoarthritis"]),
        (f"{CLINICAL}|active", ["Condition/nwl-adult-knee-osteoarthritis"]),
        (f"{CLINICAL}|", ["Condition/nwl-adult-carpal-tunnel", "Condition/nwl-adult-knee-osteoarthritis"]),
        ("http://elsewhere.example|active", []),
        ("|active", []),
        ("relapse,resolved", ["Condition/nwl-adult-carpal-tunnel"]),
    ],
)
def test_a_token_is_matched_by_system_and_code(fhir: httpx.Client, status: str, found: list[str]) -> None:
    """`code`, `system|code`, `system|` and `|code`; a comma means "or"."""
    assert matches(fhir, f"Condition?patient=nwl-adult&clinical-status={status}") == found


def test_a_repeated_parameter_means_and(fhir: httpx.Client) -> None:
    """Nothing is active and resolved at once."""
    assert matches(fhir, "Condition?patient=nwl-adult&clinical-status=active&clinical-status=resolved") == []


def test_episodes_and_care_teams_are_found_by_status(fhir: httpx.Client) -> None:
    """Ended oncology care is not current oncology care."""
    assert matches(fhir, "EpisodeOfCare?patient=nwl-past-cancer&status=active") == []
    assert matches(fhir, "EpisodeOfCare?patient=nwl-past-cancer&status=finished") == [
        "EpisodeOfCare/nwl-past-cancer-oncology"
    ]
    assert matches(fhir, "CareTeam?patient=nwl-under-oncology-team&status=active") == [
        "CareTeam/nwl-under-oncology-team-oncology"
    ]


def test_unknown_parameters_and_sorting_are_ignored(fhir: httpx.Client) -> None:
    """`_sort`, `_format` and parameters of other servers change nothing."""
    plain = matches(fhir, "Condition?patient=nwl-adult")

    assert matches(fhir, "Condition?patient=nwl-adult&_sort=-onset-date&_format=json&onset-date=gt2020") == plain


def test_count_pages_through_the_matches_with_next_links(fhir: httpx.Client) -> None:
    """Following `next` gives each match once, and every page states the same total."""
    whole = matches(fhir, "Patient")
    paged: list[str] = []
    url: str | None = "Patient?_count=15"
    while url is not None:
        page = fhir.get(url).json()
        assert page["total"] == len(whole)
        paged += entries(page, "match")
        url = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)

    assert paged == whole


def test_a_count_of_nought_asks_for_the_total_alone(fhir: httpx.Client) -> None:
    """R4: `_count=0` is a summary."""
    bundle = fhir.get("Patient?_count=0").json()

    assert bundle["total"] > 0
    assert "entry" not in bundle


def test_urls_in_a_bundle_start_where_the_server_is_mounted(fhir: httpx.Client) -> None:
    """`fullUrl` and links are absolute, as the client sees them."""
    bundle = fhir.get("Patient?_id=nwl-adult&_sort=family").json()

    assert bundle["entry"][0]["fullUrl"] == "http://127.0.0.1:8000/fhir/Patient/nwl-adult"
    assert bundle["link"] == [{"relation": "self", "url": "http://127.0.0.1:8000/fhir/Patient?_id=nwl-adult"}]


@pytest.mark.parametrize(
    ("method", "url", "status", "code"),
    [
        ("GET", "Patient/nobody", 404, "not-found"),
        ("GET", "Observation/1", 404, "not-found"),
        ("GET", "Observation?patient=nwl-adult", 404, "not-found"),
        ("POST", "Observation/_search", 404, "not-found"),
        ("POST", "_services/smart/Launch", 404, "not-found"),
        ("GET", "/Patient/nwl-adult", 404, "not-found"),
        ("GET", "Condition?clinical-status:not=resolved", 400, "invalid"),
        ("GET", "Patient?_count=many", 400, "invalid"),
        ("GET", "Patient?_count=-1", 400, "invalid"),
        ("POST", "Patient", 405, "not-supported"),
        ("PUT", "Patient/nwl-adult", 405, "not-supported"),
        ("DELETE", "Patient/nwl-adult", 405, "not-supported"),
    ],
)
def test_what_cannot_be_answered_is_an_operation_outcome(
    fhir: httpx.Client, method: str, url: str, status: int, code: str
) -> None:
    """Errors are FHIR too, and say what to do instead."""
    response = fhir.request(method, f"http://127.0.0.1:8000/fhir/{url}")

    outcome = response.json()
    assert (response.status_code, outcome["resourceType"]) == (status, "OperationOutcome")
    assert (outcome["issue"][0]["severity"], outcome["issue"][0]["code"]) == ("error", code)
    assert response.headers["content-type"] == "application/fhir+json"


def test_metadata_names_every_type_that_is_served(fhir: httpx.Client) -> None:
    """The CapabilityStatement is R4 and matches the fixtures."""
    statement = fhir.get("metadata").json()

    described = {resource["type"] for resource in statement["rest"][0]["resource"]}
    assert statement["fhirVersion"] == "4.0.1"
    assert described == {one["resourceType"] for one in resources()}


def test_no_cors_header_is_added_here(fhir: httpx.Client) -> None:
    """The application around the server adds them, once."""
    assert "access-control-allow-origin" not in fhir.get("Patient/nwl-adult").headers
