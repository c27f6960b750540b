"""Hook calls, and procedure codes that no list knows: neither has a footprint, so an EHR must be wholly seen."""

from collections import defaultdict
from typing import Final

from cds_service.monitor import headings
from cds_service.monitor.asked import Asked
from cds_service.monitor.findings_in_words import amount, number, of
from cds_service.monitor.selection import Field
from cds_service.monitor.standard_tables import counts_of
from cds_service.monitor.tables import ALL, Disclosed, FigureTable, Heading, Key
from cds_service.monitor.view import Panel, PanelKind
from cds_service.monitor.wholly_seen import WhollySeen
from cds_service.monitor.words import sentence_case

_RESULTS: Final = tuple(
    Heading(name, words, meaning)
    for name, words, meaning in (
        ("cards", "With cards", "calls answered with at least one card"),
        ("silent", "Silent", "calls about an MSK scan with nothing to say"),
        ("out_of_scope", "Out of scope", "calls without an MSK MRI or ultrasound order"),
        ("not_evaluated", "Not evaluated", "calls that could not be evaluated, and were told so"),
    )
)
_CALLS: Final = Heading("calls", "Calls", "hook calls that were answered")
_HOOK: Final = Heading("hook", "Hook", "order-select or order-sign")
_CODE_SYSTEM: Final = Heading("code_system", "Code system", "code system as the EHR sent it")
_CODE: Final = Heading("code", "Code", "procedure code that no list and no local catalogue knows")
_CODED_ORDERS: Final = Heading(
    "orders", "Orders", "selected orders with this code, of the months that the period touches"
)
_CALLS_NOT_BY: Final = {
    Field.REGION: "a call has no footprint",
    Field.OUTCOME: "a call has a result, and its orders have outcomes",
    Field.MODALITY: "a call may be about several scans",
}
_CODES_NOT_BY: Final = {
    Field.REGION: "a code that no list knows is placed in no footprint",
    Field.OUTCOME: "what is not known has no outcome",
    Field.MODALITY: "of what is not known, nothing tells the scan",
    Field.HOOK: "such codes are not counted by hook",
}
_OTHERS_CLIENTS: Final = (
    "Neither calls nor unknown codes have a footprint. An EHR is listed here only when all footprints to which it is "
    "bound and in which it ordered are yours to see; one without either, only for those who see every footprint."
)


def calls(asked: Asked) -> Panel:
    """Hook calls by EHR and result: whether an EHR calls at all, and how often it cannot be answered."""
    seen = asked.once(WhollySeen)
    counts: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in sorted(asked.calls, key=lambda row: (row.client_id, row.hook)):
        if seen.has(row.client_id):
            counts[row.client_id, row.hook][row.result] += row.calls
    disclosed = Disclosed(counts, tuple(heading.name for heading in _RESULTS))
    rows = tuple(
        (str(key[0]), str(key[1]), *disclosed.cells(key))
        for client in disclosed.below()
        for key in disclosed.below(client)
    )
    table = FigureTable(
        caption="Hook calls by EHR and result",
        headings=(headings.CLIENT, _HOOK, _CALLS, *_RESULTS),
        labels=2,
        rows=rows,
    )
    if not rows:
        return Panel(finding="No calls to show", sentence=_OTHERS_CLIENTS, table=table)
    return Panel(
        finding=f"{sentence_case(amount(disclosed.whole(), 'call'))} from {number(len(disclosed.below()), 'EHR')}",
        sentence=f"Could not be evaluated: {of(disclosed.share(ALL, 'not_evaluated'))}.",
        table=table,
        note=_OTHERS_CLIENTS,
    )


def unknown_procedures(asked: Asked) -> Panel:
    """Procedure codes that no list knows: the mapping worklist, the most frequent first."""
    seen = asked.once(WhollySeen)
    codes = {
        (row.client_id, row.code_system, row.code): row.orders
        for row in asked.unknown_procedures
        if seen.has(row.client_id)
    }
    disclosed = counts_of({(" ".join(key),): orders for key, orders in codes.items()})
    rows = [(*key, disclosed.whole((" ".join(key),))) for key in codes]
    # By what is shown, then by name: the order must not tell masked counts apart.
    rows.sort(key=lambda row: (-(row[3].rounded or 0), row[:3]))
    table = FigureTable(
        caption="Procedure codes that no list knows",
        headings=(headings.CLIENT, _CODE_SYSTEM, _CODE, _CODED_ORDERS),
        labels=3,
        rows=tuple(rows),
    )
    if not rows:
        return Panel(
            finding=(
                "The mapping worklist is empty"
                if seen.every_footprint
                else "The mapping worklist is empty for the EHRs that are yours to see"
            ),
            sentence="Every procedure code that came is on a list, or belongs to an EHR that is not yours to see.",
            table=table,
            note=_OTHERS_CLIENTS,
        )
    return Panel(
        finding=f"The mapping worklist: {len(rows)} {'code' if len(rows) == 1 else 'codes'} that no list knows",
        sentence="An order with such a code is out of scope unless its text says what it is. Map those of MSK scans.",
        table=table,
        note=f"Add them to procedures.csv of the configuration folder. {_OTHERS_CLIENTS}",
    )


CALLS_PANEL: Final = PanelKind(
    name="calls",
    title="Hook calls by EHR and result",
    build=calls,
    definitions=("calls",),
    not_by=_CALLS_NOT_BY,
)
UNKNOWN_PROCEDURES_PANEL: Final = PanelKind(
    name="unknown-procedures",
    title="The mapping worklist",
    build=unknown_procedures,
    definitions=("unknown-procedures",),
    not_by=_CODES_NOT_BY,
)
