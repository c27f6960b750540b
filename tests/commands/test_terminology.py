import errno
import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from click.testing import CliRunner, Result

from cds_service.cli import main
from cds_service.commands import terminology as terminology_commands
from cds_service.directory.csv_edits import replace_file
from cds_service.terminology import ValueSetError, load_terminology
from cds_service.terminology.check_digit import is_concept_id
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


BEGINNING = {
    "ind-rheumatology": "<< 9631008",
    "ind-urgent": "<< 50448004",
    "ind-cauda-equina": "<< 192970008",
    "malignancy": "(<< 363346000",
    "haematological-malignancy": "<< 118600007",
    "back-pain-or-sciatica": "<< 161891005",
}
"""How each intent begins, as a server is asked for it."""


def play(network: respx.MockRouter, held: dict[str, list[str]], display: str | None = None) -> None:
    """Play a server on which these intents hold these codes, and all others none."""

    def answer(request: httpx.Request) -> httpx.Response:
        ecl = request.url.params["url"].partition("ecl/")[2]
        codes = [codes for name, codes in held.items() if ecl.startswith(BEGINNING[name])]
        body = expansion(*codes[0] if codes else ())
        for entry in body["expansion"]["contains"]:
            entry["display"] = display or entry["display"]
        return httpx.Response(200, json=body)

    network.get(f"{BASE}/ValueSet/$expand").mock(side_effect=answer)


def expand(config: Path, *names: str, accept: bool = True) -> Result:
    """Expand lists."""
    words = [word for name in names for word in ("--set", name)]
    return run("expand", "--server", BASE, *words, "--config", config, *(["--accept"] if accept else []))


