"""`/checker` and what can be saved of it. GET alone: the URL is all the state there is.

The query is of no patient, and is kept out of every log all the same: nothing here writes any.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cds_service.checker.answered import Answered, Ask, JsonObject
from cds_service.checker.example_call import Example, example_call
from cds_service.checker.explanation import explain, no_card
from cds_service.checker.markdown import card_html
from cds_service.checker.places import NoSuchPlaceError, Place, Wish, find_place, specialist_of
from cds_service.checker.questions import AGES, Asked, questions, read_answers
from cds_service.checker.scans import Scan, Scans
from cds_service.directory.model import Directory
from cds_service.pages.fields import Field
from cds_service.pages.frame import Frame
from cds_service.pages.render import Pages
from cds_service.pathway.facts import BodyRegion, Modality, Oncology

TEMPLATES = {"checker": "cds_service.checker"}
"""What `Pages` must know for this page."""

CHECKER = "/checker"

FRAME = Frame(
    "MSK imaging pathway checker",
    CHECKER,
    notice="No patient data: the patient is invented, and nothing is stored.",
    closing="The checker shows what this service answers. It advises; the clinician decides.",
)

EXAMPLES = (
    ("Knee MRI for knee pain", "reason=30989003&age=adult&oncology=none"),
    ("Lumbar MRI, cauda equina syndrome", "body=lumbar-spine&reason=192970008&age=adult&oncology=none"),
    ("Lumbar MRI for back pain, cancer in the past", "body=lumbar-spine&reason=279039007&age=adult&oncology=past"),
    ("Hip MRI for bone pain, under oncology care", "body=hip&reason=12584003&age=adult&oncology=under_care"),
    ("Knee ultrasound of a lump", "modality=uss&reason=444905003&age=adult&oncology=none"),
    ("Knee MRI, nothing else known", "body=knee"),
)
"""Situations to begin with: the words of the link, and the answers that differ from the first choices."""


class Checker(NamedTuple):
    """What the checker stands on.

    Attributes:
        pages: draws the page; knows `TEMPLATES`.
        ask: answers a call as the service does.
        directory_on: the configuration folder's organisations and register, on a day.
        regions: the name of each region that has a pathway, by id.
        scans: the procedures that can be chosen.
        today: the date in Europe/London now.
        service_url: the address to which an EHR sends the call.
    """

    pages: Pages
    ask: Ask
    directory_on: Callable[[date], Directory]
    regions: Mapping[str, str]
    scans: Scans
    today: Callable[[], date]
    service_url: str


class _Situation(NamedTuple):
    """A form that could be read whole, with the call that it means."""

    call: JsonObject
    place: Place
    day: date


def checker_routes(checker: Checker) -> list[Route]:
    """The page, and its two pieces of JSON as files; made in threads, so that no order waits for them."""

    def page(request: Request) -> Response:
        """The form, and the answer to what its query asks."""
        fields, asked = _asked(checker, request)
        if not request.url.query:
            return _page(checker, asked, fields)
        situation = _situation(checker, asked)
        if isinstance(situation, Asked):
            return _page(checker, situation, fields, status=400)
        return _page(checker, asked, fields, situation)

    def call(request: Request) -> Response:
        """The call alone."""
        fields, asked = _asked(checker, request)
        situation = _situation(checker, asked)
        return _page(checker, situation, fields, status=400) if isinstance(situation, Asked) else _file(situation.call)

    def answer(request: Request) -> Response:
        """The answer alone."""
        fields, asked = _asked(checker, request)
        situation = _situation(checker, asked)
        if isinstance(situation, Asked):
            return _page(checker, situation, fields, status=400)
        return _file(checker.ask(situation.call, situation.day).body)

    return [
        Route(CHECKER, page, methods=["GET"]),
        Route(f"{CHECKER}/request.json", call, methods=["GET"]),
        Route(f"{CHECKER}/answer.json", answer, methods=["GET"]),
    ]


def _asked(checker: Checker, request: Request) -> tuple[tuple[Field, ...], Asked]:
    today = checker.today()
    fields = questions(checker.directory_on(today), checker.regions, checker.scans, today)
    return fields, read_answers(fields, request.query_params.multi_items())


def _situation(checker: Checker, asked: Asked) -> _Situation | Asked:
    """The situation that was asked about; the form with what is wrong, where something is."""
    if not asked.is_sound:
        return asked
    scan = _scan(checker.scans, asked)
    if scan is None:
        message = "No list has a code for such a scan. Choose another part of the body, or 'By its words alone'."
        return asked.with_error("body", message)
    day = date.fromisoformat(asked.value("date"))
    wish = Wish(*(asked.value(name) for name in ("practice", "region", "setting", "home", "register")))
    directory = checker.directory_on(day)
    try:
        place = find_place(wish, directory, day)
        asked_by = specialist_of(place, directory) if asked.value("asked") else None
    except NoSuchPlaceError as error:
        return asked.with_error(error.field, str(error))
    example = Example(
        hook=asked.value("hook"),
        scan=scan,
        reasons=asked.values("reason"),
        oncology=Oncology(asked.value("oncology")),
        years=AGES.get(asked.value("age")),
        place=place,
        asked_by=asked_by,
        day=day,
    )
    return _Situation(example_call(example), place, day)


def _scan(scans: Scans, asked: Asked) -> Scan | None:
    if asked.value("procedure"):
        scan = scans.coded(asked.value("procedure"))
        return Scan(scan.words) if asked.value("named") == "text" else scan
    modality, body = Modality(asked.value("modality")), BodyRegion(asked.value("body"))
    return scans.typed(modality, body) if asked.value("named") == "text" else scans.plainest(modality, body)


def _page(
    checker: Checker,
    asked: Asked,
    fields: tuple[Field, ...],
    situation: _Situation | None = None,
    *,
    status: int = 200,
) -> Response:
    answered = checker.ask(situation.call, situation.day) if situation is not None else None
    why = explain(answered) if answered is not None else ()
    return checker.pages.respond(
        "checker/checker.html",
        FRAME,
        here=CHECKER,
        status=status,
        asked=asked,
        examples=[(words, f"{CHECKER}?{query}") for words, query in EXAMPLES],
        answered=answered,
        cards=_cards(answered),
        why=why,
        no_card=no_card(why),
        place=situation.place if situation is not None else None,
        other_day=situation.day if situation is not None and situation.day != checker.today() else None,
        call=_written(situation.call) if situation is not None else "",
        answer=_written(answered.body) if answered is not None else "",
        query=_query(asked, fields),
        service_url=checker.service_url,
    )


def _cards(answered: Answered | None) -> list[JsonObject]:
    """The cards with their detail as HTML."""
    cards = answered.body.get("cards", []) if answered is not None else []
    return [{**card, "html": card_html(card["detail"])} for card in cards]


def _query(asked: Asked, fields: tuple[Field, ...]) -> str:
    """The situation's own query, without what is left at its first choice; the day always stands."""
    first = {field.name: field.values for field in fields}
    pairs = [
        (field.name, value)
        for field in asked.fields
        if field.values != first[field.name] or field.name == "date"
        for value in field.values
    ]
    return urlencode(pairs)


def _written(content: JsonObject) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False)


def _file(content: JsonObject) -> Response:
    return Response(
        _written(content),
        media_type="application/json",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )
