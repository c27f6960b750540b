"""Puts this folder on the import path, so that the tests share `fhir_builders`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
