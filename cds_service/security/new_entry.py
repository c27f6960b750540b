"""A commented entry for `clients.yaml`, as `cds-service clients new` writes it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

_OPTIONAL = """\
    # What follows is optional; each line shows an example. docs/configuration.md describes them all.
    # audiences: [https://cds.example.nhs.uk]     # when it reaches the service at another address than the base URL
    # algorithms: [ES384, RS384]                  # the default; ES256, PS384 and EdDSA by choice
    # jkus: [https://ehr.example.nhs.uk/jwks]     # key set addresses that its tokens may name (jku)
    # clock_skew: 60                              # seconds by which its clock may differ
    # maximum_life: 300                           # seconds between iat and exp at most
    # tenants: {north-trust: {footprints: [nwl]}} # when it signs for several organisations (tenant claim)
    # rate: 600/minute                            # more calls than this are answered with 429
    # fhir_servers: [https://ehr.example.nhs.uk/r4]  # read when prefetch lacks something; none by default
    # private_networks: [10.20.30.0/24]           # where its servers may be, besides public addresses
    # default_region: nwl                         # where nothing in a call says where it comes from
    # cors_origins: [https://ehr.example.nhs.uk]  # web pages that may call; a server needs none
    # on_unresolved: card                         # an info card in place of 412 when nothing can be evaluated
"""


def entry(
    identifier: str,
    issuer: str,
    *,
    jwks_url: str | None = None,
    jwks: Mapping[str, Any] | None = None,
    footprints: Sequence[str] = (),
) -> str:
    """The text of one entry, to stand below `clients:`.

    Args:
        identifier: the client's id.
        issuer: the `iss` of its tokens.
        jwks_url: where it publishes its keys; or
        jwks: its public keys.
        footprints: the regions that it may act in.
    """
    keys = f"jwks_url: {_quoted(jwks_url)}" if jwks_url is not None else f"jwks: {json.dumps(jwks)}"
    named = ", ".join(_quoted(region) for region in footprints)
    bound = f"footprints: [{named}]" if named else "# footprints: [nwl]  # not bound to any region"
    return (
        f"  - id: {_quoted(identifier)}  # a short name; it stands in the card log\n"
        f"    issuer: {_quoted(issuer)}  # the iss of its tokens, character for character\n"
        f"    {keys}  # its public keys\n"
        f"    {bound}\n"
        f"{_OPTIONAL}"
    )


def with_entry(before: str, written: str) -> str:
    """A file's text with an entry added at its end.

    Args:
        before: the file as it is; empty when there is none.
        written: the entry.

    Raises:
        ValueError: the file is written so that an entry cannot be added at its end.
    """
    if not before.strip():
        before = "# The EHRs that may call. Check this file with: cds-service clients check\n"
    try:
        read = yaml.safe_load(before)
        heading = "clients:\n" if read is None else ""
        listed = read["clients"] if read is not None else None
        after = f"{before.rstrip()}\n{heading}{written}"
        added = len(yaml.safe_load(after)["clients"]) == len(listed or []) + 1
    except (yaml.YAMLError, TypeError, KeyError, ValueError):
        added = False
    if not added:
        msg = (
            "its list of clients is written in another style; print the entry (without --config) and put it in by hand"
        )
        raise ValueError(msg)
    return after


def _quoted(text: str | None) -> str:
    """Text as a YAML scalar; JSON's quoting is YAML's too."""
    return json.dumps(text, ensure_ascii=False)
