"""Puts this folder on the import path, as `python tests/load/bench.py` does."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
