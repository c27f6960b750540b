from datetime import date
from pathlib import Path
from urllib.parse import urlencode

import pytest

from cds_service.checker.routes import EXAMPLES
from cds_service.pages.headers import PAGE_HEADERS
from tests.checker.conftest import OnDay, asked, started_on
from tests.conftest import NOW, InProcess, everything_logged

TODAY = NOW.date()
SCRIPT = "<script>alert(1)</script>"


def test_the_page_asks_and_offers_examples(service: InProcess) -> None:
    """Nothing is answered before anything is asked."""
    page = service.send("GET", "/checker")

    assert page.status_code == 200
    assert "Start from an example" in page.text
    assert "What the clinician sees" not in page.text
    assert {name: page.headers[name] for name in PAGE_HEADERS} == dict(PAGE_HEADERS)


@pytest.mark.parametrize(("words", "query"), EXAMPLES, ids=[words for words, _ in EXAMPLES])
def test_every_example_earns_a_card(service: InProcess, words: str, query: str) -> None:
    """It is offered on the page, and shows something."""
    assert words in service.send("GET", "/checker").text
    page = service.send("GET", f"/checker?{query}")

    assert page.status_code == 200
    assert 'class="card ' in page.text


def test_a_card_is_shown_as_the_ehr_would_show_it(on_day: OnDay) -> None:
    """Indicator, summary, detail as HTML, what one click does, links, reasons to override, and the source."""
    text = asked(
        on_day(TODAY), {"body": "lumbar-spine", "reason": "192970008", "age": "adult", "oncology": "none"}
    ).text

    assert '<article class="card critical"' in text
    assert "<strong>Refer to:</strong>" in text
    assert "Offered with one click:" in text
    assert "Remove the scan order: Magnetic resonance imaging of lumbar" in text
    assert "Clinical judgement differs" in text
    assert 'Source: <a href="http://127.0.0.1:8000/pathways/nwl">' in text


def test_the_page_says_why(on_day: OnDay) -> None:
    """Rule, sentences, and each fact with its value and its place."""
    text = asked(on_day(TODAY), {"region": "nel", "register": "current", "age": "adult", "oncology": "none"}).text

    assert "nel.fcp_exempt" in text
    assert "E5, E6 of the document" in text
    assert "fcp-register.csv" in text
    assert "<strong>No card.</strong>" in text


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (
            {"practice": "Z99201"},
            "applies here: the requester&#39;s organisation is in no area that has one.",
        ),
        (
            {"region": "nel", "date": "2025-11-16"},
            "No pathway applies here: that of the region is not in force",
        ),
        ({"region": "nel", "modality": "uss"}, "No pathway applies here: that of the region does not cover this kind"),
        (
            {"body": "unknown"},
            "No pathway applies here: not a scan of any pathway here, or the part",
        ),
        ({"setting": "secondary-care"}, "The order was evaluated, and the pathway has nothing to say."),
    ],
)
def test_without_a_card_the_page_says_whether_a_pathway_applies(
    on_day: OnDay, answers: dict[str, str | list[str]], words: str
) -> None:
    """For a surgery this page is the only card: silence of a pathway is not the absence of one, and neither clears."""
    text = asked(on_day(TODAY), answers).text

    assert words in text
    assert "No card does not mean that there are no concerns." in text


def test_the_form_keeps_what_was_asked(on_day: OnDay) -> None:
    """To change one answer is to change one answer."""
    text = asked(on_day(TODAY), {"practice": "Z99101", "modality": "uss", "reason": ["424413001", "30989003"]}).text

    assert '<option value="Z99101" selected>' in text
    assert '<option value="uss" selected>' in text
    assert text.count('type="checkbox"') > text.count(" checked") == 2


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("region=xyz", "Region: &#39;xyz&#39; is none of the choices"),
        ("reason=1&reason=2", "is none of the choices"),
        ("age=adult&age=1-15", "choose one answer, not 2"),
        ("date=yesterday", "is not a date"),
        ("date=0001-01-01", "is not between"),
        ("practice=Z00000", "is none of the choices"),
        ("region=unresolved", "choose &#39;not known&#39; for the setting as well"),
        ("region=other&setting=community-msk", "lists no organisation of this setting"),
        ("modality=uss&body=whole-spine", "No list has a code for such a scan"),
        ("setting=unknown&register=current", "A listing counts at its own practice"),
        ("regoin=nel", "<code>regoin</code>"),
        (urlencode({"region": SCRIPT}), "&lt;script&gt;"),
        (urlencode({SCRIPT: "x"}), "&lt;script&gt;"),
        (urlencode({"region": "x" * 3000}), "…&#39; is none of the choices"),
        ("region=%00", "is none of the choices"),
        ("region=%ff", "is none of the choices"),
    ],
)
@pytest.mark.parametrize("part", ["", "/request.json", "/answer.json"])
def test_junk_gets_a_page_that_says_what_to_mend(service: InProcess, query: str, words: str, part: str) -> None:
    """400, with the error at the top and the form below; nothing of the junk becomes markup."""
    response = service.send("GET", f"/checker{part}?{query}")

    assert response.status_code == 400
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert words in response.text
    assert "There is a problem" in response.text
    assert "<form" in response.text
    assert SCRIPT not in response.text
    assert "What the clinician sees" not in response.text


