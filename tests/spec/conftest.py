"""What the property tests share: a path to `situations.py`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
