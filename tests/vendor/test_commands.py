"""`cds-service doctor` and `cds-service call`, run as a vendor runs them."""

import json
import subprocess
import sys
from pathlib import Path

import click
import click.testing
import pytest
from little_service import LittleService
from starlette.responses import Response

from cds_service.vendor.commands import call, doctor
from cds_service.vendor.wire import Mint
from fhir_fixtures import hook_call

KNEE = "nwl-gp-knee-mri-pain--redirect"
SERVICE_ID = "msk-imaging-pathway"


def run(command: click.Command, *arguments: object, mint: object = None) -> click.testing.Result:
    """Run a command; an exception that it does not answer for fails the test."""
    result = click.testing.CliRunner().invoke(command, [str(one) for one in arguments], obj=mint)
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A file with a call that the little service takes."""
    context = {"userId": "Practitioner/1", "patientId": "nobody", "selections": ["x"], "draftOrders": {"a": 1}}
    path = tmp_path / "draft.json"
    path.write_text(json.dumps({"hook": "order-select", "hookInstance": "stale", "context": context}))
    return path


def test_the_doctor_prints_a_table_and_ends_with_0(demo_url: str) -> None:
    """Of our own service."""
    result = run(doctor, demo_url, "--hook-call", KNEE)

    assert result.exit_code == 0
    assert "  pass  must   card.summary-length" in result.output
    assert "No must fails." in result.output.splitlines()[-1]


def test_the_doctor_prints_json(little: LittleService, little_url: str, draft: Path) -> None:
    """And ends with 1 when a `must` fails."""
    little.spoil = lambda answer: {"cards": [{**answer["cards"][0], "indicator": "loud"}]}

    result = run(doctor, little_url, "--json", "--hook-call", draft)

    content = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [one["id"] for one in content["checks"] if one["result"] == "fail"] == ["card.indicator"]


def test_the_doctor_ends_with_2_when_nothing_answers(closed_url: str) -> None:
    """So that a pipeline can tell that from a fault."""
    result = run(doctor, closed_url)

    assert result.exit_code == 2
    assert "could not be reached" in result.output


def test_a_silent_service_is_given_up_on(little: LittleService, little_url: str) -> None:
    """After the time that the option sets."""
    little.spoken = lambda _method, _path, _response: None

    assert run(doctor, little_url, "--timeout", "0.2").exit_code == 2


def test_cors_is_tried_for_the_page_that_is_named(little: LittleService, little_url: str) -> None:
    """A service may list its origins."""

    def listed(_method: str, _path: str, response: Response) -> Response:
        response.headers["access-control-allow-origin"] = "https://ehr.example.org"
        return response

    little.spoken = listed

    named = json.loads(run(doctor, little_url, "--json", "--origin", "https://ehr.example.org").stdout)
    other = json.loads(run(doctor, little_url, "--json").stdout)

    assert named["summary"]["warn"] == 0
    assert other["summary"]["warn"] > 0


@pytest.mark.parametrize("url", ["cds.example.org", "https://user:word@cds.example.org"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    """By both commands, with what to give, and where."""
    sound = "http://127.0.0.1:9"
    for named, arguments in (
        ("URL", (doctor, url)),
        ("--url", (call, KNEE, "--url", url)),
        ("--fhir", (call, KNEE, "--url", sound, "--fhir", url)),
        ("--origin", (doctor, sound, "--origin", url)),
    ):
        result = run(*arguments)
        assert result.exit_code == 1
        assert f"Error: {named}: " in result.stderr
        assert "word" not in result.stderr


@pytest.mark.parametrize(
    "origin", ["https://ehr.example.org/page", "https://ehr.example.org/", "https://lärche.example"]
)
def test_an_origin_that_no_browser_sends_is_refused(little_url: str, origin: str) -> None:
    """Its value cannot stand in a header, or no service would know it."""
    result = run(doctor, little_url, "--origin", origin)

    assert (result.exit_code, result.stdout) == (1, "")
    assert f"Error: --origin: '{origin}'" in result.stderr


def test_a_name_that_cannot_be_decoded_is_not_reached() -> None:
    """An international name in a broken spelling."""
    for arguments in ((doctor, "http://xn--/"), (call, KNEE, "--url", "http://xn--/")):
        result = run(*arguments)
        assert result.exit_code == 2
        assert "could not be asked (no URL: " in result.output
        assert "Check the address" in result.output


def test_a_timeout_that_is_no_number_is_refused() -> None:
    """It would lie in every range."""
    result = run(call, KNEE, "--url", "http://127.0.0.1:9", "--timeout", "nan")

    assert result.exit_code == 2
    assert "'--timeout': 'nan' is no number of seconds. Give one from 0.05 to 120." in result.stderr


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff\xfe", b"[]", b"{}", b'{"cards": {}}'])
@pytest.mark.parametrize("options", [[], ["--raw"]])
def test_an_answer_without_cards_ends_with_1(
    little: LittleService, little_url: str, draft: Path, body: bytes, options: list[str]
) -> None:
    """A proxy's page comes with 200 too."""
    little.spoken = lambda _m, path, r: Response(body) if path.endswith("/little") else r

    result = run(call, draft, "--url", little_url, *options)

    assert result.exit_code == 1
    assert ": 200 in " in result.stderr


