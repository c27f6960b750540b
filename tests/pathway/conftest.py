"""What the tests of the pathway share: the packaged pathways, and one plain order to vary."""

from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest
import yaml

from cds_service.pathway.facts import BodyRegion, Facts, Indication, Modality, Oncology, RegionId, Setting
from cds_service.pathway.loading import load_pathways, parse_pathway
from cds_service.pathway.model import Pathway


@pytest.fixture
def routine() -> Facts:
    """A routine order: an adult's knee MRI for pain from an NWL practice, known by its code, with no cancer."""
    return Facts(
        modality=Modality.MRI,
        body_region=BodyRegion.KNEE,
        region=RegionId("nwl"),
        setting=Setting.GENERAL_PRACTICE,
        indications=frozenset({Indication.PAIN}),
        oncology=Oncology.NONE,
        age=50,
    )


@pytest.fixture(scope="session")
def nwl() -> Pathway:
    """The packaged North West London pathway."""
    return load_pathways()[RegionId("nwl")]


@pytest.fixture(scope="session")
def nel() -> Pathway:
    """The packaged North East London pathway."""
    return load_pathways()[RegionId("nel")]


@pytest.fixture
def nwl_file() -> dict[str, Any]:
    """What the packaged NWL file states, as a region's own file might: to be changed by a test."""
    text = (resources.files("cds_service.pathway") / "packaged" / "nwl.yaml").read_text("utf-8")
    stated: dict[str, Any] = yaml.safe_load(text)
    return stated


@pytest.fixture
def read() -> Callable[[dict[str, Any]], Pathway]:
    """Reads a region's file called `own.yaml` that states the given."""
    return lambda stated: parse_pathway(yaml.safe_dump(stated), "own.yaml")
