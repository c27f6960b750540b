import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from click.testing import CliRunner, Result

from cds_service.cli import main
from cds_service.terminology import ValueSetError, load_terminology
from cds_service.terminology.value_sets import packaged_value_sets

BASE = "https://terminology.example/fhir"
SNOMED = "http://snomed.info/sct"
NEW = "404684003"  # a well-formed code that stands in none of our lists


@pytest.fixture
def network() -> Iterator[respx.MockRouter]:
    """The terminology server, as these tests play it."""
    with respx.mock(assert_all_called=False) as router:
        yield router


def run(*words: object, secret: str | None = None) -> Result:
    """What `cds-service terminology` answers."""
    environment = {"CDS_SERVICE_CONFIG": None, "TERMINOLOGY_CLIENT_SECRET": secret}
    return CliRunner().invoke(main, ["terminology", *map(str, words)], env=environment)


def expansion(*codes: str) -> dict[str, Any]:
    """What a server answers to `$expand`."""
    contains = [{"system": SNOMED, "code": code, "display": f"Name of {code}"} for code in codes]
    return {"resourceType": "ValueSet", "expansion": {"total": len(codes), "contains": contains}}


def expand_rheumatology(config: Path, *words: str) -> Result:
    """Expand one list."""
    return run("expand", "--server", BASE, "--set", "ind-rheumatology", "--config", config, *words)


def test_what_is_new_is_shown_and_written_on_acceptance(network: respx.MockRouter, tmp_path: Path) -> None:
    """Into the configuration folder, with where it comes from; the service then knows it, and the list keeps all."""
    network.get(f"{BASE}/ValueSet/$expand").respond(json=expansion("69896004", NEW, "192970008"))
    shown = expand_rheumatology(tmp_path)
    assert (shown.exit_code, list(tmp_path.iterdir())) == (0, [])
    assert f"  + {NEW} Name of {NEW}\n" in shown.output
    assert "  = 192970008 stands in ind_cauda_equina, and stays there\n" in shown.output
    assert "  - 9631008 Ankylosing spondylitis: not in the expansion; it stays in the list\n" in shown.output

    written = expand_rheumatology(tmp_path, "--accept")
    assert "1 file(s) written to value-sets" in written.output
    (concept,) = json.loads((tmp_path / "value-sets" / "ind-rheumatology.json").read_text("utf-8"))["compose"][
        "include"
    ][0]["concept"]
    assert concept["code"] == NEW
    assert f"{BASE} $expand of the intent, 20" in str(concept["extension"])
    known = load_terminology(tmp_path / "value-sets")
    assert known.groups(SNOMED, NEW) == {"ind_rheumatology"}
    assert known.groups(SNOMED, "9631008") == {"ind_rheumatology"}
    assert known.value_sets["ind_rheumatology"].count == 5
    assert load_terminology().groups(SNOMED, NEW) == frozenset()
    assert "5 listed, 0 new" in expand_rheumatology(tmp_path, "--accept").output


def test_a_code_that_two_lists_could_take_is_left_to_a_person(network: respx.MockRouter, tmp_path: Path) -> None:
    """Neither gets it."""
    network.get(f"{BASE}/ValueSet/$expand").respond(json=expansion(NEW))
    words = ("--set", "ind-rheumatology", "--set", "ind-urgent", "--config", tmp_path, "--accept")
    shown = run("expand", "--server", BASE, *words)
    assert f"  = {NEW} stands in ind_urgent" in shown.output
    assert "0 file(s) written" in shown.output


@pytest.mark.parametrize(
    ("name", "why"),
    [("ind-benign-cause", "may be urgent, as a prolapsed disc with myelopathy is"), ("nonsense", "no such value set")],
)
def test_a_list_without_an_intent_says_why(name: str, why: str) -> None:
    """It is not expanded by guess."""
    refused = run("expand", "--server", BASE, "--set", name)
    assert (refused.exit_code, why in refused.output) == (1, True)


def test_a_check_without_a_server_tells_what_is_to_be_confirmed() -> None:
    """The packaged lists have no problem."""
    shown = run("check")
    assert shown.exit_code == 0
    assert "241643001 MRI of ankle: provisional, to be confirmed with --server" in shown.output


def confirm(network: respx.MockRouter, **said: dict[str, Any]) -> Result:
    """Check against a server that calls every code as we do, but for one."""
    names = {one.code: one.display for value_set in packaged_value_sets() for one in value_set.concepts}

    def answer(request: httpx.Request) -> httpx.Response:
        code = request.url.params["code"]
        values = {"result": True, "display": f" {names[code].upper()}"} | (said if code == "241643001" else {})
        listed = [
            {"name": name, "valueBoolean" if isinstance(value, bool) else "valueString": value}
            for name, value in values.items()
            if value is not None
        ]
        return httpx.Response(200, json={"resourceType": "Parameters", "parameter": listed})

    network.get(f"{BASE}/CodeSystem/$validate-code").mock(side_effect=answer)
    return run("check", "--server", BASE)


def test_a_server_confirms_provisional_codes_by_name(network: respx.MockRouter) -> None:
    """Its name stands beside ours; case and white space tell nothing."""
    shown = confirm(network)
    assert shown.exit_code == 0, shown.output
    assert "241643001 MRI of ankle |  MRI OF ANKLE\n" in shown.output
    assert "7 code(s) confirmed by https://terminology.example/fhir" in shown.output


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"result": False}, "no active concept of this code is known"),
        ({"display": "CT of ankle"}, "the server's name is 'CT of ankle'. Look up whether both mean the same"),
        ({"display": None}, "the server gives it no name, so nothing says what it means there. Look it up"),
    ],
)
def test_a_code_that_a_server_does_not_know_or_calls_otherwise_is_a_problem(
    network: respx.MockRouter, said: dict[str, Any], problem: str
) -> None:
    """That a code exists does not tell that it is the one which is meant."""
    shown = confirm(network, **said)
    assert shown.exit_code == 1
    assert "6 code(s) confirmed by https://terminology.example/fhir" in shown.output
    assert f"241643001 MRI of ankle: {problem}\n" in shown.output


def test_a_secret_is_no_option() -> None:
    """It comes by the environment, and is asked for by name."""
    refused = run("check", "--server", BASE, "--token-url", f"{BASE}/token", "--client-id", "icb")
    assert (refused.exit_code, "TERMINOLOGY_CLIENT_SECRET" in refused.output) == (2, True)
    half = run("check", "--server", BASE, "--token-url", f"{BASE}/token")
    assert "--token-url and --client-id go together" in half.output


def test_an_addition_that_would_mean_two_things_stops_the_start(network: respx.MockRouter, tmp_path: Path) -> None:
    """A benign cause that is a cauda equina syndrome would hide it."""
    network.get(f"{BASE}/ValueSet/$expand").respond(json=expansion(NEW))
    expand_rheumatology(tmp_path, "--accept")
    path = tmp_path / "value-sets" / "ind-rheumatology.json"
    path.write_text(path.read_text("utf-8").replace(NEW, "192970008"), "utf-8")
    with pytest.raises(ValueSetError, match="ind_cauda_equina and in ind_rheumatology"):
        load_terminology(path.parent)
    assert run("check", "--config", tmp_path).exit_code == 1
    path.rename(path.with_name("ind-new.json"))
    with pytest.raises(ValueSetError, match="Name the file after the id"):
        load_terminology(path.parent)
