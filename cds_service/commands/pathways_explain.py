"""`cds-service pathways explain`: one call traced from FHIR path to fact to rule to card."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click

from cds_service.commands.faults import told
from cds_service.commands.pathways import FAULTS, pathways
from cds_service.commands.pathways_explain_places import came_from, known_codes, left_out
from cds_service.commands.pathways_explain_resources import CallResources
from cds_service.directory import load_directory
from cds_service.hooks.answers import AnsweredOrder, Responder
from cds_service.london_time import today_in_london
from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import Outcome
from cds_service.pathway.register import PathwayRegister
from cds_service.protocol.hook_request import parse_hook_request
from cds_service.protocol.operation_outcome import ProtocolError
from cds_service.security.clients import ANYONE
from cds_service.terminology import load_terminology

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@pathways.command()
@click.argument("hook", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--config",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    envvar="CDS_SERVICE_CONFIG",
    help="The configuration folder.",
)
@click.option("--on", "day", type=_DAY, default=None, help="The day; today unless given.")
def explain(hook: Path, config: Path, day: datetime | None) -> None:
    """Trace the call in the file HOOK: which place gave which fact, which rule answered, what the card says.

    It prints facts, not the call: no name, identifier or free text.
    """
    today = today_in_london() if day is None else day.date()
    with told(*FAULTS):
        register = PathwayRegister.load(config)
        directory = load_directory(config, register.footprints(today), register.regions)
        terminology = load_terminology(config / "value-sets")
    responder = Responder(register, directory, terminology, _NoPages())
    try:
        request = parse_hook_request(_read(hook))
        call = responder.select(request, ANYONE)
    except ProtocolError as error:
        raise click.ClickException(_diagnostics(error)) from None
    answer = responder.answer(call, ANYONE, today)
    resources = CallResources(call.context, terminology, today)
    for position, order in enumerate(answer.orders, start=1):
        facts, path = order.order.facts, order.order.order.path
        click.secho(f"Order {position}: {facts.modality} of {facts.body_region}, {path}", bold=True)
        codes = known_codes(order.order, resources, terminology)
        for line in (*codes, *_trace(order, resources, register, today)):
            click.echo(f"  {line}")
        for card in answer.cards:
            if card["uuid"] == order.card_id:
                click.echo(f"  card      {card['indicator']}: {card['summary']}")
    for line in left_out(call):
        click.echo(f"Left out: {line}")
    if not answer.orders and answer.refusal is None:
        click.echo("No selected order is an MSK MRI or ultrasound: nothing was held against a pathway.")
    if answer.refusal is not None:
        click.echo(f"The service answers HTTP {answer.refusal.status} instead of cards: {_diagnostics(answer.refusal)}")
        if answer.refusal.status == HTTPStatus.PRECONDITION_FAILED:
            click.echo("A client with 'on_unresolved: card' in clients.yaml gets an info card that says so.")


def _diagnostics(error: ProtocolError) -> str:
    return "; ".join(issue.diagnostics for issue in error.issues)


class _NoPages(dict[str, str]):
    """Cards need a page to point to; here nobody follows it."""

    def __missing__(self, pathway: str) -> str:
        return f"/pathways/{pathway}"


def _read(hook: Path) -> dict[str, Any]:
    try:
        call = json.loads(hook.read_text("utf-8"))
    except ValueError as error:
        raise click.ClickException(f"{hook}: not JSON ({error})") from None
    if not isinstance(call, dict):
        raise click.ClickException(f"{hook}: not a hook call, which is a JSON object")
    return call


def _trace(answered: AnsweredOrder, resources: CallResources, register: PathwayRegister, today: date) -> Iterator[str]:
    decision = answered.decision
    used = {name: value for name, value, _ in decision.facts_used}
    for name, value in {**used, "region": decision.facts.region}.items():
        yield f"fact      {name} = {value}{came_from(name, answered.order, resources)}"
    yield from _out_of_force(decision.facts.region, register, today)
    pathway = register.in_force(today).get(RegionId(decision.speaker), NATIONAL)
    sources = ", ".join(decision.sources) or "national guidance"
    stated_by = f"{pathway.title} v{pathway.version} ({sources})"
    yield f"rule      {decision.rule_id} of {stated_by}: {' '.join(decision.reasons)}"
    if isinstance(pathway, Pathway):
        said = pathway.document.sentences
        yield from (f"sentence  {one}: {said[one]}" for one in decision.sources if one in said)
    if decision.outcome is Outcome.COULD_NOT_EVALUATE:
        yield "outcome   could_not_evaluate: never silence; a card beside it names the order, else the call is refused"
        return
    yield f"outcome   {decision.outcome}, {decision.indicator or 'no'} card"
    if decision.indicator is not None:
        stays = "; ".join(pathway.texts.kept[reason] for reason in decision.keep)
        yield f"scan      {f'stays: {stays}' if stays else 'may be removed together with the referral'}"
        if decision.cautions:
            yield f"cautions  {', '.join(decision.cautions)}"


def _out_of_force(region: RegionId, register: PathwayRegister, today: date) -> Iterator[str]:
    """Why the region's pathway does not speak; of a suspension its days and its reason, and not who decided it."""
    silent = register.silent(today).get(region)
    if silent is None:
        return
    yield f"pathway   {region} {silent}"
    suspension = register.in_force(today)[region].suspension
    if suspension is not None and suspension.holds(today):
        until = "" if suspension.until is None else f" until {suspension.until}"
        yield f"pathway   suspended since {suspension.since}{until}: {suspension.reason}"