def content_of(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_new_is_shown_and_written_on_acceptance(network: respx.MockRouter, tmp_path: Path) -> None:
    """Into the configuration folder, with where it comes from; the service then knows it, and the list keeps all."""
    play(network, {"ind-rheumatology": ["69896004", NEW, "192970008"]})
    shown = expand(tmp_path, "ind-rheumatology", accept=False)
    assert (shown.exit_code, list(tmp_path.iterdir())) == (0, [])
    assert f"  + {NEW} Name of {NEW}\n" in shown.output
    assert "  = 192970008 Name of 192970008: stands in ind_cauda_equina, or could; it is not added\n" in shown.output
    assert "  - 9631008 Ankylosing spondylitis: not in the expansion; it stays in the list\n" in shown.output

    written = expand(tmp_path, "ind-rheumatology")
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
    assert "5 listed, 0 new" in expand(tmp_path, "ind-rheumatology").output


@pytest.mark.parametrize("chosen", [["ind-urgent"], ["ind-urgent", "ind-cauda-equina"], []])
def test_a_code_that_two_lists_could_take_is_left_to_a_person(
    network: respx.MockRouter, tmp_path: Path, chosen: list[str]
) -> None:
    """Neither gets it, whichever is asked for: a fracture with a cauda equina lesion is no urgent matter alone."""
    play(network, {"ind-urgent": [NEW], "ind-cauda-equina": [NEW]})
    shown = expand(tmp_path, *chosen)
    assert f"  = {NEW} Name of {NEW}: stands in ind_cauda_equina, or could; it is not added\n" in shown.output
    assert "0 file(s) written" in shown.output
    assert list(tmp_path.iterdir()) == []


def well_formed(count: int) -> list[str]:
    """Well-formed concept ids that stand in none of our lists."""
    listed = {concept.code for value_set in packaged_value_sets() for concept in value_set.concepts}
    candidates = (f"{number}00{digit}" for number in range(77_000, 79_000) for digit in range(10))
    return list(islice((code for code in candidates if is_concept_id(code) and code not in listed), count))


def test_all_that_would_be_written_is_shown(network: respx.MockRouter, tmp_path: Path) -> None:
    """Nobody accepts what was not shown; of the codes that stay as they are the first lines are enough."""
    codes = well_formed(60)
    play(network, {"ind-urgent": codes[:30], "ind-rheumatology": [*codes[30:]], "ind-cauda-equina": codes[30:]})
    shown = expand(tmp_path, accept=False).output
    assert all(f"  + {code} " in shown for code in codes[:30])
    assert "  and 9 more\n" in shown


def test_a_part_gets_what_its_whole_gets(network: respx.MockRouter, tmp_path: Path) -> None:
    """A new lymphoma becomes a malignancy too, or nothing: as a part alone it would be no cancer."""
    play(network, {"malignancy": [NEW], "haematological-malignancy": [NEW], "back-pain-or-sciatica": ["404640003"]})
    alone = expand(tmp_path, "haematological-malignancy")
    assert (
        f"  ? {NEW} Name of {NEW}: not in malignancy or malignancy_remission, of which this is a part" in alone.output
    )
    assert "0 file(s) written" in alone.output
    every = expand(tmp_path)
    assert "  ? 404640003 Name of 404640003: not in ind_pain" in every.output
    assert "2 file(s) written" in every.output
    known = load_terminology(tmp_path / "value-sets")
    assert known.groups(SNOMED, NEW) == {"malignancy", "haematological_malignancy"}


def test_a_name_in_untidy_form_is_written_tidily(network: respx.MockRouter, tmp_path: Path) -> None:
    """A trailing blank would be refused at the start."""
    play(network, {"ind-urgent": [NEW]}, display=" Fracture\n of something ")
    assert expand(tmp_path, "ind-urgent").exit_code == 0
    assert '"display": "Fracture of something"' in (tmp_path / "value-sets" / "ind-urgent.json").read_text("utf-8")


def test_what_the_deployment_s_own_file_says_stays(network: respx.MockRouter, tmp_path: Path) -> None:
    """Codes of other systems, status, comments, version, publisher: what is new is added to SNOMED CT's, once."""
    play(network, {"ind-rheumatology": [NEW, "404640003"]})
    expand(tmp_path, "ind-rheumatology")
    path = tmp_path / "value-sets" / "ind-rheumatology.json"
    own = json.loads(path.read_text("utf-8"))
    own |= {"version": "3.1.0", "status": "active", "publisher": "Demo ICB", "copyright": "Demo"}
    (snomed,) = own["compose"]["include"]
    del snomed["concept"][1]
    base = "https://cds-service.example/fhir/StructureDefinition/"
    provisional = {"url": f"{base}concept-status", "valueCode": "provisional"}
    snomed["concept"][0]["extension"][0] = provisional
    comment = {"url": "http://hl7.org/fhir/StructureDefinition/valueset-concept-comments", "valueString": "Ours"}
    snomed["concept"][0]["extension"].append(comment)
    source = {"url": f"{base}concept-source", "valueString": "A clinician"}
    icd = {"code": "M45", "display": "Ankylosing spondylitis", "extension": [provisional, source]}
    own["compose"]["include"].insert(0, {"system": "http://hl7.org/fhir/sid/icd-10", "concept": [icd]})
    path.write_text(json.dumps(own), "utf-8")

    assert "1 file(s) written" in expand(tmp_path, "ind-rheumatology").output
    now = json.loads(path.read_text("utf-8"))
    added = now["compose"]["include"][1]["concept"].pop()
    assert (added["code"], now) == (max(NEW, "404640003", key=lambda code: code != snomed["concept"][0]["code"]), own)


def fill_disk(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """A disk on which files of these names are the first that find no room; nothing does after them."""
    is_full = False

    def replace(path: Path, content: bytes) -> None:
        nonlocal is_full
        is_full = is_full or path.name in names
        if is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace_file(path, content)

    monkeypatch.setattr(terminology_commands, "replace_file", replace)


def test_a_failure_leaves_no_file_and_no_folder(
    network: respx.MockRouter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full after the first file: half of what was accepted is nothing."""
    play(network, {"malignancy": [NEW], "haematological-malignancy": [NEW]})
    fill_disk(monkeypatch, "haematological-malignancy.json")
    refused = expand(tmp_path)
    assert (refused.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert "value-sets: No space left on device. Run the command as a user who may write the folder" in refused.output


def test_a_failure_leaves_the_other_files_as_they_were(
    network: respx.MockRouter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the deployment had before is not touched."""
    play(network, {"ind-urgent": ["404640003"]})
    expand(tmp_path)
    before = content_of(tmp_path)
    fill_disk(monkeypatch, "haematological-malignancy.json")
    play(network, {"malignancy": [NEW], "haematological-malignancy": [NEW]})
    assert (expand(tmp_path).exit_code, content_of(tmp_path)) == (1, before)


def test_a_file_that_cannot_be_put_back_is_named(
    network: respx.MockRouter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner must not believe that nothing was written."""
    play(network, {"malignancy": ["404640003"]})
    expand(tmp_path)
    fill_disk(monkeypatch, "haematological-malignancy.json")
    play(network, {"malignancy": [NEW], "haematological-malignancy": [NEW]})
    assert "folder. malignancy.json could not be put back: undo the change by git" in expand(tmp_path).output


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
    play(network, {"ind-rheumatology": [NEW]})
    expand(tmp_path, "ind-rheumatology")
    path = tmp_path / "value-sets" / "ind-rheumatology.json"
    path.write_text(path.read_text("utf-8").replace(NEW, "192970008"), "utf-8")
    with pytest.raises(ValueSetError, match="ind_cauda_equina and in ind_rheumatology"):
        load_terminology(path.parent)
    assert run("check", "--config", tmp_path).exit_code == 1
    path.rename(path.with_name("ind-new.json"))
    with pytest.raises(ValueSetError, match="Name the file after the id"):
        load_terminology(path.parent)
