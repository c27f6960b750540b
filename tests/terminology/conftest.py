"""What the tests of the value sets share: the packaged files, and the terminology built from them."""

import json
from importlib import resources
from typing import Any

import pytest

from cds_service.terminology import Terminology, load_terminology


@pytest.fixture(scope="session")
def terminology() -> Terminology:
    """The packaged terminology, as the service loads it."""
    return load_terminology()


@pytest.fixture(scope="session")
def packaged() -> dict[str, dict[str, Any]]:
    """Every packaged ValueSet as plain JSON, by its id."""
    folder = resources.files("cds_service.terminology") / "value_sets"
    sets = (json.loads(file.read_text(encoding="utf-8")) for file in folder.iterdir())
    return {value_set["id"]: value_set for value_set in sets}
