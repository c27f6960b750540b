"""Who trusts whom in the loads with client tokens: one invented EHR, its keys, and the service's public address.

Service and bare app expect the same audience, that of a proxy before them, so that a token needs no port in it.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ISSUER = "https://ehr.example.nhs.uk"
BASE_URL = "https://cds.example.nhs.uk"
SERVICE_PATH = "/cds-services/msk-imaging-pathway"
AUDIENCE = BASE_URL + SERVICE_PATH

JWKS_VARIABLE = "LOAD_JWKS"
"""The environment variable that names the file with the public keys to the bare app."""


class Algorithm(StrEnum):
    """What a token is signed with: the two that CDS Hooks recommends."""

    ES384 = "ES384"
    RS384 = "RS384"


@dataclass(frozen=True, slots=True)
class Trust:
    """A folder that holds the EHR's keys, private and public, and a configuration that trusts them."""

    folder: Path

    @property
    def configuration(self) -> Path:
        """The service's configuration folder: the demo's, with a `clients.yaml`."""
        return self.folder / "configuration"

    @property
    def jwks(self) -> Path:
        """The public keys as a JSON Web Key Set, for the bare app."""
        return self.folder / "jwks.json"

    def private_key(self, algorithm: Algorithm) -> Path:
        """The PEM file of the key that signs with this algorithm."""
        return self.folder / f"{algorithm}.pem"
