"""The filter form of a page: what can be chosen, what is chosen, and what is wrong with it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cds_service.monitor import words
from cds_service.monitor.period import USUAL_WEEKS
from cds_service.monitor.selection import HOOKS, PRESETS, Field, Problem
from cds_service.pages.fields import Field as FormField
from cds_service.pages.fields import Option
from cds_service.pathway.facts import Modality
from cds_service.pathway.outcomes import Outcome

_ALL: Final = Option("", "All")
LABELS: Final[Mapping[Field, str]] = {
    Field.REGION: "Footprint",
    Field.WEEKS: "Period",
    Field.FROM: "Or from",
    Field.TO: "To",
    Field.OUTCOME: "Outcome",
    Field.MODALITY: "Scan",
    Field.HOOK: "Hook",
    Field.CLIENT: "EHR",
}
"""What the form calls each field, in its order."""

_HINTS: Final = {Field.FROM: "Whole blocks of four weeks between the two days are shown"}
_PLACES: Final = {Field.BOROUGH: "Borough", Field.PCN: "Network"}
_IN_ORDER: Final = tuple(LABELS)


def form_fields(
    stated: Mapping[str, str],
    not_by: Iterable[Field],
    regions: Sequence[tuple[str, str]],
    clients: Sequence[str],
    problems: Sequence[Problem] = (),
    outcomes: Iterable[Outcome] = Outcome,
) -> list[FormField]:
    """The fields of a page's form.

    What the page cannot be narrowed by goes along hidden, so that the next page still has it.

    Args:
        stated: what is chosen or typed now.
        not_by: fields that the page cannot be narrowed by.
        regions: id and name of those that the reader may see.
        clients: ids of the EHRs in the log.
        problems: what is wrong.
        outcomes: those that can be chosen; one that is chosen now is among them.
    """
    errors = {problem.field: problem.message for problem in reversed(problems)}
    clients = sorted({*clients, *([stated["client"]] if "client" in stated else [])})
    options = _options(regions, clients, [*outcomes, *(each for each in Outcome if each == stated.get("outcome"))])
    typed = {Field.WEEKS: str(USUAL_WEEKS), **stated}
    fields = [
        _field(field, typed.get(field, ""), options.get(field, ()), errors.get(field))
        for field in _IN_ORDER
        if field not in not_by or field in errors
    ]
    drawn = {field.name for field in fields}
    hidden = [field for field in Field if field.value in stated and field not in drawn]
    return [*fields, *(_kept(field, stated[field], errors.get(field)) for field in hidden)]


def _field(field: Field, value: str, options: tuple[Option, ...], error: str | None) -> FormField:
    label = LABELS[field]
    told = None if error is None else f"{label}: {error}"
    if options:
        return FormField(field, label, "select", options, (value,), error=told)
    return FormField(field, label, "date", values=(value,) if value else (), hint=_HINTS.get(field), error=told)


def _kept(field: Field, value: str, error: str | None) -> FormField:
    """A place goes along hidden; one that cannot be meant is drawn, since the error summary leads to it."""
    if error is None:
        return FormField(field, "", "hidden", values=(value,))
    label = _PLACES[field]
    return FormField(field, label, "text", values=(value,), error=f"{label}: {error}")


def _options(
    regions: Sequence[tuple[str, str]], clients: Sequence[str], outcomes: Iterable[Outcome]
) -> dict[Field, tuple[Option, ...]]:
    return {
        Field.REGION: (Option("", "All that I may see"), *(Option(*region) for region in regions)),
        Field.WEEKS: tuple(Option(str(weeks), f"Latest {weeks} weeks") for weeks in PRESETS),
        Field.OUTCOME: (_ALL, *(Option(each.value, words.OUTCOMES[each]) for each in dict.fromkeys(outcomes))),
        Field.MODALITY: (_ALL, *(Option(each.value, words.MODALITIES[each]) for each in Modality)),
        Field.HOOK: (_ALL, *(Option(hook, words.HOOKS[hook]) for hook in HOOKS)),
        Field.CLIENT: (_ALL, *(Option(client, client) for client in clients)),
    }
