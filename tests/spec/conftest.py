"""What the property tests share: a path to `situations.py`, and no clock on generated examples."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.append(str(Path(__file__).parent))

# How long an example takes says nothing about the pathway; the machine may be busy.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