def test_a_call_prints_the_cards(demo_url: str) -> None:
    """The service is found by its hook."""
    result = run(call, KNEE, "--url", demo_url)

    assert result.exit_code == 0
    assert "[WARNING]" in result.stdout
    assert "Suggestion: " in result.stdout
    assert f"{demo_url}/cds-services/{SERVICE_ID}: 200" in result.stderr


def test_a_call_fills_prefetch_as_an_ehr_does(demo_url: str, tmp_path: Path) -> None:
    """From the FHIR server, by the templates of discovery: the card is the one that the fixture's prefetch earns."""
    body = hook_call(f"{KNEE}.json")
    bare = tmp_path / "bare.json"
    bare.write_text(json.dumps({name: value for name, value in body.items() if name != "prefetch"}))

    without = run(call, bare, "--url", demo_url)
    filled = run(call, bare, "--url", f"{demo_url}/cds-services/{SERVICE_ID}", "--fhir", f"{demo_url}/fhir/")
    whole = run(call, KNEE, "--url", demo_url)

    assert filled.exit_code == 0
    assert filled.stdout == whole.stdout != without.stdout


def test_what_cannot_be_filled_is_told(little: LittleService, little_url: str, draft: Path, demo_url: str) -> None:
    """And left out of the call, which names the FHIR server."""
    result = run(call, draft, "--url", little_url, "--fhir", f"{demo_url}/fhir")

    assert "Prefetch left out: patient: the FHIR server answered 404" in result.stderr
    assert little.calls[-1]["fhirServer"] == f"{demo_url}/fhir"
    assert "prefetch" not in little.calls[-1]


def test_each_call_has_an_instance_of_its_own(little: LittleService, little_url: str, draft: Path) -> None:
    """Whatever FILE says."""
    for _ in range(2):
        assert run(call, draft, "--url", little_url).exit_code == 0

    instances = [one["hookInstance"] for one in little.calls]
    assert len({*instances, "stale"}) == 3


@pytest.mark.parametrize("outcome", ["accepted", "overridden"])
def test_feedback_is_sent_on_the_first_card(little: LittleService, little_url: str, draft: Path, outcome: str) -> None:
    """With its first suggestion, or its first reason."""
    result = run(call, draft, "--url", little_url, "--raw", "--feedback", outcome)

    (card,) = json.loads(result.stdout)["cards"]
    (entry,) = little.feedback
    assert result.exit_code == 0
    assert (entry["card"], entry["outcome"]) == (card["uuid"], outcome)
    if outcome == "accepted":
        assert entry["acceptedSuggestions"] == [{"id": card["suggestions"][0]["uuid"]}]
    else:
        assert entry["overrideReason"] == {"reason": {"system": "https://example.org/reasons", "code": "agreed"}}


@pytest.mark.parametrize(
    ("cards", "outcome", "words"),
    [
        ([], "overridden", "nothing to give feedback on"),
        ([{"uuid": "card-1", "summary": "s"}], "accepted", "no suggestion with a uuid"),
    ],
)
def test_feedback_that_cannot_be_sent_is_told(
    little: LittleService, little_url: str, draft: Path, cards: list[object], outcome: str, words: str
) -> None:
    """After the cards were printed."""
    little.spoil = lambda _answer: {"cards": cards}

    result = run(call, draft, "--url", little_url, "--feedback", outcome)

    assert result.exit_code == 1
    assert "card" in result.stdout
    assert words in result.stderr


def test_refused_feedback_ends_with_1(little: LittleService, little_url: str, draft: Path) -> None:
    """Though the call was answered."""
    little.spoken = lambda _m, path, r: Response(status_code=503) if path.endswith("feedback") else r

    result = run(call, draft, "--url", little_url, "--feedback", "overridden")

    assert result.exit_code == 1
    assert "answered 503" in result.stderr


def test_an_error_is_printed_with_what_helps_to_ask_about_it(
    little: LittleService, little_url: str, draft: Path
) -> None:
    """Status, issues and correlation id; the exit code is 1."""

    def refuse(_method: str, path: str, response: Response) -> Response:
        issue = {"severity": "error", "code": "incomplete", "diagnostics": "No organisation was sent."}
        body = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]})
        return Response(body, 412, {"X-Correlation-ID": "abc-1"}) if path.endswith("/little") else response

    little.spoken = refuse

    result = run(call, draft, "--url", little_url)

    assert result.exit_code == 1
    assert "answered 412" in result.stdout
    assert "No organisation was sent." in result.stdout
    assert "abc-1" in result.stdout


