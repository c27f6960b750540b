"""An invented England for the log at size: footprints, practices with network and borough, hospitals, EHRs."""

import random
from typing import Final, NamedTuple

REGIONS: Final = ("nwl", "nel", *(f"footprint-{number:02}" for number in range(1, 45)))
"""The two footprints with a pathway of their own today, and 44 more."""

CLIENTS: Final = {"ehr-one": 55, "ehr-two": 38, "ehr-three": 6, "ehr-four": 1}
"""The EHRs, each with its share of practices in percent."""

_PRACTICES: Final = 6_500
_PRACTICES_OF_A_NETWORK: Final = 5
_BOROUGHS_OF_A_REGION: Final = 7
_HOSPITALS_OF_A_REGION: Final = 4


class Place(NamedTuple):
    """Where an order is made.

    Attributes:
        region: the footprint.
        borough: its borough; None for a hospital, whose place says nothing of the patient's.
        pcn: its primary care network; None for a hospital.
        organisation: its ODS code.
        client_id: the EHR in use there.
    """

    region: str
    borough: str | None
    pcn: str | None
    organisation: str
    client_id: str


class England(NamedTuple):
    """All places.

    Attributes:
        practices: general practices.
        shares: how much each practice orders, added up from the first.
        hospitals: of each region.
    """

    practices: list[Place]
    shares: list[float]
    hospitals: dict[str, list[Place]]


def england() -> England:
    """The same country at each call; the two first regions are half as large again as the others."""
    choose = random.Random(1)
    weights = [1.5 if region in {"nwl", "nel"} else 1.0 for region in REGIONS]
    practices = []
    for number, region in enumerate(sorted(choose.choices(REGIONS, weights, k=_PRACTICES))):
        network = number // _PRACTICES_OF_A_NETWORK
        borough = f"Borough {network % _BOROUGHS_OF_A_REGION + 1} of {region}"
        practices.append(Place(region, borough, f"Network {network:04}", f"Z99{number:05}", _client(choose)))
    shares, total = [], 0.0
    for _ in practices:
        total += choose.uniform(0.3, 1.7)
        shares.append(total)
    hospitals = {
        region: [
            Place(region, None, None, f"Z99H{place}{number}", _client(choose))
            for number in range(_HOSPITALS_OF_A_REGION)
        ]
        for place, region in enumerate(REGIONS)
    }
    return England(practices, shares, hospitals)


def _client(choose: random.Random) -> str:
    return choose.choices(list(CLIENTS), list(CLIENTS.values()))[0]