@pytest.mark.parametrize("part", ["", "/request.json", "/answer.json"])
def test_nothing_but_reading_is_answered(service: InProcess, part: str) -> None:
    """The URL is all the state there is."""
    assert service.send("POST", f"/checker{part}", json={}).status_code == 405


def test_nothing_is_stored_or_logged(tmp_path: Path) -> None:
    """The card log stays empty, and no line names what was asked."""
    with everything_logged() as lines, started_on(TODAY, tmp_path / "log.sqlite3", card_log="on") as service:
        assert asked(service, {"practice": "Z99101", "reason": "192970008"}).status_code == 200
        assert asked(service, {"practice": "Z99101", "reason": "nonsense"}).status_code == 400

    assert service.logged() == []
    assert [line for line in lines if "Z99101" in line or "192970008" in line or "nonsense" in line] == []


def test_another_day_is_answered_and_said_to_be_one(on_day: OnDay) -> None:
    """NWL's pathway is past its review then."""
    text = asked(on_day(TODAY), {"date": "2027-01-02"}).text

    assert "This is its answer on 2 January 2027." in text
    assert "past its review date" in asked(on_day(TODAY), {"date": "2027-01-02"}, "/answer.json").text
    assert "This is its answer on" not in asked(on_day(TODAY), {"date": TODAY.isoformat()}).text


def test_the_files_are_those_of_the_page(on_day: OnDay) -> None:
    """Their links carry the whole situation, the day with it."""
    service = on_day(TODAY)
    page = asked(service, {"region": "nel", "reason": "424413001", "age": "1-15"}).text

    (link,) = [part.split('"')[0] for part in page.split('href="') if part.startswith("/checker/request.json")]
    saved = service.send("GET", link.replace("&amp;", "&"))
    assert saved.headers["content-type"] == "application/json"
    assert (
        saved.json() == asked(service, {"region": "nel", "reason": "424413001", "age": "1-15"}, "/request.json").json()
    )
    assert f"date={TODAY}" in link


def test_a_register_of_real_people_is_never_shown(tmp_path: Path) -> None:
    """A stand-in asks in their place, gets the answer of a listed practitioner, and the page says so."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "organisations.csv").write_text(
        "ods_code,name,setting,sub_icb,borough,pcn\nZ99101,Primrose,general-practice,A3A8R,Newham,\n", "utf-8"
    )
    (config / "destinations.csv").write_text("region,borough,kind,name,ods_code,phone,url\n", "utf-8")
    (config / "fcp-register.csv").write_text(
        "identifier_system,identifier_value,organisation,valid_from,valid_to\n"
        "https://fhir.nhs.uk/Id/sds-user-id,555012345678,Z99101,2025-11-17,\n",
        "utf-8",
    )
    answers = {"region": "nel", "register": "current", "age": "adult", "oncology": "none"}
    with started_on(TODAY, tmp_path / "log.sqlite3", config) as service:
        page = asked(service, dict(answers)).text
        call = asked(service, dict(answers), "/request.json")
        (live,) = service.cards(call.json())

    assert "555012345678" not in page + call.text
    assert "nel.fcp_exempt" in page
    assert "put that of a listed practitioner in place of <code>999000000901</code>" in page
    assert live["indicator"] == "warning"


def test_no_identifier_of_a_person_is_in_a_call(on_day: OnDay) -> None:
    """The patient has no name and no number; the requester's id is of the invented range."""
    call = asked(on_day(TODAY), {"region": "nel", "register": "current", "age": "adult"}, "/request.json").json()

    assert set(call["prefetch"]["patient"]) == {"resourceType", "id", "active", "birthDate", "generalPractitioner"}
    (practitioner,) = [
        entry["resource"]
        for entry in call["prefetch"]["user"]["entry"]
        if entry["resource"]["resourceType"] == "Practitioner"
    ]
    assert [identifier["value"][:3] for identifier in practitioner["identifier"]] == ["999"]


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    """Then there is no such page."""
    with started_on(date(2026, 11, 21), tmp_path / "log.sqlite3", checker="off") as service:
        assert service.send("GET", "/checker").status_code == 404
        assert service.send("GET", "/checker/request.json").status_code == 404
