"""Prefetch templates as discovery lists them (CDS Hooks 2.0, "Prefetch Template"; 3.0 adds small FHIRPath)."""

from collections.abc import Iterator
from typing import Final

from cds_service.vendor.check import Check, Level, Rule, all_skipped
from cds_service.vendor.hooks_known import CONTEXT_FIELDS
from cds_service.vendor.prefetch import USER_TOKENS, has_stray_braces, is_date_token, is_relative, tokens_of
from cds_service.vendor.words import JsonObject, quoted

MUST, SHOULD, INFO = Level

RELATIVE = Rule(
    "discovery.prefetch-relative",
    MUST,
    "prefetch templates are relative reads or searches",
    "2.0 Prefetch Template",
    "Write for example Patient/{{context.patientId}} or Condition?patient=…, without a host.",
)
TOKENS = Rule(
    "discovery.prefetch-tokens",
    MUST,
    "templates use tokens that the specification names",
    "2.0 Prefetch tokens",
    "Use {{context.<field>}} or {{userPractitionerId}}, {{userPractitionerRoleId}}, {{userPatientId}}, "
    "{{userRelatedPersonId}}.",
)
FIELDS = Rule(
    "discovery.prefetch-fields",
    SHOULD,
    "tokens name fields of the hook's context",
    "hook library",
    "Use the fields that the hook defines: no client can fill another.",
)
SIMPLE = Rule(
    "discovery.prefetch-simple",
    INFO,
    "templates do without FHIRPath",
    "3.0 Simpler FHIRPath support",
    "Few clients know it: work without these keys too.",
)

PREFETCH_RULES: Final = (RELATIVE, TOKENS, FIELDS, SIMPLE)


def prefetch_checks(services: list[tuple[JsonObject, str]]) -> list[Check]:
    """The templates of every service held against the specification."""
    templates = [found for service, place in services for found in _templates(service, place)]
    if not templates:
        return all_skipped(PREFETCH_RULES, "no service asks for prefetch")
    tokens = [(token, where, hook) for text, where, hook in templates for token in tokens_of(text)]
    return [
        RELATIVE.check(f"{where} is {quoted(text)}" for text, where, _ in templates if not is_relative(text)),
        TOKENS.check(
            [
                *(f"{where} has {quoted(token)}" for token, where, _ in tokens if not _is_known(token)),
                *(
                    f"{where} has braces of no token: {quoted(text)}"
                    for text, where, _ in templates
                    if has_stray_braces(text)
                ),
            ]
        ),
        FIELDS.check(
            f"{where} has {quoted(token)}, which {hook} does not define"
            for token, where, hook in tokens
            if not _is_defined(token, hook)
        ),
        SIMPLE.check(f"{where} has {quoted(token)}" for token, where, _ in tokens if _is_fhirpath(token)),
    ]


def _templates(service: JsonObject, place: str) -> Iterator[tuple[str, str, str]]:
    prefetch = service.get("prefetch")
    for key, template in prefetch.items() if isinstance(prefetch, dict) else ():
        if isinstance(template, str):
            yield template, f"{place}.prefetch.{quoted(key)}", str(service.get("hook"))


def _is_known(token: str) -> bool:
    return token in USER_TOKENS or token.startswith(("context.", "%")) or is_date_token(token)


def _is_fhirpath(token: str) -> bool:
    field = token.removeprefix("context.")
    return token.startswith("%") or is_date_token(token) or (field != token and not field.isidentifier())


def _is_defined(token: str, hook: str) -> bool:
    if not token.startswith("context.") or hook not in CONTEXT_FIELDS:
        return True
    required, optional = CONTEXT_FIELDS[hook]
    return token.removeprefix("context.").partition(".")[0] in required | optional
