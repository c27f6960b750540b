"""What the tests of the export share: the exported resources, and a path to the evaluator beside this file."""

import sys
from pathlib import Path
from typing import Any

import pytest

from cds_service.pathway.loading import load_pathways
from cds_service.wiring.exchange import exported_resources

sys.path.append(str(Path(__file__).parent))


@pytest.fixture(scope="session")
def exported() -> list[dict[str, Any]]:
    """What is exported of the packaged pathways."""
    return exported_resources(list(load_pathways().values()))