def test_a_hook_that_no_service_is_for_is_told(little: LittleService, little_url: str) -> None:
    """With those that there are."""
    assert little.calls == []
    result = run(call, "nwl-gp-five-drafts-order-sign--ces", "--url", little_url)

    assert result.exit_code == 1
    assert "'little' on 'order-select'" in result.stderr


def test_a_server_without_discovery_is_told(little: LittleService, little_url: str, draft: Path) -> None:
    """The service's own URL then helps."""
    little.spoken = lambda _m, path, r: Response(status_code=404) if path == "/cds-services" else r

    assert "Give the URL of the service" in run(call, draft, "--url", little_url).stderr
    assert run(call, draft, "--url", f"{little_url}/cds-services/little").exit_code == 0


def test_a_call_ends_with_2_when_nothing_answers(closed_url: str) -> None:
    """Whichever address was given."""
    for url in (closed_url, f"{closed_url}/cds-services/little"):
        result = run(call, KNEE, "--url", url)
        assert result.exit_code == 2
        assert "Check the address" in result.stderr


def test_the_ready_made_calls_are_listed() -> None:
    """Without a URL."""
    result = run(call, "--list")

    assert result.exit_code == 0
    assert any(line.split() == [f"{KNEE}.json", "redirect", "(warning)"] for line in result.output.splitlines())


def test_a_file_that_is_not_there_is_named(little_url: str) -> None:
    """By both commands."""
    for arguments in ((call, "nowhere.json", "--url", little_url), (doctor, little_url, "--hook-call", "nowhere.json")):
        result = run(*arguments)
        assert result.exit_code == 1
        assert "nowhere.json: no such file" in result.stderr


def test_a_header_is_sent(little: LittleService, little_url: str, draft: Path) -> None:
    """A fixed token among them."""
    little.token = "open-sesame"  # noqa: S105 - invented

    assert run(call, draft, "--url", little_url).exit_code == 1
    assert run(call, draft, "--url", little_url, "--header", "Authorization: Bearer open-sesame").exit_code == 0


@pytest.mark.parametrize("header", ["Bearer secret", "Bad Name: secret", "X: sec\nret", "X: sécret"])
def test_a_header_that_is_none_is_refused_and_not_repeated(header: str) -> None:
    """It may be a secret."""
    result = run(doctor, "http://127.0.0.1:9", "--header", header)

    assert "--header is not written" in result.stderr
    assert "cret" not in result.stderr


def test_a_token_is_minted_with_the_key_for_each_address(
    little: LittleService, little_url: str, draft: Path, tmp_path: Path
) -> None:
    """The command line brings along what mints."""
    asked: list[tuple[object, ...]] = []

    def mint_with_key(key: Path, issuer: str, kid: str | None, algorithm: str) -> Mint:
        asked.append((key, issuer, kid, algorithm))
        return lambda audience: f"token-for-{audience}"

    key = tmp_path / "key.pem"
    stated = ("--token-key", key, "--issuer", "https://ehr.example.org", "--kid", "k1", "--algorithm", "RS384")

    result = run(call, draft, "--url", little_url, *stated, mint=mint_with_key)

    assert result.exit_code == 0
    assert asked == [(key, "https://ehr.example.org", "k1", "RS384")]
    assert little.authorizations == [f"Bearer token-for-{little_url}/cds-services/little"]


def _broken_key(key: Path, _issuer: str, _kid: str | None, _algorithm: str) -> Mint:
    msg = f"{key}: not a private key in PEM. Make one with `cds-service clients token`."
    raise ValueError(msg)


@pytest.mark.parametrize(
    ("options", "mint", "words"),
    [
        (["--token-key", "k.pem"], _broken_key, "needs --issuer"),
        (["--token-key", "k.pem", "--issuer", "https://ehr.example.org"], None, "Give one with --header"),
        (
            ["--token-key", "k.pem", "--issuer", "https://ehr.example.org"],
            _broken_key,
            "--token-key k.pem: not a private key",
        ),
        (["--token-key", "k.pem", "--issuer", ""], _broken_key, "needs --issuer"),
        (["--issuer", "https://ehr.example.org"], _broken_key, "Add --token-key FILE"),
        (["--kid", "k1"], _broken_key, "Add --token-key FILE"),
        (
            ["--token-key", "k.pem", "--issuer", "i", "--header", "AUTHORIZATION: Bearer a"],
            _broken_key,
            "would send two tokens",
        ),
    ],
)
def test_a_key_that_cannot_be_used_is_told(options: list[str], mint: object, words: str) -> None:
    """Before anything is sent."""
    result = run(call, KNEE, "--url", "http://127.0.0.1:9", *options, mint=mint)

    assert "could not be asked" not in result.stderr
    assert words in result.stderr


def test_reading_the_commands_reads_no_http_client() -> None:
    """`cds-service serve` reads them at each start."""
    program = "import sys, cds_service.vendor.commands; print(*{'httpx', 'orjson', 'fhir_fixtures'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own words

    assert done.stdout.strip() == ""
