"""Where the invented orders come from: practices of two regions and their EHRs. All codes begin with Z99."""

import random
from functools import cache
from typing import Final, NamedTuple

MAIN_EHR: Final = "northgate-ehr"
"""Sends everything, feedback among it."""
SILENT_EHR: Final = "oakfield-ehr"
"""Sends no feedback, and for some weeks no organisation."""
LATE_EHR: Final = "harbour-ehr"
"""Went live half-way."""
HOSPITAL_EHR: Final = "trust-ehr"
"""Of the hospitals."""

_SEED: Final = 20_260_000
_NETWORKS_OF_A_BOROUGH: Final = 2
_MOST_OF_A_NETWORK: Final = 3
_BOROUGHS: Final = {
    "nwl": ("Brent", "Ealing", "Hammersmith and Fulham", "Harrow", "Hillingdon", "Hounslow", "Westminster"),
    "nel": (
        "Barking and Dagenham",
        "City and Hackney",
        "Havering",
        "Newham",
        "Redbridge",
        "Tower Hamlets",
        "Waltham Forest",
    ),
}
_HOSPITALS: Final = {"nwl": ("Hillingdon", "Z99030"), "nel": ("Tower Hamlets", "Z99130")}
_FIRST_NUMBERS: Final = {"nwl": 300, "nel": 500}
_EHRS: Final = {MAIN_EHR: 55, SILENT_EHR: 25, LATE_EHR: 20}


class Practice(NamedTuple):
    """A general practice.

    Attributes:
        region: its footprint.
        borough: where it lies.
        pcn: its primary care network.
        organisation: its ODS code.
        client_id: the EHR that it uses.
        size: orders beside those of an ordinary practice.
        follows: chance that a redirect is accepted there, beside an ordinary practice.
        has_unlisted_fcp: First Contact Practitioners work there whom the register does not have.
    """

    region: str
    borough: str
    pcn: str
    organisation: str
    client_id: str
    size: float
    follows: float
    has_unlisted_fcp: bool


@cache
def practices() -> tuple[Practice, ...]:
    """All practices; the same each time."""
    choose = random.Random(_SEED)  # noqa: S311 - invented, and the same each time
    made = [practice for region in _BOROUGHS for practice in _of_region(region, choose)]
    outlier = max((each for each in made if each.region == "nwl" and each.client_id == MAIN_EHR), key=_by_size)
    return tuple(each._replace(size=3.0, follows=0.15) if each == outlier else each for each in made)


def hospital(region: str) -> Practice:
    """The hospital of a region, as a place that orders; it is in no network."""
    borough, code = _HOSPITALS.get(region, ("", ""))
    return Practice(region, borough, "", code, HOSPITAL_EHR, size=1.0, follows=1.0, has_unlisted_fcp=False)


def _by_size(practice: Practice) -> float:
    return practice.size


def _of_region(region: str, choose: random.Random) -> list[Practice]:
    made = []
    number = _FIRST_NUMBERS[region]
    for borough in _BOROUGHS[region]:
        for network in range(_NETWORKS_OF_A_BOROUGH):
            pcn = f"Z99P{number}"
            # The first network of the first borough has a single practice: what the monitor then must not show.
            size_of_network = 1 if number == _FIRST_NUMBERS[region] else choose.randint(2, _MOST_OF_A_NETWORK)
            for _ in range(size_of_network):
                made.append(
                    Practice(
                        region,
                        borough,
                        pcn,
                        f"Z99{number}",
                        choose.choices(list(_EHRS), list(_EHRS.values()))[0],
                        choose.choice((0.3, 0.7, 1.0, 1.0, 1.3, 1.8)),
                        choose.choice((0.8, 1.0, 1.0, 1.2)),
                        region == "nel" and network == 0 and choose.random() < 0.4,  # noqa: PLR2004 - two in five
                    )
                )
                number += 1
    return made
