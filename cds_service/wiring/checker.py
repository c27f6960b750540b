"""The checker of one process: the service's own answers, on a directory in which its stand-ins are listed."""

from collections.abc import Callable, Mapping
from datetime import date, datetime

from cds_service.checker.answered import Answered, Ask, Decided, JsonObject
from cds_service.checker.places import with_stand_ins
from cds_service.checker.routes import Checker
from cds_service.checker.scans import Scans
from cds_service.directory.daily import DailyDirectory
from cds_service.directory.model import Directory
from cds_service.hooks.answers import Responder
from cds_service.hooks.routes import SERVICE_PATH
from cds_service.london_time import london_day
from cds_service.pages.render import Pages
from cds_service.pathway.decision import Decision
from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import Pathway
from cds_service.pathway.register import PathwayRegister
from cds_service.protocol.hook_request import parse_hook_request
from cds_service.protocol.operation_outcome import operation_outcome
from cds_service.security.clients import ANYONE
from cds_service.terminology.value_sets import Terminology


def build_checker(
    pages: Pages,
    register: PathwayRegister,
    directory: Directory,
    terminology: Terminology,
    source_urls: Mapping[str, str],
    clock: Callable[[], datetime],
    public_url: str,
) -> Checker:
    """The checker.

    Args:
        pages: draws its page.
        register: the versions of each region's pathway.
        directory: the configuration folder's.
        terminology: the packaged value sets.
        source_urls: the service's page of each pathway, by id.
        clock: the aware time now.
        public_url: the service's public address.
    """
    # One of its own: a register keeps the day that it was asked for last, which for orders is today.
    register = PathwayRegister(register.files)
    responder = Responder(register, with_stand_ins(directory), terminology, source_urls)
    return Checker(
        pages=pages,
        ask=_asking(responder, register),
        directory_on=DailyDirectory(directory, register.footprints).on,
        regions={file.pathway.id: file.pathway.footprint.name for file in register.files},
        scans=Scans(terminology),
        today=lambda: london_day(clock()),
        service_url=f"{public_url}{SERVICE_PATH}",
    )


def _asking(responder: Responder, register: PathwayRegister) -> Ask:
    """Answers a call as the route of the service does, for a client without footprints or wishes of its own."""

    def ask(call: JsonObject, day: date) -> Answered:
        request = parse_hook_request(call)
        answer = responder.answer(responder.select(request, ANYONE), ANYONE, day)
        pathways = register.in_force(day)
        decided = tuple(_decided(order.decision, pathways) for order in answer.orders)
        if answer.refusal is not None:
            return Answered(answer.refusal.status, operation_outcome(answer.refusal.issues, None), decided)
        return Answered(200, {"cards": answer.cards}, decided)

    return ask


def _decided(decision: Decision, pathways: Mapping[RegionId, Pathway]) -> Decided:
    speaker = pathways.get(decision.speaker, NATIONAL)
    return Decided(decision, speaker.rules.get(decision.rule), f"{speaker.title} v{speaker.version}")
