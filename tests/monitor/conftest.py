"""The tests of the monitor share the builders of this folder and those of the card log's."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "cardlog"))
