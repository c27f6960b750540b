"""The tests of the monitor share the builders of this folder."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
